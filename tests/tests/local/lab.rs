//! A cluster with a node that lives.

use muster_tests::loopback::{Loopback, Process};

/// A cluster whose controller serves, and the agent of a node that is active.
pub(crate) fn active_node() -> (Loopback, Process) {
    let lab = Loopback::start(&[]);
    let agent = lab.newcomer();
    lab.accept();
    let waited = lab.muster(&["wait", "--for", "active"]);
    assert_eq!(waited.code, Some(0), "{}", waited.told);
    (lab, agent)
}
