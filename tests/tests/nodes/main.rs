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
mod controller;
mod expiry;
mod faults;
mod scenarios;
mod way;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use cluster::enrolled;
use controller::Controller;
use faults::{controller_is_killed, its_clock_jumps, its_disk_is_full};
use muster_tests::nodes::{Lab, Wire};
use scenarios::{
    agent_comes_back, agent_stays_away, clock_jumps, disk_is_full, helper_stays_away, link_is_cut,
    node_is_drained,
};

/// One lab at a time: they measure.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn no_node_is_fenced_while_its_workloads_run() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(lab) = Lab::start() else {
        return;
    };
    let mut controller = Controller::start(&lab, &[]);
    let nodes = thread::scope(|scope| {
        let boots = [1, 2, 3, 4, 5, 6].map(|number| {
            let (lab, controller) = (&lab, &controller);
            scope.spawn(move || enrolled(lab, controller, number))
        });
        boots.map(|boot| boot.join().expect("a node joins"))
    });
    controller_is_killed(&mut controller, &nodes);
    its_clock_jumps(&mut controller, &nodes);
    let [cut, revived, broken, full, jumped, far] = &nodes;
    let mut wire = Wire::lay(&lab, Path::new(env!("CARGO_BIN_EXE_wire")));
    let controller_now = &controller;
    all_at_once(
        controller_now,
        [
            ("link", &mut || {
                link_is_cut(controller_now, cut);
                node_is_drained(controller_now, cut);
                helper_stays_away(controller_now, cut);
            }),
            ("killed", &mut || agent_comes_back(controller_now, revived)),
            ("broken", &mut || agent_stays_away(controller_now, broken)),
            ("full", &mut || disk_is_full(controller_now, full)),
            ("clock", &mut || clock_jumps(controller_now, jumped)),
            ("way", &mut || {
                way::way_is_bad(controller_now, far, &mut wire);
            }),
        ],
    );
    its_disk_is_full(&mut controller, &nodes[4], &nodes[1..2]);
}

#[test]
fn a_node_that_was_off_until_its_certificate_ended_is_let_back() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(lab) = Lab::start() {
        expiry::node_is_off_for_too_long(&lab);
    }
}

/// Each to another node.
fn all_at_once<const N: usize>(
    controller: &Controller<'_>,
    scenarios: [(&str, &mut (dyn FnMut() + Send)); N],
) {
    thread::scope(|scope| {
        let begun = scenarios.map(|(name, scenario)| (name, scope.spawn(scenario)));
        let failed: Vec<&str> = begun
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
