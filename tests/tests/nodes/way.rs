//! A bad way between a node and its controller.

use std::fs;
use std::ops::Range;
use std::thread::sleep;

use muster_tests::nodes::{Node, Weather, Wire};

use crate::controller::{Controller, INTERVAL};
use crate::scenarios::{ended_before_it_was_fenced, is_alive, workloads};

/// As over a satellite; heartbeats get through.
const BAD: Weather = Weather {
    delay_ms: 400,
    jitter_ms: 300,
    loss_percent: 3,
};
/// Some get through in time, and some do not.
const WORSE: Weather = Weather {
    delay_ms: 500,
    jitter_ms: 2500,
    loss_percent: 30,
};
/// Whatever becomes of packets, the node's workloads have ended before it is called fenced; and a way that is only bad stops nothing.
pub(crate) fn way_is_bad(controller: &Controller<'_>, node: &Node<'_>, wire: &mut Wire<'_>) {
    wire.take(node);
    let before = workloads(node);
    wire.set(BAD, BAD);
    sleep(INTERVAL * 10);
    controller.wait_for(node, "active");
    assert_eq!(workloads(node), before, "{}", node.journal());
    assert!(controller.fenced(node).is_empty(), "{}", node.journal());

    wire.set(WORSE, WORSE);
    sleep(INTERVAL * 15);
    // What the node says arrives, and no answer does; then the other way round.
    for (to, from) in [(Weather::CUT, Weather::FINE), (Weather::FINE, Weather::CUT)] {
        wire.set(Weather::FINE, Weather::FINE);
        controller.wait_for(node, "active");
        node.wait_for("systemctl is-active -q work.service stubborn.service");
        wire.set(to, from);
        controller.wait_for(node, "fenced");
        ended_before_it_was_fenced(controller, node, controller.fenced(node).len());
    }
    wire.set(Weather::FINE, Weather::FINE);
    controller.wait_for(node, "active");
    node.wait_for("systemctl is-active -q work.service stubborn.service");
    is_alive(node);
    let pauses = controller.pauses(node);
    eprintln!(
        "{}: fenced {} times on a bad way",
        node.name(),
        pauses.len()
    );
    for pause in pauses {
        nothing_ran(node, &pause);
    }
}

fn nothing_ran(node: &Node<'_>, pause: &Range<i64>) {
    for workload in ["work", "stubborn"] {
        let told = fs::read_to_string(node.evidence(workload)).unwrap();
        let mut times = told.lines().filter_map(|line| line.parse::<i64>().ok());
        let ran = times.find(|at| pause.contains(at));
        assert_eq!(
            ran, None,
            "{workload} ran while the node was fenced: {pause:?}"
        );
    }
}
