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
    let token = lab.token();
    let mut agent = lab.agent(Some(&token));
    lab.accept();
    lab.wait_for_event("workloads_allowed");

    for _ in 0..3 {
        drop(agent);
        agent = lab.agent(None);
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
    let token = lab.token();
    let agent = lab.agent(Some(&token));
    lab.accept();
    lab.wait_for_event("workloads_allowed");
    agent.end();
    let agent = lab.agent(None);
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
    agent.end();

    std::fs::remove_dir_all(lab.path("agent/events")).unwrap();
    let before = spooled(&events).len();
    let _agent = lab.agent(None);
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
