//! Those who are being taken in: any number at a time, but never two with one identity, who would pass by each other unseen.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::record::Identity;

/// Whose identities are being looked at and stored.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    under_way: Mutex<BTreeSet<Identity<String>>>,
    left: Notify,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    arrivals: &'a Arrivals,
    identities: BTreeSet<Identity<String>>,
}

impl Arrivals {
    /// Waits until nobody is under way who has one of these identities.
    pub(super) async fn enter<'a>(
        &self,
        identities: impl Iterator<Item = Identity<&'a str>>,
    ) -> Arrival<'_> {
        let identities = identities.map(|(what, value)| (what, value.to_owned()));
        let identities: BTreeSet<Identity<String>> = identities.collect();
        loop {
            // Made first: whoever leaves between the look and the wait is not missed.
            let left = self.left.notified();
            {
                let mut under_way = self.under_way();
                if under_way.is_disjoint(&identities) {
                    under_way.extend(identities.iter().cloned());
                    break;
                }
            }
            left.await;
        }
        Arrival {
            arrivals: self,
            identities,
        }
    }

    /// Nothing is left half done under this lock.
    fn under_way(&self) -> MutexGuard<'_, BTreeSet<Identity<String>>> {
        let under_way = self.under_way.lock();
        under_way.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut under_way = self.arrivals.under_way();
        for identity in &self.identities {
            under_way.remove(identity);
        }
        drop(under_way);
        self.arrivals.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn named<'a>(names: &'a [&'a str]) -> impl Iterator<Item = Identity<&'a str>> {
        names.iter().map(|name| ("name", *name))
    }

    #[tokio::test(start_paused = true)]
    async fn those_alike_come_one_after_the_other() {
        let arrivals = Arrivals::default();
        let first = arrivals.enter(named(&["a", "b"])).await;
        let _other = arrivals.enter(named(&["c"])).await;
        let second = arrivals.enter(named(&["b", "d"]));
        tokio::pin!(second);
        let waited = tokio::time::timeout(Duration::from_secs(1), &mut second).await;
        assert!(waited.is_err(), "it came while the first was under way");
        drop(first);
        drop(second.await);
        drop(arrivals.enter(named(&["a", "b", "d"])).await);
    }
}
