//! Days of the calendar, as parameters of checks.

use std::fmt;
use std::str::FromStr;

use toml_span::{DeserError, Deserialize, Value};

use super::values::parsed;

/// A day of the calendar: `2023-05-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let no_date = || format!("{text:?} is no date; write year, month and day: \"2023-05-01\"");
        let parts: Vec<&str> = text.split('-').collect();
        let &[year, month, day] = parts.as_slice() else {
            return Err(no_date());
        };
        let lengths = [year.len(), month.len(), day.len()];
        let digits = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        match (year.parse(), month.parse(), day.parse()) {
            (Ok(year), Ok(month), Ok(day))
                if digits
                    && lengths == [4, 2, 2]
                    && (1..=days_of_month(year, month)).contains(&day) =>
            {
                Ok(Self { year, month, day })
            }
            _ => Err(no_date()),
        }
    }
}

/// By the Gregorian calendar; none in a month that there is not.
fn days_of_month(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        parsed(value)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        let date = |text: &str| text.parse::<Date>();
        assert!(date("2023-05-01") < date("2023-05-02"));
        assert!(date("2022-12-31").unwrap() < date("2023-01-01").unwrap());
        assert_eq!(date("2024-02-29").unwrap().to_string(), "2024-02-29");
        for wrong in [
            "2023-02-29",
            "1900-02-29",
            "2023-04-31",
            "2023-13-01",
            "2023-00-01",
            "2023-01-00",
            "05/01/2023",
            "2023-5-1",
            "+023-05-01",
            "2023-05",
            "",
        ] {
            assert!(date(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
