//! Real nodes under systemd: whatever is cut, killed, stopped or broken, a node's workloads have ended before the controller says
//! that it is fenced; and what need not stop them does not.
//!
//! Workloads tell the time, so that the last they told says when they ended; it is compared with the controller's record. All
//! of them have one clock, which is this machine's.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

mod cluster;
mod scenarios;

use std::thread;

use cluster::{Controller, enrolled};
use muster_tests::nodes::Lab;
use scenarios::{
    agent_comes_back, agent_stays_away, clock_jumps, controller_is_killed, disk_is_full,
    link_is_cut, node_is_drained,
};

#[test]
fn no_node_is_fenced_while_its_workloads_run() {
    let Some(lab) = Lab::start() else {
        return;
    };
    let mut controller = Controller::start(&lab);
    let nodes = thread::scope(|scope| {
        let boots = [1, 2, 3, 4, 5].map(|number| {
            let (lab, controller) = (&lab, &controller);
            scope.spawn(move || enrolled(lab, controller, number))
        });
        boots.map(|boot| boot.join().expect("a node joins"))
    });
    controller_is_killed(&mut controller, &nodes);
    let [cut, revived, broken, full, jumped] = &nodes;
    let controller = &controller;
    thread::scope(|scope| {
        let done = [
            (
                "link",
                scope.spawn(|| {
                    link_is_cut(controller, cut);
                    node_is_drained(controller, cut);
                }),
            ),
            (
                "killed",
                scope.spawn(|| agent_comes_back(controller, revived)),
            ),
            (
                "broken",
                scope.spawn(|| agent_stays_away(controller, broken)),
            ),
            ("full", scope.spawn(|| disk_is_full(controller, full))),
            ("clock", scope.spawn(|| clock_jumps(controller, jumped))),
        ];
        let failed: Vec<&str> = done
            .into_iter()
            .filter_map(|(name, thread)| thread.join().is_err().then_some(name))
            .collect();
        assert!(
            failed.is_empty(),
            "{failed:?}; the controller:\n{}",
            controller.log()
        );
    });
}
