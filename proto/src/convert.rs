//! Words of the model as numbers of the wire, and back.

use muster_model::{NodeStatus, Role};

use crate::v1;

impl From<Role> for v1::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Control => Self::Control,
            Role::Worker => Self::Worker,
        }
    }
}

impl v1::Role {
    /// The model's word; none for what is not set, or not known here.
    pub fn known(self) -> Option<Role> {
        match self {
            Self::Unspecified => None,
            Self::Control => Some(Role::Control),
            Self::Worker => Some(Role::Worker),
        }
    }
}

impl From<NodeStatus> for v1::NodeStatus {
    fn from(status: NodeStatus) -> Self {
        match status {
            NodeStatus::Candidate => Self::Candidate,
            NodeStatus::Inadequate => Self::Inadequate,
            NodeStatus::Rejected => Self::Rejected,
            NodeStatus::Approved => Self::Approved,
            NodeStatus::Starting => Self::Starting,
            NodeStatus::Activating => Self::Activating,
            NodeStatus::Active => Self::Active,
            NodeStatus::Failed => Self::Failed,
            NodeStatus::Fenced => Self::Fenced,
            NodeStatus::Unfencing => Self::Unfencing,
            NodeStatus::EnteringMaintenance => Self::EnteringMaintenance,
            NodeStatus::InMaintenance => Self::InMaintenance,
            NodeStatus::Out => Self::Out,
        }
    }
}

impl v1::NodeStatus {
    /// The model's word; none for what is not set, or not known here.
    pub fn known(self) -> Option<NodeStatus> {
        NodeStatus::ALL
            .into_iter()
            .find(|status| Self::from(*status) == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_were() {
        for role in Role::ALL {
            assert_eq!(v1::Role::from(role).known(), Some(role));
        }
        for status in NodeStatus::ALL {
            assert_eq!(v1::NodeStatus::from(status).known(), Some(status));
        }
        assert_eq!(v1::Role::Unspecified.known(), None);
        assert_eq!(v1::NodeStatus::Unspecified.known(), None);
        assert!(v1::NodeStatus::try_from(99).is_err());
    }
}
