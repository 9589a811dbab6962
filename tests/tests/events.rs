//! What a node saw reaches its controller once, whatever is killed or cut in between; certificates are renewed without anybody noticing,
//! and a node whose certificate has ended comes back when an administrator lets it. Two processes over real TLS on loopback.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

#[path = "events/lab.rs"]
mod lab;

use std::time::Duration;

use lab::{Lab, kinds, spooled};
use nix::sys::signal::Signal;
use serde_json::Value;

/// Each event of the spool once, in order, from the first.
fn assert_once_and_in_order(events: &[Value]) {
    let numbers = spooled(events);
    let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "{events:#?}");
}

#[test]
fn events_arrive_once_through_kills_of_agent_and_controller_and_a_cut() {
    let mut lab = Lab::start(&[]);
    let mut agent = lab.newcomer();
    lab.accept();
    lab.wait_for_event("workloads_allowed");

    for _ in 0..3 {
        drop(agent);
        agent = lab.returning();
        lab.wait_for("active");
        lab.kill_controller();
        std::thread::sleep(Duration::from_millis(700));
        lab.restart_controller();
        lab.wait_for("active");
    }
    lab.cut();
    std::thread::sleep(Duration::from_secs(4));
    lab.mend();
    // Started once, and once after each kill.
    let events = lab.wait_until("all is told", |events| {
        let count = |kind: &str| kinds(events).filter(|told| *told == kind).count();
        count("agent_started") == 4 && count("lease_lost") >= 1 && count("controller_lost") >= 1
    });
    assert_once_and_in_order(&events);
    assert_eq!(kinds(&events).filter(|kind| *kind == "enrolled").count(), 1);
    drop(agent);
}

#[test]
fn an_agent_that_is_stopped_says_so_when_it_is_back_and_a_deleted_spool_begins_anew() {
    let lab = Lab::start(&[]);
    let mut agent = lab.newcomer();
    lab.accept();
    lab.wait_for_event("workloads_allowed");
    agent.end(Signal::SIGTERM);
    let mut agent = lab.returning();
    let events = lab.wait_until("it is back", |events| {
        kinds(events)
            .filter(|kind| *kind == "agent_started")
            .count()
            == 2
    });
    assert_once_and_in_order(&events);
    let order: Vec<&str> = kinds(&events)
        .filter(|kind| kind.starts_with("agent_"))
        .collect();
    assert_eq!(order, ["agent_started", "agent_stopped", "agent_started"]);
    agent.end(Signal::SIGTERM);

    std::fs::remove_dir_all(lab.path("agent/events")).unwrap();
    let before = spooled(&events).len();
    let _agent = lab.returning();
    let events = lab.wait_until("it begins anew", |events| {
        kinds(events)
            .filter(|kind| *kind == "agent_started")
            .count()
            == 3
    });
    assert_eq!(
        kinds(&events).filter(|kind| *kind == "spool_begun").count(),
        2
    );
    let numbers = spooled(&events);
    assert_eq!(
        numbers[before], 1,
        "what was not delivered went with it: {events:#?}"
    );
}

#[test]
fn certificates_are_renewed_twice_and_nobody_notices() {
    let lab = Lab::start(&["--certificate-life", "15s"]);
    let _agent = lab.newcomer();
    lab.accept();
    let key = || std::fs::read(lab.path("agent/key.pem")).unwrap();
    let first = key();
    let events = lab.wait_until("two renewals", |events| {
        assert_eq!(lab.nodes()[0]["status"], "active");
        kinds(events)
            .filter(|kind| *kind == "certificate_renewed")
            .count()
            == 2
    });
    assert!(key() != first, "each certificate has a key of its own");
    assert!(!lab.path("agent/next-key.pem").exists());
    for unwanted in ["controller_lost", "lease_lost", "certificate_ended"] {
        assert!(!kinds(&events).any(|kind| kind == unwanted), "{events:#?}");
    }
    let stopped = kinds(&events)
        .filter(|kind| *kind == "workloads_stopped")
        .count();
    assert_eq!(stopped, 1, "at the start alone: {events:#?}");
    let messages = events.iter().filter_map(|event| event["message"].as_str());
    let used = messages.filter(|told| told.ends_with("is in use")).count();
    assert!(used >= 1, "{events:#?}");
}

#[test]
fn a_node_that_was_off_past_its_certificate_comes_back_when_an_administrator_lets_it() {
    let lab = Lab::start(&["--certificate-life", "6s"]);
    let agent = lab.newcomer();
    lab.accept();
    let id = lab.nodes()[0]["id"].clone();
    let early = lab.admin(&["nodes", "readmit", "node1"]);
    assert_eq!(early.code, Some(3));
    assert!(
        early.told.contains("does not ask to be let back"),
        "{}",
        early.told
    );
    drop(agent);
    lab.wait_for("fenced");
    std::thread::sleep(Duration::from_secs(7));

    let _agent = lab.returning();
    lab.patiently("asking to be let back", || {
        lab.nodes()[0]["reason"]
            .as_str()
            .unwrap()
            .contains("nodes readmit node1")
    });
    assert_eq!(lab.nodes()[0]["status"], "fenced");
    lab.done(&["nodes", "readmit", "node1"]);
    let back = lab.wait_for("active");
    assert_eq!(back["id"], id);
    let events = lab.wait_until("it tells", |events| {
        kinds(events).filter(|kind| *kind == "enrolled").count() == 2
    });
    assert_once_and_in_order(&events);
    assert!(
        kinds(&events).any(|kind| kind == "certificate_ended"),
        "{events:#?}"
    );
}
