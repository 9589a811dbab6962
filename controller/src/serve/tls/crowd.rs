//! Whoever has shown no certificate yet, and may never: so many from one place and no more.
//!
//! Somebody who opens connections and says nothing takes none from others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::source::source;

/// What is put up with of whoever has shown no certificate.
#[derive(Debug, Clone, Copy)]
pub struct Newcomers {
    /// Connections at a time from one address, or one network of IPv6. Machines behind a translator share one.
    pub per_address: u32,
    /// How long a connection lasts after its first words. Asking to be enrolled takes a fraction of a second, and who has to ask again
    /// comes again.
    pub longest_stay: Duration,
}

impl Default for Newcomers {
    fn default() -> Self {
        Self {
            per_address: 128,
            longest_stay: Duration::from_secs(120),
        }
    }
}

/// How many there are, by where they come from.
#[derive(Debug)]
pub(super) struct Crowd {
    counts: Mutex<HashMap<IpAddr, u32>>,
    bounds: Newcomers,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Stranger {
    crowd: Arc<Crowd>,
    from: IpAddr,
    /// How long it may stay.
    pub(super) longest_stay: Duration,
}

impl Crowd {
    /// Within these bounds.
    pub(super) fn within(bounds: Newcomers) -> Self {
        Self {
            counts: Mutex::default(),
            bounds,
        }
    }

    /// One more, unless there are too many from there.
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr) -> Option<Stranger> {
        let from = source(from);
        let mut counts = self.counts();
        let count = counts.entry(from).or_default();
        if *count >= self.bounds.per_address {
            return None;
        }
        *count += 1;
        Some(Stranger {
            longest_stay: self.bounds.longest_stay,
            crowd: Arc::clone(self),
            from,
        })
    }

    /// Nothing is left half done under this lock.
    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        if let Some(count) = counts.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_does_not_take_it_from_others() {
        let crowd = Arc::new(Crowd::within(Newcomers::default()));
        let one = IpAddr::from([192, 0, 2, 1]);
        let mut inside: Vec<_> = (0..128).map(|_| crowd.enter(one)).collect();
        assert!(inside.iter().all(Option::is_some));
        assert!(crowd.enter(one).is_none());
        assert!(crowd.enter(IpAddr::from([192, 0, 2, 2])).is_some());
        inside.pop();
        inside.push(crowd.enter(one));
        assert!(inside.last().unwrap().is_some());
        inside.clear();
        assert!(crowd.counts().is_empty());
    }
}
