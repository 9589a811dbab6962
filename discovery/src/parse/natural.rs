//! Natural order of names: `eth2` before `eth10`.

use std::cmp::Ordering;

/// Compares runs of decimal digits as numbers and everything else byte by byte. Names that differ
/// only in leading zeros are ordered as text, so that two different names are never equal.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let (left_run, left_rest) = split_run(left);
        let (right_run, right_rest) = split_run(right);
        let order = match (is_number(left_run), is_number(right_run)) {
            (true, true) => compare_numbers(left_run, right_run),
            _ => left_run.cmp(right_run),
        };
        if order != Ordering::Equal {
            return order;
        }
        if left_run.is_empty() && right_run.is_empty() {
            return a.cmp(b);
        }
        (left, right) = (left_rest, right_rest);
    }
}

/// The first run of digits or of one other byte, and the rest.
fn split_run(text: &[u8]) -> (&[u8], &[u8]) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length = digits.max(usize::from(!text.is_empty()));
    text.split_at_checked(length).unwrap_or((text, &[]))
}

fn is_number(run: &[u8]) -> bool {
    run.first().is_some_and(u8::is_ascii_digit)
}

fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let significant = |run: &[u8]| run.iter().skip_while(|byte| **byte == b'0').count();
    let tail = |run: &[u8]| run.len() - significant(run);
    significant(a)
        .cmp(&significant(b))
        .then_with(|| a.get(tail(a)..).cmp(&b.get(tail(b)..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = vec![
            "eth10", "eth2", "eth02", "lo", "eth", "enp10s0", "enp9s0f1", "enp9s0f0", "sdaa", "sdb",
        ];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(
            names,
            [
                "enp9s0f0", "enp9s0f1", "enp10s0", "eth", "eth02", "eth2", "eth10", "lo", "sdaa",
                "sdb"
            ]
        );
    }

    #[test]
    fn numbers_of_any_length() {
        let long = "1".repeat(60);
        assert_eq!(compare(&long, &format!("{long}0")), Ordering::Less);
        assert_eq!(compare("a0", "a00"), Ordering::Less);
        assert_eq!(compare("", ""), Ordering::Equal);
        assert_eq!(compare("0", ""), Ordering::Greater);
    }

    #[test]
    fn is_an_order() {
        let names = [
            "a", "a0", "a00", "a1", "a01b", "a1b", "", "1", "01", "é9", "é10",
        ];
        for x in names {
            for y in names {
                assert_eq!(compare(x, y), compare(y, x).reverse(), "{x} {y}");
                for z in names {
                    if compare(x, y).is_lt() && compare(y, z).is_lt() {
                        assert!(compare(x, z).is_lt(), "{x} {y} {z}");
                    }
                }
            }
        }
    }
}
