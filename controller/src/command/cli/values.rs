//! What may be written where.

use std::time::Duration;

use muster_controller::label::{self, check_key, check_value};
use muster_model::{NodeStatus, Role};
use muster_proto::v1;

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

pub(super) fn taint(text: &str) -> Result<v1::Taint, String> {
    let form = || "write it as KEY=VALUE:EFFECT, such as dedicated=gpu:NoSchedule".to_owned();
    let (pair, effect) = text.rsplit_once(':').ok_or_else(form)?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    check_key(key)
        .and_then(|()| check_value(value))
        .and_then(|()| label::effect(effect))
        .map_err(|error| error.to_string())?;
    Ok(v1::Taint {
        key: key.to_owned(),
        value: value.to_owned(),
        effect: effect.to_owned(),
    })
}

/// What a node may be called from its first moment on: it goes through a shell and a configuration there.
pub(super) fn node_name(text: &str) -> Result<String, String> {
    const LONGEST: usize = 253;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let begins = text.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    match begins && text.len() <= LONGEST && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "a name has up to {LONGEST} letters, digits, `-`, `_` or `.`, and begins with a letter or digit"
        )),
    }
}

/// An HTTP proxy, without a password: the line would tell it.
pub(super) fn proxy(text: &str) -> Result<String, String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-.:[]".contains(letter);
    let host = text
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'));
    match host.is_some_and(|host| !host.is_empty() && host.chars().all(fits)) {
        true => Ok(text.to_owned()),
        false => Err("write it as http://HOST:PORT, without user and password".to_owned()),
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
    fn what_goes_into_a_line_is_plain() {
        for name in ["n1", "rack7-node_1.example"] {
            assert_eq!(node_name(name).as_deref(), Ok(name));
        }
        for name in [
            "", "-n", ".n", "a b", "$(id)", "a\"", "a'b", "a\nb", "ä", "a/../b",
        ] {
            assert!(node_name(name).is_err(), "{name:?} was taken");
        }
        assert!(proxy("http://p:3128/").is_ok() && proxy("http://[::1]:1").is_ok());
        for wrong in [
            "p:3128",
            "http://",
            "http://u:p@p:1",
            "https://p:1",
            "http://p:1/$(id)",
        ] {
            assert!(proxy(wrong).is_err(), "{wrong:?} was taken");
        }
        assert_eq!(taint("a=b:NoExecute").unwrap().value, "b");
        assert_eq!(taint("a:NoSchedule").unwrap().value, "");
        for wrong in ["a", "a=b", "a=b:Never", "=b:NoExecute", "a=b c:NoExecute"] {
            assert!(taint(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(duration("30m"), Ok(Duration::from_secs(1800)));
        for wrong in ["", "7", "d", "0s", "-1s", "1w", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
