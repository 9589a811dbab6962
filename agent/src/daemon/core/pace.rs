//! How often the machine is read again.

use std::time::Duration;

/// Between two readings, when changes come one after the other: doubled with each, up to the longest.
const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);
/// Without any event, for what no event tells.
pub(crate) const AT_LEAST: Duration = Duration::from_hours(4);

/// A change after a calm is read at once. What changes on and on, such as a port that flaps, is read ever less often, until
/// it has been calm for as long as the last pause was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pace {
    last: Option<Read>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Read {
    /// When it ended, on any clock that does not jump.
    at: Duration,
    pause: Duration,
}

impl Pace {
    /// How long to wait with what is noticed at `now`.
    pub(crate) fn wait(&self, now: Duration) -> Duration {
        let last = self.last;
        last.map_or(Duration::ZERO, |last| {
            (last.at + last.pause).saturating_sub(now)
        })
    }

    /// What was noticed at `noticed` was read, which ended at `now`.
    pub(crate) fn read(&mut self, noticed: Duration, now: Duration) {
        let pause = match self.last {
            Some(last) if noticed < last.at + last.pause * 2 => (last.pause * 2).min(LONGEST),
            _ => SHORTEST,
        };
        self.last = Some(Read { at: now, pause });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    /// The times at which something is read that changes all the time, for so long.
    fn readings(hours: u64) -> Vec<u64> {
        let mut pace = Pace::default();
        let (mut now, mut read) = (S(1000), Vec::new());
        while now < S(1000) + Duration::from_hours(hours) {
            let noticed = now;
            now += pace.wait(now);
            read.push((now - S(1000)).as_secs());
            pace.read(noticed, now);
        }
        read
    }

    #[test]
    fn what_flaps_is_read_ever_less_often() {
        let read = readings(1);
        assert_eq!(read[..6], [0, 5, 15, 35, 75, 155]);
        let last = read.iter().rev().zip(read.iter().rev().skip(1)).next();
        assert_eq!(last.map(|(last, before)| last - before), Some(300));
        assert!(read.len() <= 20, "{}", read.len());
    }

    #[test]
    fn after_a_calm_a_change_is_read_at_once() {
        let mut pace = Pace::default();
        assert_eq!(pace.wait(S(1)), S(0));
        pace.read(S(1), S(2));
        assert_eq!(pace.wait(S(3)), S(4));
        pace.read(S(3), S(7));
        assert_eq!(pace.wait(S(7)), S(10));
        // Twice the pause has passed without a change.
        assert_eq!(pace.wait(S(27)), S(0));
        pace.read(S(27), S(28));
        assert_eq!(pace.wait(S(28)), S(5));
    }
}
