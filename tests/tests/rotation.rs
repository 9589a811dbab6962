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
use std::time::Duration;

use muster_tests::loopback::{Cluster, Process};
use muster_tests::program;
use nix::sys::signal::Signal;
use serde_json::Value;

const LIVING: [&str; 2] = ["n1", "n2"];
/// Some intervals.
const A_WHILE: Duration = Duration::from_secs(3);

#[test]
fn the_root_is_replaced_and_no_node_notices() {
    let cluster = Cluster::start(&[]);
    let _living = LIVING.map(|name| joined(&cluster, name));
    let off = joined(&cluster, "n3");
    assert_eq!(off.end(Signal::SIGTERM), Some(0));
    let answered = LIVING.map(|name| heartbeats(&cluster, name).0);
    let old_root = root_of(&cluster, "n1");

    cluster.succeed(&["authority", "rotate", "--start"]);
    cluster.until("all but the one that is off know the new root", || {
        behind(&cluster) == ["node n3"]
    });
    for name in LIVING {
        assert_eq!(roots(&cluster, name).len(), 2, "{name} knows both");
    }
    let refused = cluster.ask(&["authority", "rotate", "--finish"]);
    assert_eq!(refused.code, Some(3), "{}", refused.told);
    assert!(
        refused.told.contains("1 would be cut off") && refused.told.contains("n3"),
        "{}",
        refused.told
    );

    // The one that was off knows the old root alone: it comes back by that, and learns the new one.
    assert_eq!(roots(&cluster, "n3"), [old_root.as_str()]);
    let back = cluster.agent("n3", None);
    cluster.until("all know the new root", || behind(&cluster).is_empty());
    let finished = cluster.succeed(&["authority", "rotate", "--finish"]);
    assert!(finished.contains("muster root 2 (signs)"), "{finished}");
    assert!(!finished.contains("(old)"), "{finished}");

    std::thread::sleep(A_WHILE);
    for (name, before) in LIVING.into_iter().zip(answered) {
        let (answered, lost) = heartbeats(&cluster, name);
        assert_eq!(lost, 0, "{name}: {}", cluster.log(name));
        assert!(answered > before, "{name}");
        assert_eq!(gaps(&cluster, name), 0, "{name}");
    }
    for name in ["n1", "n2", "n3"] {
        cluster.wait_for(name, "active");
        assert_ne!(root_of(&cluster, name), old_root, "{name}");
    }
    // New connections are by the new root as well.
    drop(back);
    let _again = cluster.agent("n3", None);
    std::thread::sleep(A_WHILE);
    cluster.wait_for("n3", "active");
    assert_eq!(heartbeats(&cluster, "n3").1, 0, "{}", cluster.log("n3"));
}

#[test]
fn who_was_off_for_the_whole_of_it_comes_back_by_a_new_token() {
    let cluster = Cluster::start(&[]);
    let living = joined(&cluster, "n1");
    let old_token = cluster.path("old-token");
    drop(joined(&cluster, "n2"));
    fs::copy(cluster.path("token"), &old_token).unwrap();
    let before = cluster.node("n2");
    let mixed = cluster.ask(&["authority", "rotate", "--start", "--cut-off"]);
    assert_eq!(mixed.code, Some(2), "{}", mixed.told);
    cluster.succeed(&["authority", "rotate", "--start"]);
    cluster.until("the other one knows the new root", || {
        behind(&cluster) == ["node n2"]
    });
    cluster.succeed(&["authority", "rotate", "--finish", "--cut-off"]);

    // It does not trust a controller that it cannot know, and says what to do.
    let cut_off = cluster.agent("n2", None);
    cluster.until("it does not know the controller", || {
        cluster.log("n2").contains("UnknownIssuer")
    });
    cluster.wait_for("n2", "fenced");
    let doctor = program::run(&mut cluster.muster("n2", &["doctor", "-o", "json"]));
    let remedy = "start the agent with a new token if the root was replaced";
    assert!(doctor.data.contains(remedy), "{}", doctor.data);
    drop(cut_off);

    let token = cluster.token(&["--role", "worker"]);
    let _back = cluster.agent("n2", Some(&token));
    cluster.wait_for("n2", "active");
    assert_eq!(cluster.node("n2")["id"], before["id"]);
    assert_eq!(behind(&cluster), [""; 0]);

    // A token that was left from before cuts nobody off.
    assert_eq!(heartbeats(&cluster, "n1").1, 0, "{}", cluster.log("n1"));
    drop(living);
    let _again = cluster.agent("n1", Some(&old_token));
    std::thread::sleep(A_WHILE);
    cluster.wait_for("n1", "active");
    assert_eq!(heartbeats(&cluster, "n1").1, 0, "{}", cluster.log("n1"));
}

/// An agent whose node is active. All of them are on one machine, and so look alike.
fn joined(cluster: &Cluster, name: &str) -> Process {
    let token = cluster.token(&["--role", "worker"]);
    let agent = cluster.agent(name, Some(&token));
    cluster.wait_for(name, "candidate");
    cluster.succeed(&["nodes", "accept", name, "--despite-duplicate"]);
    cluster.wait_for(name, "active");
    agent
}

/// Who does not know the new root.
fn behind(cluster: &Cluster) -> Vec<String> {
    let shown = cluster.succeed(&["authority", "show"]);
    let behind = shown
        .lines()
        .filter_map(|line| line.strip_prefix("does not know the new root: "));
    behind.map(str::to_owned).collect()
}

/// The heartbeats of an agent that were answered, and those that were lost.
fn heartbeats(cluster: &Cluster, name: &str) -> (u64, u64) {
    let metrics = program::run(&mut cluster.muster(name, &["metrics"]));
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
fn gaps(cluster: &Cluster, name: &str) -> usize {
    let events = cluster.json(&["nodes", "events", name]);
    let events = events.as_array().unwrap().iter();
    let is_gap = |event: &&Value| {
        event["kind"] == "controller_lost"
            || event["message"].as_str().unwrap().starts_with("fenced")
    };
    events.filter(is_gap).count()
}

/// The roots that the agent trusts, as PEM.
fn roots(cluster: &Cluster, name: &str) -> Vec<String> {
    let enrolment = enrolment(cluster, name);
    serde_json::from_value(enrolment["roots"].clone()).unwrap()
}

/// The first of them: what signed the agent's certificate comes first.
fn root_of(cluster: &Cluster, name: &str) -> String {
    roots(cluster, name).swap_remove(0)
}

fn enrolment(cluster: &Cluster, name: &str) -> Value {
    let path = cluster.path(name).join("enrolment.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
