//! Who guesses at join tokens has to wait.
//!
//! A secret of 256 random bits is not guessed; what is bounded here is what guessing costs the controller and
//! its log. An address that has not guessed wrong is always answered, so that nobody keeps others out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::bucket::{Bucket, Limit};
use crate::source::source;

/// Wrong tokens from one address.
const OF_ONE: Limit = Limit {
    burst: 10,
    each: Duration::from_secs(6),
};
/// Wrong tokens from all of them.
const OF_ALL: Limit = Limit {
    burst: 100,
    each: Duration::from_millis(100),
};
/// Addresses that are remembered; of more only the total is bounded.
const MOST_SOURCES: usize = 10_000;

/// How much has been guessed of late.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    total: Bucket,
    sources: HashMap<IpAddr, Bucket>,
}

impl Guesses {
    /// Whether a token from there is looked at now.
    ///
    /// # Errors
    /// How long to wait until it is.
    pub(super) fn permit(&self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        self.state().permit(source(from), now)
    }

    /// Notes a wrong one. Of many at once only as many are answered as one after the other would have been.
    ///
    /// # Errors
    /// How long to wait: this one is not answered.
    pub(super) fn wrong(&self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        let (source, mut state) = (source(from), self.state());
        state.permit(source, now)?;
        state.total.charge(OF_ALL, now);
        if state.sources.len() >= MOST_SOURCES {
            state.sources.retain(|_, bucket| !bucket.is_full(now));
        }
        if state.sources.len() < MOST_SOURCES {
            let own = state.sources.entry(source).or_default();
            own.charge(OF_ONE, now);
        }
        Ok(())
    }

    /// Nothing is left half done under this lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn permit(&self, source: IpAddr, now: Instant) -> Result<(), Duration> {
        let Some(own) = self.sources.get(&source) else {
            return Ok(());
        };
        let wait = own.wait(OF_ONE, now).max(self.total.wait(OF_ALL, now));
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_thousand_guesses_are_slowed_and_others_are_not() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let guesser = address("192.0.2.1");
        let answered = (0..1000).filter(|_| guesses.wrong(guesser, start).is_ok());
        assert_eq!(answered.count(), 10);
        assert_eq!(
            guesses.permit(guesser, start),
            Err(Duration::from_secs(6)),
            "the right token has to wait too"
        );
        assert_eq!(guesses.permit(address("192.0.2.2"), start), Ok(()));
        let later = start + Duration::from_secs(6);
        assert_eq!(guesses.wrong(guesser, later), Ok(()));
        assert!(guesses.wrong(guesser, later).is_err());
        let long_after = start + Duration::from_secs(3600);
        let answered = (0..1000).filter(|_| guesses.wrong(guesser, long_after).is_ok());
        assert_eq!(answered.count(), 10);
    }

    #[test]
    fn many_addresses_share_the_total() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for last in 0..100_u8 {
            guesses.wrong(IpAddr::from([192, 0, 2, last]), now).unwrap();
        }
        let again = guesses.wrong(address("192.0.2.1"), now);
        assert_eq!(again, Err(Duration::from_millis(100)));
        assert_eq!(guesses.permit(address("198.51.100.1"), now), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for number in 0..11_000_u32 {
            let from = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            assert_eq!(guesses.wrong(from, now), Ok(()));
        }
        assert_eq!(guesses.state().sources.len(), MOST_SOURCES);
        let later = now + Duration::from_secs(3600);
        guesses.wrong(address("192.0.2.1"), later).unwrap();
        assert_eq!(guesses.state().sources.len(), 1);
    }
}
