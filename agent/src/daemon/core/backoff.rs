//! How long to wait before asking a controller again.

use std::time::Duration;

/// The first wait is up to this, so that nodes that lost one controller together do not come back together.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(30);
/// What a controller's lease covers.
const HEARTBEATS_PER_LEASE: u32 = 3;
/// Answers have to come for so long before losses are forgotten.
const STABLE: Duration = Duration::from_mins(1);

/// Counts losses. The waits are random up to a bound that doubles ("full jitter").
#[derive(Debug)]
pub(crate) struct Backoff {
    losses: u32,
    longest: Duration,
    answered_since: Option<Duration>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            losses: 0,
            longest: LONGEST,
            answered_since: None,
        }
    }
}

impl Backoff {
    /// Whoever gives a `lease` is asked about as often as heartbeats would have come, so that a controller that was away for a moment hears its
    /// nodes before their leases end and workloads stop. No lease says nothing.
    pub(crate) fn keep(&mut self, lease: Duration) {
        if !lease.is_zero() {
            self.longest = (lease / HEARTBEATS_PER_LEASE).clamp(FIRST, LONGEST);
        }
    }

    /// An answer came at `now`, on any clock that does not jump.
    pub(crate) fn answered(&mut self, now: Duration) {
        let since = *self.answered_since.get_or_insert(now);
        if now.saturating_sub(since) >= STABLE {
            self.losses = 0;
        }
    }

    /// No answer came; how long to wait, by a `share` of 0 to 1 drawn at random.
    pub(crate) fn lost(&mut self, share: f64) -> Duration {
        let doubled = FIRST.saturating_mul(2_u32.saturating_pow(self.losses));
        self.losses = self.losses.saturating_add(1);
        self.answered_since = None;
        doubled.min(self.longest).mul_f64(share.clamp(0.0, 1.0))
    }
}

/// Up to a tenth earlier than `interval`, never later: what the controller asked for is the latest.
pub(crate) fn spread(interval: Duration, share: f64) -> Duration {
    interval.mul_f64(1.0 - 0.1 * share.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_bound_doubles_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..6).map(|_| backoff.lost(1.0).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 30, 30]);
        assert_eq!(backoff.lost(0.5), S(15));
        assert_eq!(backoff.lost(0.0), Duration::ZERO);
    }

    #[test]
    fn a_lease_is_not_slept_through() {
        let mut backoff = Backoff::default();
        let mut bound_of = |lease| {
            backoff.keep(lease);
            (0..6).map(|_| backoff.lost(1.0)).max()
        };
        assert_eq!(bound_of(S(9)), Some(S(3)));
        assert_eq!(bound_of(Duration::ZERO), Some(S(3)));
        assert_eq!(bound_of(Duration::from_millis(300)), Some(S(2)));
        assert_eq!(bound_of(S(30)), Some(S(10)));
        assert_eq!(bound_of(S(180)), Some(S(30)));
    }

    #[test]
    fn only_a_stable_time_forgets_losses() {
        let mut backoff = Backoff::default();
        backoff.lost(1.0);
        backoff.answered(S(100));
        backoff.answered(S(159));
        assert_eq!(backoff.lost(1.0), S(4), "59 s are not stable");
        backoff.answered(S(200));
        backoff.answered(S(260));
        assert_eq!(backoff.lost(1.0), S(2));
    }

    #[test]
    fn heartbeats_are_never_later_than_asked_for() {
        assert_eq!(spread(S(10), 0.0), S(10));
        assert_eq!(spread(S(10), 1.0), S(9));
    }
}
