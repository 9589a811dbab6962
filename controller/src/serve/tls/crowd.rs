//! Whoever has shown no certificate yet, and may never: so many from one place and no more.
//!
//! Somebody who opens connections and says nothing takes none from others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::source::source;

/// Connections without a certificate from one address, or one network of IPv6. Machines behind a translator share
/// one; asking to be enrolled takes a fraction of a second.
const MOST_OF_ONE: u32 = 128;

/// How many there are, by where they come from.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<HashMap<IpAddr, u32>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Stranger {
    crowd: Arc<Crowd>,
    from: IpAddr,
}

impl Crowd {
    /// One more, unless there are too many from there.
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr) -> Option<Stranger> {
        let from = source(from);
        let mut counts = self.counts();
        let count = counts.entry(from).or_default();
        if *count >= MOST_OF_ONE {
            return None;
        }
        *count += 1;
        Some(Stranger {
            crowd: Arc::clone(self),
            from,
        })
    }

    /// Nothing is left half done under this lock.
    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let crowd = Arc::new(Crowd::default());
        let one = IpAddr::from([192, 0, 2, 1]);
        let mut inside: Vec<_> = (0..MOST_OF_ONE).map(|_| crowd.enter(one)).collect();
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
