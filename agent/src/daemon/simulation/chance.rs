//! Randomness that follows from a seed: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Draws; its clones draw from the same sequence.
#[derive(Debug, Clone)]
pub(crate) struct Chance(Arc<AtomicU64>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    /// 64 random bits.
    pub(crate) fn draw(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of the range, which is not empty.
    pub(super) fn within(&self, range: Range<u64>) -> u64 {
        range.start + self.draw() % (range.end - range.start)
    }

    /// Whether one of `of` came.
    pub(super) fn one_of(&self, of: u64) -> bool {
        self.within(0..of) == 0
    }

    /// Up to `longest`, in milliseconds.
    pub(super) fn up_to(&self, longest: Duration) -> Duration {
        let most = u64::try_from(longest.as_millis()).unwrap();
        Duration::from_millis(self.within(0..most + 1))
    }

    /// One of the items.
    pub(super) fn pick<'a, T>(&self, items: &'a [T]) -> &'a T {
        let index = self.within(0..u64::try_from(items.len()).unwrap());
        &items[usize::try_from(index).unwrap()]
    }
}
