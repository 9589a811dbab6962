//! What the running agent knows of itself beyond its state on disk, for those who ask on its socket.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clock::now_unix_ms;
use super::core::fencing::SinceBoot;
use super::state::{AgentStatus, Link};

/// Tasks write; the socket and the metrics read.
#[derive(Debug)]
pub(crate) struct Board {
    started_unix_ms: i64,
    sight: Mutex<Sight>,
}

/// All of it at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sight {
    /// None before the first task told something.
    pub(crate) status: Option<AgentStatus>,
    /// None while no controller answers heartbeats.
    pub(crate) connection: Option<Connection>,
    pub(crate) heartbeats_answered: u64,
    pub(crate) heartbeats_lost: u64,
    pub(crate) round_trips: RoundTrips,
    /// When the lease ends; none before the first.
    pub(crate) lease_until: Option<SinceBoot>,
    /// When a controller answered last, in milliseconds since 1970.
    pub(crate) answered_unix_ms: Option<i64>,
}

/// A connection on which heartbeats are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    /// `host:port`.
    pub(crate) controller: String,
    /// Milliseconds since 1970.
    pub(crate) since_unix_ms: i64,
    pub(crate) round_trip: Duration,
    pub(crate) heartbeats: u64,
}

/// How long answers took, counted by the bounds of a histogram.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoundTrips {
    /// As many as took no longer than the bound, and longer than the one before.
    pub(crate) counts: [u64; BOUNDS_MS.len()],
    /// All, those beyond the last bound too.
    pub(crate) count: u64,
    pub(crate) sum: Duration,
}

/// A call is given up after 10 s.
pub(crate) const BOUNDS_MS: [u32; 8] = [1, 5, 20, 100, 500, 1_000, 5_000, 10_000];

impl Default for Board {
    fn default() -> Self {
        Self {
            started_unix_ms: now_unix_ms(),
            sight: Mutex::default(),
        }
    }
}

impl Board {
    /// When the agent started, in milliseconds since 1970.
    pub(crate) fn started_unix_ms(&self) -> i64 {
        self.started_unix_ms
    }

    /// What is known now.
    pub(crate) fn sight(&self) -> Sight {
        self.hold().clone()
    }

    /// The agent is doing so.
    pub(crate) fn is(&self, status: &AgentStatus) {
        let mut sight = self.hold();
        if !matches!(status.link, Link::Connected { .. }) {
            sight.connection = None;
        }
        sight.status = Some(status.clone());
    }

    /// A controller answered a heartbeat.
    pub(crate) fn answered(&self, controller: &str, took: Duration, lease: Option<SinceBoot>) {
        let now = now_unix_ms();
        let mut sight = self.hold();
        sight.heartbeats_answered += 1;
        sight.round_trips.add(took);
        sight.lease_until = lease;
        sight.answered_unix_ms = Some(now);
        let before = sight.connection.take();
        let before = before.filter(|before| before.controller == controller);
        sight.connection = Some(Connection {
            controller: controller.to_owned(),
            since_unix_ms: before.as_ref().map_or(now, |before| before.since_unix_ms),
            round_trip: took,
            heartbeats: before.map_or(0, |before| before.heartbeats) + 1,
        });
    }

    /// A heartbeat came to nothing.
    pub(crate) fn lost(&self) {
        let mut sight = self.hold();
        sight.heartbeats_lost += 1;
        sight.connection = None;
    }

    fn hold(&self) -> MutexGuard<'_, Sight> {
        // Nothing panics while it is held, and what it holds is whole at any time.
        self.sight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RoundTrips {
    fn add(&mut self, took: Duration) {
        let within = |bound: &u32| took <= Duration::from_millis(u64::from(*bound));
        let place = BOUNDS_MS.iter().position(within);
        if let Some(count) = place.and_then(|place| self.counts.get_mut(place)) {
            *count += 1;
        }
        self.count += 1;
        self.sum += took;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_connection_lasts_until_a_heartbeat_is_lost() {
        let board = Board::default();
        board.answered("c1:1", MS(3), Some(MS(9)));
        board.answered("c1:1", MS(4), Some(MS(10)));
        let connection = board.sight().connection.unwrap();
        assert_eq!((connection.heartbeats, connection.round_trip), (2, MS(4)));
        board.answered("c2:1", MS(4), None);
        assert_eq!(board.sight().connection.unwrap().heartbeats, 1);
        board.lost();
        let sight = board.sight();
        assert_eq!(sight.connection, None);
        assert_eq!((sight.heartbeats_answered, sight.heartbeats_lost), (3, 1));
    }

    #[test]
    fn round_trips_are_counted_by_their_bounds() {
        let mut trips = RoundTrips::default();
        for took in [MS(1), MS(2), MS(5), MS(20_000)] {
            trips.add(took);
        }
        assert_eq!(trips.counts, [1, 2, 0, 0, 0, 0, 0, 0]);
        assert_eq!((trips.count, trips.sum), (4, MS(20_008)));
    }
}
