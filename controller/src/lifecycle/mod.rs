//! The life of a node: a pure function of its status and what happens.
//!
//! Map: this file is the function and its table of transitions; `diagram` draws the table for the
//! documentation. Who may cause an event, and under which circumstances, is decided before it comes here.

mod diagram;

use std::fmt;

use muster_model::NodeStatus;
use muster_model::NodeStatus::{
    Activating, Active, Approved, Candidate, EnteringMaintenance, Failed, Fenced, InMaintenance,
    Inadequate, Out, Rejected, Starting, Unfencing,
};

pub use diagram::diagram;

/// What happens to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// An administrator, or a rule of admission, accepts it with a role.
    Accept,
    /// An administrator declines it.
    Reject,
    /// An administrator takes the rejection back.
    Reconsider,
    /// An administrator sends it into maintenance.
    EnterMaintenance,
    /// An administrator sends it into maintenance without waiting for its workloads.
    ForceMaintenance,
    /// An administrator calls the maintenance off before it began.
    CancelMaintenance,
    /// An administrator brings it back from maintenance.
    Activate,
    /// An administrator removes it from the cluster.
    Remove,
    /// An administrator deletes its record.
    Delete,
    /// Its inventory passes the policy of a role that it may take.
    FoundAdequate,
    /// Its inventory fails the policy of every role that it may take.
    FoundInadequate,
    /// Its agent has begun to apply the role's plan.
    StartReported,
    /// Its agent has applied the plan.
    InstalledReported,
    /// Its readiness checks pass.
    ReadyReported,
    /// Its agent reports an error.
    FailureReported,
    /// Its agent reports that the error is gone.
    RecoveryReported,
    /// Its lease and the margin ran out without a heartbeat.
    LeaseExpired,
    /// A heartbeat came after all.
    Heard,
    /// It proved that nothing of the old epoch runs.
    CleanReported,
    /// Its last workload has left.
    Drained,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 20] = [
        Self::Accept,
        Self::Reject,
        Self::Reconsider,
        Self::EnterMaintenance,
        Self::ForceMaintenance,
        Self::CancelMaintenance,
        Self::Activate,
        Self::Remove,
        Self::Delete,
        Self::FoundAdequate,
        Self::FoundInadequate,
        Self::StartReported,
        Self::InstalledReported,
        Self::ReadyReported,
        Self::FailureReported,
        Self::RecoveryReported,
        Self::LeaseExpired,
        Self::Heard,
        Self::CleanReported,
        Self::Drained,
    ];

    /// Whether somebody asks for it, and has to be told when it cannot be. What is observed happens anyway,
    /// and means nothing where the table has nothing.
    pub fn is_asked_for(self) -> bool {
        matches!(
            self,
            Self::Accept
                | Self::Reject
                | Self::Reconsider
                | Self::EnterMaintenance
                | Self::ForceMaintenance
                | Self::CancelMaintenance
                | Self::Activate
                | Self::Remove
                | Self::Delete
        )
    }

    /// What it does, as in "cannot be …".
    fn in_words(self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::Reject => "rejected",
            Self::Reconsider => "reconsidered",
            Self::EnterMaintenance => "sent into maintenance",
            Self::ForceMaintenance => "forced into maintenance",
            Self::CancelMaintenance => "kept from maintenance",
            Self::Activate => "activated",
            Self::Remove => "removed",
            Self::Delete => "deleted",
            Self::FoundAdequate => "found adequate",
            Self::FoundInadequate => "found inadequate",
            Self::StartReported => "reported as starting",
            Self::InstalledReported => "reported as installed",
            Self::ReadyReported => "reported as ready",
            Self::FailureReported => "reported as failed",
            Self::RecoveryReported => "reported as recovered",
            Self::LeaseExpired => "out of its lease",
            Self::Heard => "heard again",
            Self::CleanReported => "reported as clean",
            Self::Drained => "drained",
        }
    }
}

/// What an event does to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It has another status now.
    Becomes(NodeStatus),
    /// It keeps its status.
    Stays,
    /// Its record is deleted.
    Deleted,
}

/// Somebody asked for what cannot be in this status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    status: NodeStatus,
    event: Event,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, event } = self;
        write!(
            formatter,
            "a node that is {status} cannot be {}",
            event.in_words()
        )?;
        let possible: Vec<String> = NodeStatus::ALL
            .into_iter()
            .filter(|status| entry(*status, *event).is_some())
            .map(|status| status.to_string())
            .collect();
        write!(formatter, ", only one that is {}", possible.join(" or "))
    }
}

impl std::error::Error for Refused {}

/// What `event` does to a node in `status`.
///
/// # Errors
/// [`Refused`] when somebody asked for what this status does not allow.
pub fn next(status: NodeStatus, event: Event) -> Result<Next, Refused> {
    match entry(status, event) {
        Some(next) => Ok(next),
        None if event.is_asked_for() => Err(Refused { status, event }),
        None => Ok(Next::Stays),
    }
}

fn entry(status: NodeStatus, event: Event) -> Option<Next> {
    let mut table = TRANSITIONS.iter();
    let found = table.find(|(from, on, _)| *from == status && *on == event);
    found.map(|(_, _, next)| *next)
}

/// Every transition that there is.
const TRANSITIONS: &[(NodeStatus, Event, Next)] = &[
    (Candidate, Event::Accept, Next::Becomes(Approved)),
    (Candidate, Event::Reject, Next::Becomes(Rejected)),
    (Candidate, Event::FoundInadequate, Next::Becomes(Inadequate)),
    (Candidate, Event::Delete, Next::Deleted),
    (Inadequate, Event::FoundAdequate, Next::Becomes(Candidate)),
    (Inadequate, Event::Reject, Next::Becomes(Rejected)),
    (Inadequate, Event::Delete, Next::Deleted),
    (Rejected, Event::Reconsider, Next::Becomes(Candidate)),
    (Rejected, Event::Delete, Next::Deleted),
    (Approved, Event::StartReported, Next::Becomes(Starting)),
    (Approved, Event::FailureReported, Next::Becomes(Failed)),
    (Approved, Event::LeaseExpired, Next::Becomes(Failed)),
    (
        Starting,
        Event::InstalledReported,
        Next::Becomes(Activating),
    ),
    (Starting, Event::FailureReported, Next::Becomes(Failed)),
    (Starting, Event::LeaseExpired, Next::Becomes(Failed)),
    (Activating, Event::ReadyReported, Next::Becomes(Active)),
    (Activating, Event::FailureReported, Next::Becomes(Failed)),
    (Activating, Event::LeaseExpired, Next::Becomes(Failed)),
    (Active, Event::FailureReported, Next::Becomes(Failed)),
    (Active, Event::LeaseExpired, Next::Becomes(Fenced)),
    (
        Active,
        Event::EnterMaintenance,
        Next::Becomes(EnteringMaintenance),
    ),
    (
        Active,
        Event::ForceMaintenance,
        Next::Becomes(EnteringMaintenance),
    ),
    (Failed, Event::RecoveryReported, Next::Becomes(Activating)),
    (Failed, Event::LeaseExpired, Next::Becomes(Fenced)),
    (
        Failed,
        Event::EnterMaintenance,
        Next::Becomes(EnteringMaintenance),
    ),
    (
        Failed,
        Event::ForceMaintenance,
        Next::Becomes(EnteringMaintenance),
    ),
    (Fenced, Event::Heard, Next::Becomes(Unfencing)),
    (
        Fenced,
        Event::ForceMaintenance,
        Next::Becomes(EnteringMaintenance),
    ),
    (Unfencing, Event::CleanReported, Next::Becomes(Active)),
    (Unfencing, Event::FailureReported, Next::Becomes(Failed)),
    (Unfencing, Event::LeaseExpired, Next::Becomes(Fenced)),
    (
        EnteringMaintenance,
        Event::Drained,
        Next::Becomes(InMaintenance),
    ),
    (
        EnteringMaintenance,
        Event::CancelMaintenance,
        Next::Becomes(Active),
    ),
    (
        EnteringMaintenance,
        Event::FailureReported,
        Next::Becomes(Failed),
    ),
    // Workloads may still run there: it is failed first, and fenced when it stays away.
    (
        EnteringMaintenance,
        Event::LeaseExpired,
        Next::Becomes(Failed),
    ),
    (InMaintenance, Event::Activate, Next::Becomes(Activating)),
    (InMaintenance, Event::Remove, Next::Becomes(Out)),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Where each status leads, as the product's description of the 13 statuses has it.
    const LEAVES_TO: [(NodeStatus, &[NodeStatus]); 13] = [
        (Candidate, &[Approved, Rejected, Inadequate]),
        (Inadequate, &[Candidate, Rejected]),
        (Rejected, &[Candidate]),
        (Approved, &[Starting, Failed]),
        (Starting, &[Activating, Failed]),
        (Activating, &[Active, Failed]),
        (Active, &[Failed, Fenced, EnteringMaintenance]),
        (Failed, &[Activating, Fenced, EnteringMaintenance]),
        (Fenced, &[Unfencing, EnteringMaintenance]),
        (Unfencing, &[Active, Failed, Fenced]),
        (EnteringMaintenance, &[InMaintenance, Active, Failed]),
        (InMaintenance, &[Activating, Out]),
        (Out, &[]),
    ];

    #[test]
    fn statuses_lead_where_the_product_says() {
        let mut leads: BTreeMap<NodeStatus, BTreeSet<NodeStatus>> = BTreeMap::new();
        for (from, _, next) in TRANSITIONS {
            if let Next::Becomes(to) = next {
                leads.entry(*from).or_default().insert(*to);
            }
        }
        for (from, to) in LEAVES_TO {
            let leads = leads.remove(&from).unwrap_or_default();
            assert_eq!(leads, to.iter().copied().collect(), "from {from}");
        }
        let deletable: Vec<NodeStatus> = NodeStatus::ALL
            .into_iter()
            .filter(|status| next(*status, Event::Delete) == Ok(Next::Deleted))
            .collect();
        assert_eq!(deletable, [Candidate, Inadequate, Rejected]);
    }

    #[test]
    fn every_status_and_every_event() {
        let mut matrix = String::new();
        for status in NodeStatus::ALL {
            for event in Event::ALL {
                let outcome = match next(status, event) {
                    Ok(Next::Becomes(other)) => format!("becomes {other}"),
                    Ok(Next::Stays) => "stays".to_owned(),
                    Ok(Next::Deleted) => "deleted".to_owned(),
                    Err(refused) => format!("refused: {refused}"),
                };
                matrix.push_str(&format!("{status} + {event:?}: {outcome}\n"));
            }
        }
        assert_eq!(matrix.lines().count(), 13 * 20);
        insta::assert_snapshot!(matrix);
    }

    #[test]
    fn no_transition_is_there_twice_or_leads_nowhere() {
        let mut seen = BTreeSet::new();
        for (from, event, next) in TRANSITIONS {
            assert!(
                seen.insert((*from, *event)),
                "{from} + {event:?} is there twice"
            );
            assert_ne!(*next, Next::Stays, "{from} + {event:?}");
            assert_ne!(*next, Next::Becomes(*from), "{from} + {event:?}");
        }
    }

    #[test]
    fn workloads_run_only_where_a_lease_is_watched() {
        for status in [Active, Failed, Unfencing, EnteringMaintenance] {
            assert_ne!(
                next(status, Event::LeaseExpired),
                Ok(Next::Stays),
                "{status}"
            );
        }
    }

    #[test]
    fn the_published_diagram_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/lifecycle.md");
        let expected = format!(
            "# The life of a node\n\nGenerated from the table of transitions in `controller/src/lifecycle`; `MUSTER_BLESS=1` renews it.\n\n```mermaid\n{}```\n",
            diagram()
        );
        if std::env::var_os("MUSTER_BLESS").is_some() {
            std::fs::write(path, &expected).unwrap();
        }
        #[allow(clippy::disallowed_methods, reason = "test code")]
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(published, expected, "run with MUSTER_BLESS=1");
    }
}
