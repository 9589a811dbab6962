//! Who has something in common with a machine, without a look at every node for each one that joins.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use crate::record::NodeRecord;

/// The ids of nodes by what no two machines have in common.
#[derive(Debug, Default)]
pub(super) struct Identities {
    hashes: RandomState,
    /// By the hash alone, which is small: whoever is found is looked at.
    ids: BTreeSet<(u64, Arc<str>)>,
}

impl Identities {
    /// Takes in a node.
    pub(super) fn insert(&mut self, record: &NodeRecord) {
        let id = Arc::from(record.id.as_str());
        let entries = self.hashes_of(record);
        let entries = entries.map(|hash| (hash, Arc::clone(&id)));
        self.ids.extend(entries.collect::<Vec<_>>());
    }

    /// Forgets a node; `record` as it was taken in.
    pub(super) fn remove(&mut self, record: &NodeRecord) {
        let id: Arc<str> = Arc::from(record.id.as_str());
        let hashes: Vec<u64> = self.hashes_of(record).collect();
        for hash in hashes {
            self.ids.remove(&(hash, Arc::clone(&id)));
        }
    }

    /// Who may have something in common with it, itself not excepted.
    pub(super) fn alike(&self, record: &NodeRecord) -> BTreeSet<Arc<str>> {
        let first = Arc::from("");
        let with = |hash: u64| {
            let from = self.ids.range((hash, Arc::clone(&first))..);
            from.take_while(move |(other, _)| *other == hash)
        };
        let found = self.hashes_of(record).flat_map(with);
        found.map(|(_, id)| Arc::clone(id)).collect()
    }

    fn hashes_of(&self, record: &NodeRecord) -> impl Iterator<Item = u64> {
        let identities = record.identities();
        identities.map(|identity| self.hashes.hash_one(identity))
    }
}
