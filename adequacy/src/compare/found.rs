//! What a walk found so far, with its place in the document.

use super::document::{Difference, UnknownFact};
use super::known::Known;

/// Findings with their place in the document.
#[derive(Default)]
pub(super) struct Found {
    devices: usize,
    differences: Vec<(Rank, Difference)>,
    unknown: Vec<(Rank, UnknownFact)>,
}

/// A device's number in the order of the walk, a field's row in the table, and its path.
pub(super) type Rank = (usize, usize, String);

impl Found {
    pub(super) fn difference(&mut self, rank: Rank, difference: Difference) {
        self.differences.push((rank, difference));
    }

    /// In the order of sections, devices and rows.
    pub(super) fn sorted(mut self) -> (Vec<Difference>, Vec<UnknownFact>) {
        self.differences.sort_by(|a, b| a.0.cmp(&b.0));
        self.unknown.sort_by(|a, b| a.0.cmp(&b.0));
        let differences = self.differences.into_iter().map(|(_, found)| found);
        let unknown = self.unknown.into_iter().map(|(_, found)| found);
        (differences.collect(), unknown.collect())
    }

    /// The number of another device.
    pub(super) fn next_device(&mut self) -> usize {
        self.devices += 1;
        self.devices
    }

    pub(super) fn unknown(&mut self, rank: Rank, known: &Known<'_>, why: &str) {
        let found = UnknownFact {
            fact: rank.2.clone(),
            side: known.side,
            reason: why.to_owned(),
        };
        self.unknown.push((rank, found));
    }
}
