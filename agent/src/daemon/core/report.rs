//! What a node says of its progress, a step at a time.
//!
//! The controller moves a node by one report after the other: approved, starting, activating, active. A node that is quicker than its
//! heartbeats still says each step, in the status in which it means something.

use muster_model::NodeStatus;
use muster_proto::v1::node_report::Progress;

/// How far this node is with what it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "a node without a profile is ready at once")
)]
pub(crate) enum Local {
    /// Nobody asked for anything yet.
    #[default]
    Idle,
    /// The plan is being applied.
    Applying,
    /// The plan is applied, and its services are not all ready.
    Installed,
    /// Everything is ready.
    Ready,
    /// It failed, for that reason.
    Failed(String),
}

/// What to report in `status` when the node is so far.
pub(crate) fn progress(status: Option<NodeStatus>, local: &Local) -> Progress {
    match (status, local) {
        (_, Local::Failed(_)) => Progress::Failed,
        (_, Local::Idle) => Progress::Idle,
        (Some(NodeStatus::Approved), _) | (_, Local::Applying) => Progress::Applying,
        (Some(NodeStatus::Starting), _) | (_, Local::Installed) => Progress::Installed,
        (_, Local::Ready) => Progress::Ready,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_ready_at_once_says_each_step() {
        let told = |status| progress(Some(status), &Local::Ready);
        assert_eq!(told(NodeStatus::Approved), Progress::Applying);
        assert_eq!(told(NodeStatus::Starting), Progress::Installed);
        assert_eq!(told(NodeStatus::Activating), Progress::Ready);
        assert_eq!(told(NodeStatus::Active), Progress::Ready);
        assert_eq!(told(NodeStatus::Failed), Progress::Ready);
        assert_eq!(progress(None, &Local::Ready), Progress::Ready);
    }

    #[test]
    fn nothing_is_said_before_it_is_so() {
        for status in NodeStatus::ALL {
            let told = |local: Local| progress(Some(status), &local);
            assert_eq!(told(Local::Idle), Progress::Idle);
            assert_eq!(told(Local::Applying), Progress::Applying);
            assert_eq!(told(Local::Failed("why".to_owned())), Progress::Failed);
            let installed = told(Local::Installed);
            let expected = match status {
                NodeStatus::Approved => Progress::Applying,
                _ => Progress::Installed,
            };
            assert_eq!(installed, expected);
        }
    }
}
