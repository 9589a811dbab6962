//! When workloads may run here, and when they have to be stopped.
//!
//! The controller gives a lease with each answer. It is measured from the moment at which the heartbeat was
//! *sent*, on a clock that counts suspended time: so it ends here no later than the controller counts, and the controller declares
//! the node fenced only a margin after that: half a lease at the least. Within a third of that margin workloads may end by themselves,
//! within the second they are killed, the last is to spare. Whoever does not know what runs takes it for something that must not.

use std::time::Duration;

/// Time since the machine booted, suspended time included.
pub(crate) type SinceBoot = Duration;

/// Which workloads may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// None.
    None,
    /// Those that run, until they end; none is started.
    Remaining,
    /// All.
    Any,
}

/// What the controller allowed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permit {
    /// Workloads started under another epoch are not meant.
    pub(crate) epoch: u64,
    /// Which may run at all.
    pub(crate) allowed: Allowed,
    /// Not from then on.
    pub(crate) until: SinceBoot,
    /// How long they may take to end by themselves then.
    pub(crate) grace: Duration,
}

/// A lease is so many times as long as the grace at its end.
const GRACES_PER_LEASE: u32 = 6;
/// Where no lease says how long workloads may take to end.
const USUAL_GRACE: Duration = Duration::from_secs(5);

impl Permit {
    /// The lease of an answered heartbeat.
    pub(crate) fn granted(sent: SinceBoot, lease: Duration, epoch: u64, allowed: Allowed) -> Self {
        Self {
            epoch,
            allowed,
            until: sent.saturating_add(lease),
            grace: lease / GRACES_PER_LEASE,
        }
    }

    /// How long workloads may take to end by themselves.
    pub(crate) fn grace_of(permit: Option<Self>) -> Duration {
        permit.map_or(USUAL_GRACE, |permit| permit.grace)
    }
}

/// What runs on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Running {
    /// Whatever an agent before this one left.
    Unknown,
    /// Nothing: it was stopped, and nothing was started since.
    Nothing,
    /// What was started under that epoch, and nothing older.
    Epoch(u64),
}

impl Running {
    /// Whether nothing runs that was started before `epoch`.
    pub(crate) fn is_clean(self, epoch: u64) -> bool {
        match self {
            Self::Unknown => false,
            Self::Nothing => true,
            Self::Epoch(running) => running == epoch,
        }
    }
}

/// Why workloads are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// No lease was given since the agent started.
    NoLease,
    /// The lease ran out.
    LeaseOver,
    /// The controller wants none to run.
    NotAllowed,
    /// They are of another epoch.
    OtherEpoch,
}

impl Stop {
    /// For people.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NoLease => "no controller has given a lease since the agent started",
            Self::LeaseOver => "the lease ran out",
            Self::NotAllowed => "the controller allows none",
            Self::OtherEpoch => "the node is in another epoch",
        }
    }
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing, until a new permit, or until then.
    Wait(Option<SinceBoot>),
    /// Stop every workload.
    Stop(Stop),
    /// Let workloads start under this epoch.
    Start(u64),
}

/// Decides.
pub(crate) fn next(permit: Option<Permit>, running: Running, now: SinceBoot) -> Step {
    let refused = match permit {
        None => Some(Stop::NoLease),
        Some(permit) if permit.allowed == Allowed::None => Some(Stop::NotAllowed),
        Some(permit) if now >= permit.until => Some(Stop::LeaseOver),
        Some(_) => None,
    };
    match (refused, running, permit) {
        (Some(_), Running::Nothing, _) => Step::Wait(None),
        (Some(why), _, _) => Step::Stop(why),
        (None, Running::Nothing, Some(permit)) => match permit.allowed {
            Allowed::Any => Step::Start(permit.epoch),
            Allowed::Remaining | Allowed::None => Step::Wait(None),
        },
        (None, Running::Epoch(epoch), Some(permit)) if epoch == permit.epoch => {
            Step::Wait(Some(permit.until))
        }
        (None, _, _) => Step::Stop(Stop::OtherEpoch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;
    const PERMIT: Permit = Permit {
        epoch: 3,
        allowed: Allowed::Any,
        until: Duration::from_secs(100),
        grace: Duration::from_secs(5),
    };

    #[test]
    fn a_lease_counts_from_when_the_heartbeat_was_sent() {
        assert_eq!(Permit::granted(S(70), S(30), 3, Allowed::Any), PERMIT);
        let endless = Permit::granted(S(1), Duration::MAX, 3, Allowed::Any);
        assert_eq!(endless.until, Duration::MAX);
    }

    #[test]
    fn every_case() {
        use Running::{Epoch, Nothing, Unknown};
        let denied = Permit {
            allowed: Allowed::None,
            ..PERMIT
        };
        let draining = Permit {
            allowed: Allowed::Remaining,
            ..PERMIT
        };
        let cases = [
            (None, Unknown, 0, Step::Stop(Stop::NoLease)),
            (None, Epoch(3), 0, Step::Stop(Stop::NoLease)),
            (None, Nothing, 0, Step::Wait(None)),
            (Some(PERMIT), Unknown, 99, Step::Stop(Stop::OtherEpoch)),
            (Some(PERMIT), Epoch(2), 99, Step::Stop(Stop::OtherEpoch)),
            (Some(PERMIT), Epoch(4), 99, Step::Stop(Stop::OtherEpoch)),
            (Some(PERMIT), Nothing, 99, Step::Start(3)),
            (Some(PERMIT), Epoch(3), 99, Step::Wait(Some(S(100)))),
            (Some(PERMIT), Epoch(3), 100, Step::Stop(Stop::LeaseOver)),
            (Some(PERMIT), Unknown, 100, Step::Stop(Stop::LeaseOver)),
            (Some(PERMIT), Nothing, 100, Step::Wait(None)),
            (Some(denied), Epoch(3), 99, Step::Stop(Stop::NotAllowed)),
            (Some(denied), Unknown, 100, Step::Stop(Stop::NotAllowed)),
            (Some(denied), Nothing, 99, Step::Wait(None)),
            (Some(draining), Nothing, 99, Step::Wait(None)),
            (Some(draining), Epoch(3), 99, Step::Wait(Some(S(100)))),
            (Some(draining), Epoch(3), 100, Step::Stop(Stop::LeaseOver)),
            (Some(draining), Epoch(2), 99, Step::Stop(Stop::OtherEpoch)),
            (Some(draining), Unknown, 99, Step::Stop(Stop::OtherEpoch)),
        ];
        for (permit, running, now, expected) in cases {
            let step = next(permit, running, S(now));
            assert_eq!(step, expected, "{permit:?} {running:?} at {now}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_clean() {
        assert!(!Running::Unknown.is_clean(3));
        assert!(!Running::Epoch(2).is_clean(3));
        assert!(Running::Epoch(3).is_clean(3));
        assert!(Running::Nothing.is_clean(3));
    }
}
