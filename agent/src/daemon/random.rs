//! Randomness of the system.

use std::fmt::Write as _;

/// 128 random bits as 32 hexadecimal digits.
pub(crate) fn id() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// A share of 0 to 1, for waits that should differ between nodes. The middle when the system gives no randomness.
pub(crate) fn share() -> f64 {
    let drawn = u32::try_from(draw() >> 32).unwrap_or(u32::MAX);
    f64::from(drawn) / f64::from(u32::MAX)
}

/// Puts `items` into a random order.
pub(crate) fn shuffle<T>(items: &mut [T]) {
    items.sort_by_cached_key(|_| draw());
}

/// 64 random bits; in the middle when the system gives no randomness.
#[cfg(not(test))]
fn draw() -> u64 {
    getrandom::u64().unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
use seeded::draw;
#[cfg(test)]
pub(crate) use seeded::seed;

/// A simulation runs on one thread, and draws the same for the same seed.
#[cfg(test)]
mod seeded {
    use std::cell::RefCell;

    use crate::daemon::simulation::Chance;

    thread_local! {
        static CHANCE: RefCell<Option<Chance>> = const { RefCell::new(None) };
    }

    /// From here on, what is drawn on this thread follows from `seed`.
    pub(crate) fn seed(seed: u64) {
        CHANCE.set(Some(Chance::new(seed)));
    }

    pub(super) fn draw() -> u64 {
        let drawn = CHANCE.with_borrow(|chance| chance.as_ref().map(Chance::draw));
        drawn.unwrap_or_else(|| getrandom::u64().unwrap_or_default())
    }
}
