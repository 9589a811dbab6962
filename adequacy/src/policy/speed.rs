//! Speeds of links, as parameters of checks.

use std::fmt;
use std::str::FromStr;

use muster_model::units;
use toml_span::{DeserError, Deserialize, Value};

use super::values::{number_and_unit, parsed, plain};

/// Speed of a link, written with its unit: `25 Gb/s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Speed {
    pub(crate) mbps: u64,
}

impl Speed {
    /// The speed that a link has, in words that differ from those of this one when it is less.
    pub(crate) fn beside(self, mbps: u64) -> String {
        let text = Self { mbps }.to_string();
        if mbps < self.mbps && text == self.to_string() {
            format!("{mbps} Mb/s")
        } else {
            text
        }
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = number_and_unit(text);
        let factor = match unit {
            "Mb/s" => Some(1),
            "Gb/s" => Some(1_000),
            "Tb/s" => Some(1_000_000),
            _ => None,
        };
        let number: Option<u64> = digits.parse().ok();
        number
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor))
            .map(|mbps| Self { mbps })
            .ok_or_else(|| {
                format!("{text:?} is no speed; write \"10 Gb/s\", \"100 Mb/s\" or the like")
            })
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        parsed(value)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
        formatter.write_str(&plain(&units::megabits(self.mbps as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_have_units() {
        let speed = |text: &str| text.parse::<Speed>().map(|speed| speed.mbps);
        assert_eq!(speed("25 Gb/s"), Ok(25_000));
        assert_eq!(speed("100 Mb/s"), Ok(100));
        for wrong in ["25", "25 GB/s", "25 Gbit", ""] {
            assert!(speed(wrong).is_err(), "{wrong:?} was taken");
        }
    }
    #[test]
    fn what_is_less_never_reads_the_same() {
        let least = Speed { mbps: 56_300 };
        assert_eq!(least.beside(56_280), "56280 Mb/s");
        assert_eq!(least.beside(56_300), "56.3 Gb/s");
        assert_eq!(least.beside(40_000), "40 Gb/s");
    }
}
