//! A node whose way to the controller is an HTTP proxy.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::fs;
use std::path::Path;

use muster_tests::forward::{Forward, Rules};
use muster_tests::loopback::{Loopback, Process, text};
use muster_tests::program;

/// Nobody but the proxy knows where it is.
const NAME: &str = "controller.test";
const PASSWORD: &str = "correct-horse";
/// `node:correct-horse`
const AUTHORIZATION: &str = "Basic bm9kZTpjb3JyZWN0LWhvcnNl";

/// A controller of that name, and where nodes ask for it.
fn controller() -> (Loopback, String) {
    let lab = Loopback::start(&["--name", NAME]);
    let (_, port) = lab.address().rsplit_once(':').unwrap();
    let place = format!("{NAME}:{port}");
    (lab, place)
}

/// The proxy and a configuration that names it.
fn proxy(lab: &Loopback, place: &str, rules: Rules) -> Forward {
    let names = [(place.to_owned(), lab.address().parse().unwrap())];
    let proxy = Forward::start(Rules {
        names: names.into(),
        ..rules
    });
    configure(lab, &format!("proxy = '{}'\n", proxy.url()));
    proxy
}

fn configure(lab: &Loopback, text: &str) {
    fs::write(lab.path("config.toml"), text).unwrap();
}

/// A proxy that lets in who shows a password.
fn wants_to_know() -> Rules {
    Rules {
        authorization: Some(AUTHORIZATION.to_owned()),
        ..Rules::default()
    }
}

/// An agent with the configuration file.
fn configured_agent(lab: &Loopback, place: &str, token: &Path) -> Process {
    let config = lab.path("config.toml");
    lab.agent(&[
        "--config",
        text(&config),
        "--controller",
        place,
        "--token-file",
        text(token),
    ])
}

/// What doctor says of the way to `place`.
fn doctor(lab: &Loopback, place: &str) -> String {
    let config = lab.path("config.toml");
    let checks = lab.json(&["doctor", "-o", "json", "--config", text(&config), place]);
    let mut checks = checks.as_array().unwrap().iter();
    let reach = checks.find(|check| check["check"] == "reach").unwrap();
    reach.to_string()
}

#[test]
fn a_node_joins_and_lives_through_a_proxy_that_sees_nothing() {
    let (lab, place) = controller();
    let proxy = proxy(&lab, &place, wants_to_know());
    let credentials = lab.path("credentials");
    fs::write(&credentials, format!("node:{PASSWORD}\n")).unwrap();
    let config = format!(
        "proxy = '{}'\nproxy_credentials_file = '{}'\n",
        proxy.url(),
        credentials.display()
    );
    configure(&lab, &config);

    let token = lab.token(&["--auto-accept"]);
    let agent = configured_agent(&lab, &place, &token);
    lab.wait_for("active");
    let asked = format!("CONNECT {place} HTTP/1.1");
    proxy.seen(|seen| {
        // To join, and to stay.
        assert!(seen.requests.len() >= 2, "{:?}", seen.requests);
        assert!(seen.requests.iter().all(|request| *request == asked));
        // A record of TLS: the token is nowhere in it, nor the node's name.
        assert_eq!(seen.sent[0], 0x16);
        let secret = fs::read_to_string(&token).unwrap();
        let passed = String::from_utf8_lossy(&seen.sent).into_owned();
        assert!(!passed.contains(secret.trim()) && !passed.contains("node1"));
    });
    the_proxy_is_shown(&lab, &place, &proxy.url());
    the_password_is_not(&lab, agent.id());
}

fn the_proxy_is_shown(lab: &Loopback, place: &str, url: &str) {
    let seen = lab.json(&["status", "--connections", "-o", "json"]);
    assert_eq!(seen[0]["proxy"], url, "{seen:#}");
    let shown = lab.muster(&["status", "--connections"]).data;
    assert!(shown.contains(url), "{shown}");
    let well = doctor(lab, place);
    assert!(well.contains("\"well\""), "{well}");
    assert!(well.contains(&format!("{place} through {url}")), "{well}");
    let inspected = lab.muster(&["inspect"]).data;
    assert!(inspected.contains(url), "{inspected}");
}

fn the_password_is_not(lab: &Loopback, agent: u32) {
    let environment = fs::read(format!("/proc/{agent}/environ")).unwrap();
    let told = [
        lab.muster(&["inspect"]).data,
        lab.read("agent.log"),
        String::from_utf8_lossy(&environment).into_owned(),
    ];
    for told in told {
        assert!(
            !told.contains(PASSWORD) && !told.contains("bm9kZTpj"),
            "{told}"
        );
    }
}

#[test]
fn what_the_environment_names_is_a_proxy_too() {
    let (lab, place) = controller();
    let proxy = proxy(&lab, &place, wants_to_know());
    let token = lab.token(&["--auto-accept"]);
    let named = proxy
        .url()
        .replace("http://", &format!("http://node:{PASSWORD}@"));

    let mut shown = lab.muster_command(&["config", "show", "--origin"]);
    let shown = program::run(shown.env("HTTPS_PROXY", &named)).data;
    let line = shown
        .lines()
        .find(|line| line.starts_with("proxy "))
        .unwrap();
    assert!(
        line.contains(&proxy.url()) && line.contains("HTTPS_PROXY"),
        "{line}"
    );
    assert!(!shown.contains(PASSWORD), "{shown}");

    let mut agent = lab.muster_command(&["agent", "--name", "node1", "--controller", &place]);
    agent.arg("--token-file").arg(&token);
    agent
        .env("HTTPS_PROXY", &named)
        .env("NO_PROXY", "10.0.0.0/8,other.test");
    let _agent = Process::start(&mut agent, &lab.path("agent.log"));
    lab.wait_for("active");
}

#[test]
fn a_proxy_that_refuses_is_named_with_the_reason() {
    let (lab, place) = controller();
    let _wants = proxy(&lab, &place, wants_to_know());
    let told = doctor(&lab, &place);
    assert!(told.contains("wants to know who asks (407)"), "{told}");

    fs::write(lab.path("credentials"), "node:wrong\n").unwrap();
    let mut config = lab.read("config.toml");
    config += &format!(
        "proxy_credentials_file = '{}'\n",
        lab.path("credentials").display()
    );
    configure(&lab, &config);
    let told = doctor(&lab, &place);
    assert!(
        told.contains("does not take the user and password"),
        "{told}"
    );

    let forbids = Rules {
        forbidden: vec![place.clone()],
        ..Rules::default()
    };
    let _forbids = proxy(&lab, &place, forbids);
    let told = doctor(&lab, &place);
    assert!(
        told.contains("(403)") && told.contains("allow CONNECT"),
        "{told}"
    );

    let _knows = proxy(&lab, &place, Rules::default());
    let told = doctor(&lab, "nowhere.test:7443");
    assert!(told.contains("502 Bad Gateway"), "{told}");
}

#[test]
fn what_is_no_proxy_is_named_and_asked_again() {
    let (lab, place) = controller();
    // The controller is none, and a port that nobody has is none either.
    configure(&lab, &format!("proxy = 'http://{}'\n", lab.address()));
    let told = doctor(&lab, &place);
    assert!(told.contains("is no HTTP proxy"), "{told}");
    let reason = "the proxy http://127.0.0.1:9 cannot be reached";
    configure(&lab, "proxy = 'http://127.0.0.1:9'\n");
    let told = doctor(&lab, &place);
    assert!(told.contains(reason), "{told}");

    let token = lab.token(&[]);
    let _agent = configured_agent(&lab, &place, &token);
    lab.patiently("the agent says why, and asks again", || {
        lab.read("agent.log").matches(reason).count() >= 2
    });
}
