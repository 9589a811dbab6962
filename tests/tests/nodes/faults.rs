//! What is done to the controller, and what all nodes have to bear.

use std::thread::sleep;
use std::time::{Duration, Instant};

use muster_tests::nodes::Node;

use crate::controller::{Controller, INTERVAL};
use crate::scenarios::{ended_before_it_was_fenced, is_alive, workloads};

/// Of the controller's store.
const STORE: &str = "the store does not answer (commit): database or disk is full";

/// A controller that dies and comes back after a lease and more fences nobody, although no node was heard meanwhile.
pub(crate) fn controller_is_killed(controller: &mut Controller<'_>, nodes: &[Node<'_>]) {
    controller.kill_for(INTERVAL);
    sleep(INTERVAL * 2);
    nobody_was_fenced(controller, nodes);
}

/// The clock on the controller's wall jumps by hours, forth and back, also while it is down: leases do not count by it.
pub(crate) fn its_clock_jumps(controller: &mut Controller<'_>, nodes: &[Node<'_>]) {
    let before: Vec<String> = nodes.iter().map(workloads).collect();
    for hours in [5, -5] {
        controller.set_clock(&format!("{hours:+}h"));
        assert_eq!(controller.ahead_h(), hours);
        sleep(INTERVAL * 5);
        nobody_was_fenced(controller, nodes);
    }
    let after: Vec<String> = nodes.iter().map(workloads).collect();
    assert_eq!(before, after, "workloads did not survive");
    controller.set_clock("+0");
    controller.kill_for(INTERVAL);
    assert_eq!(controller.ahead_h(), 0);
    sleep(INTERVAL * 2);
    nobody_was_fenced(controller, nodes);
}

/// The controller's disk is full: leases go on, also over its restart. What it cannot write down has not happened, and happens when
/// there is room: a silent node is fenced then.
pub(crate) fn its_disk_is_full(
    controller: &mut Controller<'_>,
    silent: &Node<'_>,
    others: &[Node<'_>],
) {
    controller.fill_disk();
    let refused = refused_by_the_store(controller, silent);
    assert!(refused.contains(STORE), "{refused}");
    sleep(INTERVAL * 5);
    nobody_was_fenced(controller, others);
    controller.kill_for(INTERVAL);
    controller.fill_disk();
    nobody_was_fenced(controller, others);
    assert!(controller.fenced(silent).is_empty(), "{}", silent.name());

    silent.link("down");
    // Its lease and the margin.
    sleep(INTERVAL * 6);
    assert_eq!(controller.status(silent.name()), "active");
    nobody_was_fenced(controller, others);
    controller.clear_disk();
    controller.wait_for(silent, "fenced");
    ended_before_it_was_fenced(controller, silent, 1);
    silent.link("up");
    controller.wait_for(silent, "active");
    silent.wait_for("systemctl is-active -q work.service stubborn.service");
    is_alive(silent);
}

/// What an administrator is told: a few changes may still find room in what the database has already.
fn refused_by_the_store(controller: &Controller<'_>, node: &Node<'_>) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    let mut count = 0;
    while Instant::now() < until {
        count += 1;
        let tagged = controller.ask(&["nodes", "tag", node.name(), &format!("t{count}")]);
        if tagged.code != Some(0) {
            return tagged.told;
        }
        controller.fill_disk();
    }
    panic!("{count} changes were stored on a full disk");
}

fn nobody_was_fenced(controller: &Controller<'_>, nodes: &[Node<'_>]) {
    for node in nodes {
        controller.wait_for(node, "active");
        assert!(controller.fenced(node).is_empty(), "{}", node.name());
        // Where the controller was away for longer than a lease, they were stopped meanwhile, or are just being so.
        is_alive(node);
    }
}
