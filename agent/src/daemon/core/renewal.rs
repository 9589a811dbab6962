//! When a certificate is replaced.

use crate::daemon::credentials::Validity;

/// When to ask for the next one, in seconds since 1970: after 60 to 80 per cent of the present one's life, by a `share` of 0 to 1 drawn at
/// random, so that nodes that were enrolled together do not come together.
pub(crate) fn due(validity: Validity, share: f64) -> i64 {
    let spread = life(validity) / 5;
    let drawn = i64_of(i128::from(spread) * i128::from(percent(share)) / 100);
    validity
        .not_before_unix_s
        .saturating_add(life(validity) / 5 * 3)
        .saturating_add(drawn)
}

/// A new certificate is left alone for a tenth of its life, even if clocks say that it is old.
pub(crate) fn not_again_before(validity: Validity, now_unix_s: i64) -> i64 {
    now_unix_s.saturating_add((life(validity) / 10).max(1))
}

fn life(validity: Validity) -> i64 {
    let life = validity
        .not_after_unix_s
        .saturating_sub(validity.not_before_unix_s);
    life.max(0)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a share of 0 to 1 makes 0 to 100"
)]
fn percent(share: f64) -> i64 {
    (share.clamp(0.0, 1.0) * 100.0) as i64
}

fn i64_of(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_time_between_three_and_four_fifths_of_life() {
        let validity = Validity {
            not_before_unix_s: 1_000,
            not_after_unix_s: 2_000,
        };
        assert_eq!(due(validity, 0.0), 1_600);
        assert_eq!(due(validity, 0.5), 1_700);
        assert_eq!(due(validity, 1.0), 1_800);
        assert_eq!(not_again_before(validity, 1_900), 2_000);
        let odd = Validity {
            not_before_unix_s: i64::MIN,
            not_after_unix_s: i64::MAX,
        };
        assert!(due(odd, 1.0) > i64::MIN);
        let reversed = Validity {
            not_before_unix_s: 5,
            not_after_unix_s: 1,
        };
        assert_eq!(due(reversed, 1.0), 5);
        assert_eq!(not_again_before(reversed, 7), 8);
    }
}
