//! What time it is, for whoever has to be told another one in tests.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::record::UnixMs;

/// The time of day.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Milliseconds since 1970.
    fn now(&self) -> UnixMs;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMs {
        // A clock before 1970 or after the year 292 million is no clock.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| {
            UnixMs::try_from(since.as_millis()).unwrap_or(UnixMs::MAX)
        })
    }
}
