//! How long nodes may be silent, by how many there are.

use std::time::Duration;

use tokio::time::Instant;

/// So many heartbeats a second are taken without a thought; with more nodes than that allows, each calls less often.
const MOST_HEARTBEATS_PER_S: usize = 2_000;

/// So many come back a second when a controller starts and all shake hands at once, even on a small machine that has much else to do
/// (docs/scale.md).
const LEAST_RETURNS_PER_S: u32 = 400;

/// An agent that lost its controller asks again at the latest after so long, and within a third of its lease where that is shorter.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long nodes may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Between two heartbeats.
    pub interval: Duration,
    /// How long a node may run workloads after a heartbeat without another answer.
    pub lease: Duration,
    /// What the controller waits beyond the lease before it says that a node is fenced: by then the
    /// node has stopped its workloads itself.
    pub margin: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            lease: Duration::from_secs(30),
            margin: Duration::from_secs(15),
        }
    }
}

impl Timing {
    /// The longest silence before a node is fenced.
    pub fn patience(self) -> Duration {
        self.lease + self.margin
    }

    /// The same for so many nodes: all of it longer in proportion once they are too many for the interval.
    #[must_use]
    pub fn for_nodes(self, nodes: usize) -> Self {
        let needed_s = u64::try_from(nodes.div_ceil(MOST_HEARTBEATS_PER_S)).unwrap_or(u64::MAX);
        let interval = Duration::from_secs(needed_s);
        // Below the interval it is rounding that speaks.
        if nodes <= MOST_HEARTBEATS_PER_S || interval <= self.interval {
            return self;
        }
        let longer = |duration: Duration| {
            let nanoseconds =
                duration.as_nanos() * interval.as_nanos() / self.interval.as_nanos().max(1);
            Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
        };
        Self {
            interval,
            lease: longer(self.lease),
            margin: longer(self.margin),
        }
    }
}

/// What nodes are told, and what the store knows of it.
///
/// A node may hold to what it was told for as long as it was told, whatever becomes of this controller. So
/// nothing longer is told than what is noted in the store, from which the next controller starts.
#[derive(Debug)]
pub(super) struct Pace {
    /// For few nodes.
    base: Timing,
    /// For as many as there are.
    told: Timing,
    /// The patience that the store has.
    kept: Duration,
    /// Until then somebody may have been told what the store has.
    kept_until: Instant,
}

impl Pace {
    /// With what the store has of earlier controllers.
    pub(super) fn new(base: Timing, kept: Duration, now: Instant) -> Self {
        Self {
            base,
            told: base,
            kept,
            kept_until: now + kept,
        }
    }

    pub(super) fn told(&self) -> Timing {
        self.told
    }

    /// The silence that may be covered by what any controller told.
    pub(super) fn kept(&self) -> Duration {
        self.kept
    }

    /// How much longer a silence may be after a start than otherwise, with so many nodes: they have to notice that there is a
    /// controller again, and to wait for their turn. To fence later is always safe.
    pub(super) fn to_return(&self, nodes: usize) -> Duration {
        let nodes = u64::try_from(nodes).unwrap_or(u64::MAX);
        self.kept.min(LONGEST_PAUSE) + Duration::from_secs(nodes) / LEAST_RETURNS_PER_S
    }

    /// Tells what is right for so many nodes, as far as the store allows. What the store has to note for more, or may
    /// note after less.
    pub(super) fn adjust(&mut self, nodes: usize, now: Instant) -> Option<Duration> {
        let wanted = self.base.for_nodes(nodes);
        let patience = wanted.patience();
        if patience > self.kept {
            return Some(patience);
        }
        if patience < self.told.patience() {
            self.kept_until = now + self.kept;
        }
        self.told = wanted;
        if patience == self.kept || now < self.kept_until {
            return None;
        }
        // Taken for done before it is: whichever of the two the store has, what is told is not longer.
        self.kept = patience;
        Some(patience)
    }

    /// The store has noted `patience`.
    pub(super) fn noted(&mut self, patience: Duration) {
        self.kept = patience;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn intervals_grow_with_the_nodes_and_all_else_with_them() {
        let timing = Timing::default();
        for few in [0, 1, 2_000, 2_001, 20_000] {
            assert_eq!(timing.for_nodes(few), timing, "{few}");
        }
        let many = timing.for_nodes(20_001);
        assert_eq!(many.interval, S(11));
        assert_eq!((many.lease, many.margin), (S(33), S(33) / 2));
        assert_eq!(timing.for_nodes(100_000).interval, S(50));
        let quick = Timing {
            interval: Duration::from_millis(500),
            ..timing
        };
        assert_eq!(quick.for_nodes(2_000), quick);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_longer_is_told_than_what_the_store_has() {
        let now = Instant::now();
        let mut pace = Pace::new(Timing::default(), S(45), now);
        assert_eq!(pace.adjust(10, now), None);
        assert_eq!(pace.adjust(40_000, now), Some(S(90)));
        assert_eq!(pace.told(), Timing::default(), "the store has not got it");
        pace.noted(S(90));
        assert_eq!(pace.adjust(40_000, now), None);
        assert_eq!(pace.told().interval, S(20));

        assert_eq!(pace.adjust(10, now), None);
        assert_eq!(pace.told(), Timing::default(), "less is told at once");
        assert_eq!(
            pace.adjust(10, now + S(89)),
            None,
            "some may still hold to 90 s"
        );
        assert_eq!(pace.adjust(10, now + S(90)), Some(S(45)));
        assert_eq!(pace.adjust(10, now + S(91)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_earlier_controller_told_is_waited_for() {
        let now = Instant::now();
        let mut pace = Pace::new(Timing::default(), S(90), now);
        assert_eq!(pace.kept(), S(90));
        assert_eq!(pace.adjust(1, now + S(60)), None);
        assert_eq!(pace.adjust(1, now + S(90)), Some(S(45)));
    }
}
