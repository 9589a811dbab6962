//! When a certificate is replaced.

use crate::daemon::credentials::Validity;

const HOUR_S: i64 = 3600;
/// Whoever asks again and again is heeded so often.
const ASKED_AGAIN_S: i64 = 60;

/// When the next certificate is asked for, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    unasked: i64,
    asked: i64,
}

impl Plan {
    /// After 60 to 80 per cent of the certificate's life, by a `share` of 0 to 1 drawn at random, so that nodes that were enrolled
    /// together do not come together. Where more than one of the `roots` came with it, one of them is being replaced: the
    /// node asks again within a day, so that it forgets that one soon after the controllers have.
    pub(crate) fn found(validity: Validity, roots: usize, share: f64) -> Self {
        Self {
            unasked: age(validity, share).min(overlap(validity, roots, share)),
            asked: i64::MIN,
        }
    }

    /// The same for a certificate that is new: it is left alone for a tenth of its life, even if clocks say that it is old.
    pub(crate) fn renewed(validity: Validity, roots: usize, share: f64, now_unix_s: i64) -> Self {
        let tenth = (life(validity) / 10).max(1);
        let later = |seconds: i64| now_unix_s.saturating_add(seconds);
        let overlap = overlap(validity, roots, share).max(later(tenth.min(12 * HOUR_S)));
        Self {
            unasked: age(validity, share).max(later(tenth)).min(overlap),
            asked: later(tenth.min(ASKED_AGAIN_S)),
        }
    }

    /// When it is time; sooner where a controller asks for it.
    pub(crate) fn due(self, is_asked: bool) -> i64 {
        match is_asked {
            true => self.asked.min(self.unasked),
            false => self.unasked,
        }
    }
}

fn age(validity: Validity, share: f64) -> i64 {
    validity
        .not_before_unix_s
        .saturating_add(life(validity) / 5 * 3)
        .saturating_add(drawn(life(validity) / 5, share))
}

fn overlap(validity: Validity, roots: usize, share: f64) -> i64 {
    match roots {
        0 | 1 => i64::MAX,
        _ => validity
            .not_before_unix_s
            .saturating_add(12 * HOUR_S)
            .saturating_add(drawn(12 * HOUR_S, share)),
    }
}

fn life(validity: Validity) -> i64 {
    let life = validity
        .not_after_unix_s
        .saturating_sub(validity.not_before_unix_s);
    life.max(0)
}

fn drawn(spread: i64, share: f64) -> i64 {
    let drawn = i128::from(spread) * i128::from(percent(share)) / 100;
    i64::try_from(drawn).unwrap_or(i64::MAX)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a share of 0 to 1 makes 0 to 100"
)]
fn percent(share: f64) -> i64 {
    (share.clamp(0.0, 1.0) * 100.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALIDITY: Validity = Validity {
        not_before_unix_s: 1_000,
        not_after_unix_s: 2_000,
    };
    const DAY_S: i64 = 24 * HOUR_S;
    const QUARTER: Validity = Validity {
        not_before_unix_s: 0,
        not_after_unix_s: 90 * DAY_S,
    };

    fn found(validity: Validity, share: f64) -> i64 {
        Plan::found(validity, 1, share).due(false)
    }

    #[test]
    fn it_is_time_between_three_and_four_fifths_of_life() {
        assert_eq!(found(VALIDITY, 0.0), 1_600);
        assert_eq!(found(VALIDITY, 0.5), 1_700);
        assert_eq!(found(VALIDITY, 1.0), 1_800);
        let odd = Validity {
            not_before_unix_s: i64::MIN,
            not_after_unix_s: i64::MAX,
        };
        assert!(found(odd, 1.0) > i64::MIN);
        let reversed = Validity {
            not_before_unix_s: 5,
            not_after_unix_s: 1,
        };
        assert_eq!(found(reversed, 1.0), 5);
    }

    #[test]
    fn a_new_one_is_left_alone_whatever_clocks_say() {
        let plan = Plan::renewed(VALIDITY, 1, 0.0, 1_000);
        assert_eq!(plan.due(false), 1_600);
        let late = Plan::renewed(VALIDITY, 1, 0.0, 1_900);
        assert_eq!(late.due(false), 2_000);
        let reversed = Validity {
            not_before_unix_s: 5,
            not_after_unix_s: 1,
        };
        assert_eq!(Plan::renewed(reversed, 1, 1.0, 7).due(false), 8);
        let ahead = Plan::renewed(QUARTER, 2, 0.0, 89 * DAY_S);
        assert_eq!(ahead.due(false), 89 * DAY_S + 12 * HOUR_S);
    }

    #[test]
    fn a_controller_that_asks_is_heeded_at_once_and_then_once_a_minute() {
        assert_eq!(Plan::found(QUARTER, 1, 0.0).due(true), i64::MIN);
        // A root may be replaced days after the node has renewed by itself, or twice in a row.
        let plan = Plan::renewed(QUARTER, 1, 0.0, 100);
        assert_eq!(plan.due(true), 160);
        assert_eq!(plan.due(false), 54 * DAY_S);
        let short = Plan::renewed(VALIDITY, 1, 0.0, 1_000);
        assert_eq!(short.due(true), 1_060);
    }

    #[test]
    fn a_root_that_is_replaced_is_forgotten_within_a_day() {
        assert_eq!(Plan::found(QUARTER, 2, 0.0).due(false), 12 * HOUR_S);
        assert_eq!(Plan::found(QUARTER, 2, 1.0).due(false), DAY_S);
        assert_eq!(Plan::renewed(QUARTER, 2, 1.0, 9).due(false), DAY_S);
        assert_eq!(Plan::found(VALIDITY, 2, 1.0).due(false), 1_800, "sooner");
    }
}
