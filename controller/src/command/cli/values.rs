//! What may be written where.

use std::time::Duration;

use muster_controller::label::{check_key, check_value};
use muster_model::{NodeStatus, Role};

pub(super) fn role(text: &str) -> Result<Role, String> {
    Role::from_key(text).ok_or_else(|| "a role is control or worker".to_owned())
}

pub(super) fn status(text: &str) -> Result<NodeStatus, String> {
    let key = text.replace(['-', ' '], "_");
    NodeStatus::from_key(&key).ok_or_else(|| {
        let all: Vec<&str> = NodeStatus::ALL.map(NodeStatus::key).to_vec();
        format!("a status is one of {}", all.join(", "))
    })
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => {
            check_key(key)
                .and_then(|()| check_value(value))
                .map_err(|error| error.to_string())?;
            Ok((key.to_owned(), value.to_owned()))
        }
        None => Err("write it as KEY=VALUE".to_owned()),
    }
}

/// A whole number with its unit: `ms`, `s`, `m`, `h` or `d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err("give a whole number with its unit: ms, s, m, h or d".to_owned()),
    };
    let number: Option<u64> = digits.parse().ok();
    match number.and_then(|number| number.checked_mul(milliseconds)) {
        Some(0) => Err("it has to be longer than nothing".to_owned()),
        Some(length) => Ok(Duration::from_millis(length)),
        None => Err("give a whole number with its unit, such as 24h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(duration("30m"), Ok(Duration::from_secs(1800)));
        for wrong in ["", "7", "d", "0s", "-1s", "1w", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
