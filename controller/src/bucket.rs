//! How often something may happen, kept as the time at which there is room for a whole burst again (the generic cell
//! rate algorithm).

use std::time::Duration;

use tokio::time::Instant;

/// So many at once, and then one each time that this has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) burst: u32,
    pub(crate) each: Duration,
}

/// When there is room again for a whole burst; never used when none.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Bucket {
    full_at: Option<Instant>,
}

impl Bucket {
    /// How long until there is room for one.
    pub(crate) fn wait(self, limit: Limit, now: Instant) -> Duration {
        let owed = self
            .full_at
            .map_or(Duration::ZERO, |full| full.saturating_duration_since(now));
        (owed + limit.each).saturating_sub(limit.each * limit.burst)
    }

    /// Takes the room of one.
    pub(crate) fn charge(&mut self, limit: Limit, now: Instant) {
        let full = self.full_at.map_or(now, |full| full.max(now));
        self.full_at = Some(full + limit.each);
    }

    /// Whether nothing was taken of late.
    pub(crate) fn is_full(self, now: Instant) -> bool {
        self.full_at.is_none_or(|full| full <= now)
    }
}
