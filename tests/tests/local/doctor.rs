//! `doctor`: each cause that loopback can have is provoked, and has to be named.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use muster_tests::loopback::{Loopback, text};
use muster_tests::program;
use serde_json::Value;

use crate::lab::active_node;

/// The problems by their check: cause and remedy in one text.
fn problems(lab: &Loopback, arguments: &[&str]) -> Vec<(String, String)> {
    let mut all = vec!["doctor", "-o", "json"];
    all.extend(arguments);
    let ran = lab.muster(&all);
    let problems = of(&ran.data);
    let expected = if problems.is_empty() { 0 } else { 1 };
    assert_eq!(ran.code, Some(expected), "{}", ran.data);
    problems
}

fn of(data: &str) -> Vec<(String, String)> {
    let checks: Vec<Value> = serde_json::from_str(data).unwrap_or_else(|e| panic!("{e}: {data}"));
    let problems = checks.iter().filter(|it| it["outcome"] == "problem");
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    problems
        .map(|it| {
            let told = format!("{}: {}", word(&it["cause"]), word(&it["remedy"]));
            (word(&it["check"]), told)
        })
        .collect()
}

fn has(problems: &[(String, String)], check: &str, words: &str) {
    let found = problems
        .iter()
        .any(|(name, told)| name == check && told.contains(words));
    assert!(found, "no {check} with {words:?}: {problems:#?}");
}

fn has_not(problems: &[(String, String)], check: &str) {
    assert!(
        problems.iter().all(|(name, _)| name != check),
        "{problems:#?}"
    );
}

#[test]
fn a_node_that_is_well_has_nothing_of_the_network_or_the_agent() {
    let (lab, _agent) = active_node();
    let told = problems(&lab, &[]);
    for check in [
        "configuration",
        "agent",
        "link",
        "state",
        "certificate",
        "reach",
        "trust",
        "clock",
        "standing",
        "controllers",
    ] {
        has_not(&told, check);
    }
}

#[test]
fn what_is_wrong_on_the_way_to_a_controller() {
    let mut lab = Loopback::new();
    has(
        &problems(&lab, &[]),
        "controllers",
        "muster connect HOST:PORT",
    );
    has(&problems(&lab, &[]), "agent", "never started");
    let refused = problems(&lab, &["127.0.0.1:1"]);
    has(&refused, "reach", "nothing listens on its port 1");
    let unknown = problems(&lab, &["no-such-host.invalid:7443"]);
    has(&unknown, "reach", "has no address here");

    // Another service's port: one that says something else, and one that closes.
    let ssh = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ssh.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in ssh.incoming().flatten() {
            use std::io::Write as _;
            let _ = (&stream).write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
        }
    });
    lab.serve(&[]);
    let token = lab.token(&[]);
    let other = problems(&lab, &[&address, "--token-file", text(&token)]);
    has(&other, "trust", "does not speak TLS");
}

#[test]
fn a_controller_of_another_cluster_or_another_name_is_not_trusted() {
    let (lab, other) = (Loopback::start(&[]), Loopback::start(&[]));
    let (token, other_token) = (lab.token(&[]), other.token(&[]));
    let pinned = problems(&lab, &[lab.address(), "--token-file", text(&other_token)]);
    has(&pinned, "trust", "not the cluster of the join token");
    let well = problems(&lab, &[lab.address(), "--token-file", text(&token)]);
    has_not(&well, "trust");
    has_not(&well, "clock");
    // The certificate is for other names than the address that is asked.
    let elsewhere = Loopback::start(&["--name", "c1.example"]);
    let token = elsewhere.token(&[]);
    let named = problems(
        &elsewhere,
        &[elsewhere.address(), "--token-file", text(&token)],
    );
    has(&named, "trust", "is not for 127.0.0.1");
    has(&named, "trust", "--name 127.0.0.1");
}

#[test]
fn a_node_of_another_cluster_an_unknown_one_and_a_dead_agent() {
    let (mut lab, agent) = active_node();
    drop(agent);
    has(&problems(&lab, &[]), "agent", "does not run");
    let other = Loopback::start(&[]);
    has(
        &problems(&lab, &[other.address()]),
        "trust",
        "another cluster",
    );

    lab.kill_controller();
    has(&problems(&lab, &[]), "reach", "nothing listens");
    // The same authority, which knows of no node: as after the record was deleted.
    for file in ["muster.db", "muster.db-wal", "muster.db-shm"] {
        let _ = fs::remove_file(lab.path("controller").join(file));
    }
    lab.restart_controller();
    has(
        &problems(&lab, &[lab.address()]),
        "trust",
        "has no record of the node any more",
    );
}

#[test]
fn what_the_controller_says_of_a_newcomer() {
    let lab = Loopback::start(&[]);
    let address = lab.address();
    let token = lab.token(&[]);
    let used = lab.path("used");
    fs::copy(&token, &used).unwrap();
    let agent = lab.agent(&["--controller", address, "--token-file", text(&token)]);
    lab.wait_for("candidate");
    lab.patiently("told so", || {
        let told = problems(&lab, &[]);
        told.iter()
            .any(|(check, told)| check == "link" && told.contains("nodes accept"))
    });
    drop(agent);

    // The same machine under another id: its machine id is known.
    let twin = Loopback::new();
    let token = lab.token(&[]);
    let _twin = twin.agent(&["--controller", address, "--token-file", text(&token)]);
    lab.patiently("found out", || {
        let told = problems(&twin, &[]);
        told.iter().any(|(check, told)| {
            check == "link" && told.contains("another node has this machine's /etc/machine-id")
        })
    });

    // A token that was used as often as it may.
    let late = Loopback::new();
    let mut agent = late.agent(&["--controller", address, "--token-file", text(&used)]);
    assert_eq!(agent.ended(), Some(1));
    has(&problems(&late, &[]), "link", "tokens create");
}

#[test]
fn a_configuration_that_is_faulty_and_a_state_that_is_open_to_others() {
    let lab = Loopback::new();
    let config = lab.path("config.toml");
    fs::write(&config, "controllers = ['c1']\n").unwrap();
    let told = problems(&lab, &["--config", text(&config), "127.0.0.1:1"]);
    has(&told, "configuration", "config.toml:1:");

    fs::create_dir(lab.path("agent")).unwrap();
    fs::write(lab.path("agent/key.pem"), "x").unwrap();
    Command::new("chmod")
        .arg("644")
        .arg(lab.path("agent/key.pem"))
        .status()
        .unwrap();
    has(
        &problems(&lab, &["127.0.0.1:1"]),
        "state",
        "others than its owner can read",
    );
    fs::remove_file(lab.path("agent/key.pem")).unwrap();
    fs::write(lab.path("agent/reset"), "").unwrap();
    has(
        &problems(&lab, &["127.0.0.1:1"]),
        "state",
        "reset was begun",
    );
    fs::remove_file(lab.path("agent/reset")).unwrap();
    fs::write(lab.path("agent/enrolment.json"), "{").unwrap();
    has(&problems(&lab, &["127.0.0.1:1"]), "state", "damaged");
}

/// In namespaces of its own: a route that is missing, a firewall that drops, a disk that is full, a name that differs, a
/// machine without an id, an interface with two managers.
#[test]
fn what_only_a_machine_of_its_own_can_have() {
    if !muster_tests::namespace::entered("doctor::what_only_a_machine_of_its_own_can_have") {
        return;
    }
    let lab = Loopback::new();
    let unrouted = problems(&lab, &["192.0.2.1:7443"]);
    has(&unrouted, "reach", "no route to 192.0.2.1:7443");
    // A neighbour that never answers: packets vanish.
    muster_tests::namespace::ip("link add veth0 type veth peer name veth1");
    muster_tests::namespace::ip("addr add 192.0.2.9/24 dev veth0");
    muster_tests::namespace::ip("link set veth0 up");
    muster_tests::namespace::ip("link set veth1 up");
    muster_tests::namespace::ip("neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev veth0");
    let dropped = problems(&lab, &["192.0.2.1:7443"]);
    has(&dropped, "reach", "a firewall drops TCP port 7443");
    let mut doctor = lab.muster_command(&["doctor", "-o", "json", "c1.example:7443"]);
    let dropped = of(&program::run(doctor.env("https_proxy", "http://192.0.2.1:3128")).data);
    has(
        &dropped,
        "reach",
        "the proxy http://192.0.2.1:3128 cannot be reached",
    );

    let full = lab.path("agent");
    fs::create_dir(&full).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs", text(&full)]);
    has(&problems(&lab, &["127.0.0.1:1"]), "space", "KiB are left");

    let empty = lab.path("empty");
    fs::write(&empty, "").unwrap();
    if Path::new("/etc/machine-id").exists() {
        mount(&["--bind", text(&empty), "/etc/machine-id"]);
    }
    has(
        &problems(&lab, &["127.0.0.1:1"]),
        "machine-id",
        "no /etc/machine-id",
    );
    let named = lab.path("hostname");
    fs::write(&named, "another-name\n").unwrap();
    mount(&["--bind", text(&named), "/etc/hostname"]);
    has(
        &problems(&lab, &["127.0.0.1:1"]),
        "hostname",
        "will be another-name",
    );

    mount(&["-t", "tmpfs", "tmpfs", "/run"]);
    has_not(&problems(&lab, &["127.0.0.1:1"]), "interface");
    let index = fs::read_to_string("/sys/class/net/veth0/ifindex").unwrap();
    for (folder, content) in [
        ("/run/NetworkManager/devices", "[device]\nmanaged=full\n"),
        ("/run/systemd/netif/links", "ADMIN_STATE=configured\n"),
    ] {
        fs::create_dir_all(folder).unwrap();
        fs::write(Path::new(folder).join(index.trim()), content).unwrap();
    }
    has(
        &problems(&lab, &["127.0.0.1:1"]),
        "interface",
        "nmcli device set veth0 managed no",
    );
}

fn mount(words: &[&str]) {
    let done = Command::new("mount").args(words).status().unwrap();
    assert!(done.success(), "mount {words:?}");
}
