//! The root is replaced under agents that live, one that is off meanwhile, and one that is off for too long: real processes, real TLS.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use muster_tests::loopback::{Loopback, Process, text};
use muster_tests::program;
use nix::sys::signal::Signal;
use serde_json::Value;

const LIVING: [&str; 2] = ["n1", "n2"];
/// Some intervals.
const A_WHILE: Duration = Duration::from_secs(3);

#[test]
fn the_root_is_replaced_and_no_node_notices() {
    let cluster = Loopback::start(&[]);
    let _living = LIVING.map(|name| joined(&cluster, name));
    let mut off = joined(&cluster, "n3");
    assert_eq!(off.end(Signal::SIGTERM), Some(0));
    let answered = LIVING.map(|name| heartbeats(&cluster, name).0);
    let old_root = root_of(&cluster, "n1");

    cluster.done(&["authority", "rotate", "--start"]);
    cluster.patiently("all but the one that is off know the new root", || {
        behind(&cluster) == ["node n3"]
    });
    for name in LIVING {
        assert_eq!(roots(&cluster, name).len(), 2, "{name} knows both");
    }
    let refused = cluster.admin(&["authority", "rotate", "--finish"]);
    assert_eq!(refused.code, Some(3), "{}", refused.told);
    assert!(
        refused.told.contains("1 would be cut off") && refused.told.contains("n3"),
        "{}",
        refused.told
    );

    // The one that was off knows the old root alone: it comes back by that, and learns the new one.
    assert_eq!(roots(&cluster, "n3"), [old_root.as_str()]);
    let back = agent(&cluster, "n3", &[]);
    cluster.patiently("all know the new root", || behind(&cluster).is_empty());
    let finished = cluster.done(&["authority", "rotate", "--finish"]);
    assert!(finished.contains("muster root 2 (signs)"), "{finished}");
    assert!(!finished.contains("(old)"), "{finished}");

    std::thread::sleep(A_WHILE);
    for (name, before) in LIVING.into_iter().zip(answered) {
        let (answered, lost) = heartbeats(&cluster, name);
        assert_eq!(lost, 0, "{name}: {}", log(&cluster, name));
        assert!(answered > before, "{name}");
        assert_eq!(gaps(&cluster, name), 0, "{name}");
    }
    for name in ["n1", "n2", "n3"] {
        wait_for(&cluster, name, "active");
        assert_ne!(root_of(&cluster, name), old_root, "{name}");
    }
    // New connections are by the new root as well.
    drop(back);
    let _again = agent(&cluster, "n3", &[]);
    std::thread::sleep(A_WHILE);
    wait_for(&cluster, "n3", "active");
    assert_eq!(heartbeats(&cluster, "n3").1, 0, "{}", log(&cluster, "n3"));
}

#[test]
fn who_was_off_for_the_whole_of_it_comes_back_by_a_new_token() {
    let cluster = Loopback::start(&[]);
    let living = joined(&cluster, "n1");
    let old_token = cluster.path("old-token");
    drop(joined(&cluster, "n2"));
    fs::copy(cluster.path("token"), &old_token).unwrap();
    let before = node(&cluster, "n2");
    let mixed = cluster.admin(&["authority", "rotate", "--start", "--cut-off"]);
    assert_eq!(mixed.code, Some(2), "{}", mixed.told);
    cluster.done(&["authority", "rotate", "--start"]);
    cluster.patiently("the other one knows the new root", || {
        behind(&cluster) == ["node n2"]
    });
    cluster.done(&["authority", "rotate", "--finish", "--cut-off"]);

    // It does not trust a controller that it cannot know, and says what to do.
    let cut_off = agent(&cluster, "n2", &[]);
    cluster.patiently("it does not know the controller", || {
        log(&cluster, "n2").contains("UnknownIssuer")
    });
    wait_for(&cluster, "n2", "fenced");
    let doctor = program::run(&mut muster(&cluster, "n2", &["doctor", "-o", "json"]));
    let remedy = "start the agent with a new token if the root was replaced";
    assert!(doctor.data.contains(remedy), "{}", doctor.data);
    drop(cut_off);

    let token = cluster.token(&["--role", "worker"]);
    let _back = agent(&cluster, "n2", &["--token-file", text(&token)]);
    cluster.patiently("it asks to be let back", || {
        let node = node(&cluster, "n2");
        node["reason"].as_str().unwrap().contains("nodes readmit")
    });
    assert_eq!(node(&cluster, "n2")["status"], "fenced");
    cluster.done(&["nodes", "readmit", "n2"]);
    wait_for(&cluster, "n2", "active");
    assert_eq!(node(&cluster, "n2")["id"], before["id"]);
    assert_eq!(behind(&cluster), [""; 0]);

    // A token that was left from before cuts nobody off.
    assert_eq!(heartbeats(&cluster, "n1").1, 0, "{}", log(&cluster, "n1"));
    drop(living);
    let _again = agent(&cluster, "n1", &["--token-file", text(&old_token)]);
    std::thread::sleep(A_WHILE);
    wait_for(&cluster, "n1", "active");
    assert_eq!(heartbeats(&cluster, "n1").1, 0, "{}", log(&cluster, "n1"));
}

/// An agent whose node is active. All of them are on one machine, and so look alike.
fn joined(cluster: &Loopback, name: &str) -> Process {
    let token = cluster.token(&["--role", "worker"]);
    let agent = agent(cluster, name, &["--token-file", text(&token)]);
    wait_for(cluster, name, "candidate");
    cluster.done(&["nodes", "accept", name, "--despite-duplicate"]);
    wait_for(cluster, name, "active");
    agent
}

/// The agent of that name, with the state that it had before.
fn agent(cluster: &Loopback, name: &str, arguments: &[&str]) -> Process {
    let mut command = muster(cluster, name, &["agent", "--name", name]);
    command.args(["--controller", cluster.address()]);
    command.args(arguments).stdout(Stdio::null());
    Process::start(&mut command, &cluster.path(&format!("{name}.log")))
}

/// `muster` about the agent of that name.
fn muster(cluster: &Loopback, name: &str, arguments: &[&str]) -> Command {
    let mut command = program::command();
    command.args(arguments);
    command.arg("--state").arg(cluster.path(name));
    command
}

fn log(cluster: &Loopback, name: &str) -> String {
    cluster.read(&format!("{name}.log"))
}

/// The node of that name; null when there is none.
fn node(cluster: &Loopback, name: &str) -> Value {
    let mut nodes = cluster.nodes().into_iter();
    nodes.find(|node| node["name"] == name).unwrap_or_default()
}

fn wait_for(cluster: &Loopback, name: &str, status: &str) {
    cluster.patiently(&format!("{status}: {name}"), || {
        node(cluster, name)["status"] == status
    });
}

/// Who does not know the new root.
fn behind(cluster: &Loopback) -> Vec<String> {
    let shown = cluster.done(&["authority", "show"]);
    let behind = shown
        .lines()
        .filter_map(|line| line.strip_prefix("does not know the new root: "));
    behind.map(str::to_owned).collect()
}

/// The heartbeats of an agent that were answered, and those that were lost.
fn heartbeats(cluster: &Loopback, name: &str) -> (u64, u64) {
    let metrics = program::run(&mut muster(cluster, name, &["metrics"]));
    assert_eq!(metrics.code, Some(0), "{}", metrics.told);
    let count = |result: &str| {
        let sample = format!("muster_agent_heartbeats_total{{result=\"{result}\"}} ");
        let mut lines = metrics.data.lines();
        let value = lines.find_map(|line| line.strip_prefix(&sample));
        value.unwrap().parse().unwrap()
    };
    (count("answered"), count("lost"))
}

/// How often the node was fenced, or lost its controller.
fn gaps(cluster: &Loopback, name: &str) -> usize {
    let events = cluster.admin_json(&["nodes", "events", name]);
    let events = events.as_array().unwrap().iter();
    let is_gap = |event: &&Value| {
        event["kind"] == "controller_lost"
            || event["message"].as_str().unwrap().starts_with("fenced")
    };
    events.filter(is_gap).count()
}

/// The roots that the agent trusts, as PEM.
fn roots(cluster: &Loopback, name: &str) -> Vec<String> {
    let enrolment = enrolment(cluster, name);
    serde_json::from_value(enrolment["roots"].clone()).unwrap()
}

/// The first of them: what signed the agent's certificate comes first.
fn root_of(cluster: &Loopback, name: &str) -> String {
    roots(cluster, name).swap_remove(0)
}

fn enrolment(cluster: &Loopback, name: &str) -> Value {
    let path = cluster.path(name).join("enrolment.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
