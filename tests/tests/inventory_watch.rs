//! What is changed on a node is known to the controller within seconds; what changes by itself is never sent.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::thread::sleep;
use std::time::{Duration, Instant};

use muster_tests::loopback::{Loopback, Process, text};
use muster_tests::namespace::{entered, ip};
use serde_json::Value;

/// From the change to the controller: the burst is waited for, the machine read, a heartbeat sent.
const BOUND: Duration = Duration::from_secs(5);

/// A node that is active, and has few heartbeats: it is not their interval that brings the news.
fn node() -> (Loopback, Process) {
    let lab = Loopback::start(&["--interval", "20s"]);
    let token = lab.token(&["--auto-accept"]);
    let agent = lab.agent(&["--controller", lab.address(), "--token-file", text(&token)]);
    lab.wait_for("active");
    (lab, agent)
}

/// How often the agent says so.
fn said(lab: &Loopback, what: &str) -> usize {
    lab.read("agent.log").matches(what).count()
}

const SENT: &str = "the controller has the inventory";

fn inventory(lab: &Loopback) -> Value {
    serde_json::from_str(&lab.done(&["nodes", "show", "node1", "--inventory"])).unwrap()
}

fn interface(inventory: &Value, name: &str) -> Option<Value> {
    let mut all = inventory["network"].as_array().unwrap().iter();
    all.find(|interface| interface["name"] == name).cloned()
}

#[test]
fn a_change_is_known_within_seconds_and_nothing_else_is_sent() {
    if !entered("a_change_is_known_within_seconds_and_nothing_else_is_sent") {
        return;
    }
    let (lab, _agent) = node();
    let before = inventory(&lab);
    assert_eq!(interface(&before, "br0"), None);

    // Uptime, free memory and the like change all the time.
    sleep(Duration::from_secs(8));
    assert_eq!(said(&lab, SENT), 0, "{}", lab.read("agent.log"));
    assert_eq!(inventory(&lab), before);

    let begun = Instant::now();
    ip("link add br0 type bridge");
    lab.patiently("the new interface is known", || {
        interface(&inventory(&lab), "br0").is_some()
    });
    let took = begun.elapsed();
    assert!(took < BOUND, "{took:?}");
    // The controller may know it before the agent hears that it does.
    lab.patiently("sent once", || said(&lab, SENT) == 1);
    let after = inventory(&lab);
    // The rest of the document is that of the first reading.
    assert_eq!(after["cpu"], before["cpu"]);
    assert_eq!(after["pci"], before["pci"]);
    assert_eq!(after["warnings"], before["warnings"]);
    assert_ne!(after["captured_at"], Value::Null);
}

#[test]
fn an_interface_that_flaps_does_not_flood_the_controller() {
    if !entered("an_interface_that_flaps_does_not_flood_the_controller") {
        return;
    }
    let (lab, _agent) = node();
    ip("link add br0 type bridge");
    for mtu in 1280..1310 {
        ip(&format!("link set br0 mtu {mtu}"));
        sleep(Duration::from_secs(1));
    }
    let readings = said(&lab, "the machine has changed");
    assert!((2..=4).contains(&readings), "{}", lab.read("agent.log"));
    // What it is at last is known in the end.
    lab.patiently("the last of the changes is known", || {
        interface(&inventory(&lab), "br0").is_some_and(|known| known["mtu"] == 1309)
    });
}
