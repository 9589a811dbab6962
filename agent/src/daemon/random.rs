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
    getrandom::u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}

/// Puts `items` into a random order.
pub(crate) fn shuffle<T>(items: &mut [T]) {
    items.sort_by_cached_key(|_| getrandom::u64().unwrap_or_default());
}
