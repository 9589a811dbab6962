//! Sizes in bytes, as parameters of checks.

use std::fmt;
use std::str::FromStr;

use muster_model::units;
use toml_span::{DeserError, Deserialize, Value};

use super::values::{number_and_unit, parsed, plain, wrong};

/// Bytes as a policy writes them, with their unit: `16 GiB`, `500 GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
    number: u64,
    unit: &'static str,
    /// Bytes of the unit.
    factor: u64,
}

impl Size {
    /// Bytes by units of the same kind, binary or decimal, so that both compare at a glance; by the very
    /// unit where it was chosen over a larger one, as in `1700 MiB`, and has few digits.
    pub(crate) fn alike(self, bytes: u64) -> String {
        let is_binary = self.unit == "B" || self.unit.ends_with("iB");
        let next = if is_binary { 1024 } else { 1000 };
        let most = self.number.max(9_999).saturating_mul(self.factor);
        if self.number >= next && (self.factor..=most).contains(&bytes) {
            #[allow(
                clippy::cast_precision_loss,
                reason = "three digits are wanted at least"
            )]
            let number = bytes as f64 / self.factor as f64;
            plain(&units::with_unit(number, self.unit))
        } else if is_binary {
            in_words(bytes)
        } else {
            plain(&units::decimal_bytes(bytes))
        }
    }

    /// The same, in words that differ from those of this size when it is less: `16 GiB less 1 B`.
    pub(crate) fn beside(self, bytes: u64) -> String {
        let text = self.alike(bytes);
        match self.bytes.checked_sub(bytes) {
            Some(lacking @ 1..) if text == self.alike(self.bytes) => {
                format!("{text} less {}", self.alike(lacking))
            }
            _ => text,
        }
    }
}

/// Bytes of which the policy says nothing, by binary units.
pub(crate) fn in_words(bytes: u64) -> String {
    plain(&units::bytes(bytes))
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, u64); 11] = [
            ("B", 1),
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
            ("PB", 1_000_000_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
            ("PiB", 1 << 50),
        ];
        let (digits, unit) = number_and_unit(text);
        let unit = UNITS.iter().find(|(name, _)| *name == unit);
        let number: Option<u64> = digits.parse().ok();
        let (Some(number), Some((unit, factor))) = (number, unit) else {
            return Err(format!(
                "{text:?} is no size; write a whole number with its unit, such as \"16 GiB\" or \"500 GB\""
            ));
        };
        let bytes = number
            .checked_mul(*factor)
            .ok_or_else(|| format!("{number} {unit} is more than can be counted in 64 bits"))?;
        Ok(Self {
            bytes,
            number,
            unit,
            factor: *factor,
        })
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        if value.as_integer().is_some() {
            return Err(wrong(value.span, "say the unit, in quotation marks: \"16 GiB\"").into());
        }
        parsed(value)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.number, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let size = |text: &str| text.parse::<Size>().map(|size| size.bytes);
        assert_eq!(size("16 GiB"), Ok(16 << 30));
        assert_eq!(size("500GB"), Ok(500_000_000_000));
        assert_eq!(size("0 B"), Ok(0));
        for wrong in [
            "16",
            "GiB",
            "1.5 GiB",
            "-1 GiB",
            "16 gib",
            "",
            "99999999 PiB",
        ] {
            assert!(size(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn sizes_are_told_by_the_units_of_their_author() {
        let told = |text: &str| text.parse::<Size>().map(|size| size.to_string());
        for text in ["400 GB", "1500 MiB", "2000 GB", "0 B"] {
            assert_eq!(told(text), Ok(text.to_owned()));
        }
        let beside = |text: &str, bytes| text.parse::<Size>().unwrap().beside(bytes);
        assert_eq!(beside("400 GB", 500_107_862_016), "500 GB");
        assert_eq!(beside("400 GiB", 500_107_862_016), "466 GiB");
        assert_eq!(beside("1 TB", 960_197_124_096), "960 GB");
        assert_eq!(beside("2000 GB", 1_920_383_410_176), "1920 GB");
        assert_eq!(beside("1700 MiB", 2_025_000_000), "1931 MiB");
        assert_eq!(beside("1700 MiB", 4096), "4 KiB");
        assert_eq!(beside("1700 MiB", 32 << 30), "32 GiB");
        assert_eq!(beside("20000 GB", 19_500_000_000_000), "19500 GB");
    }

    #[test]
    fn what_is_less_never_reads_the_same() {
        let beside = |text: &str, bytes| text.parse::<Size>().unwrap().beside(bytes);
        assert_eq!(beside("4 GiB", 4 << 30), "4 GiB");
        assert_eq!(beside("4 GiB", 5 << 30), "5 GiB");
        assert_eq!(beside("4 GiB", 3 << 30), "3 GiB");
        assert_eq!(beside("4 GiB", (4 << 30) - 1), "4 GiB less 1 B");
        assert_eq!(beside("4096 MiB", (4 << 30) - 1), "4096 MiB less 1 B");
        assert_eq!(
            beside("16 GiB", (16 << 30) - (20 << 20)),
            "16 GiB less 20 MiB"
        );
        assert_eq!(beside("400 GB", 399_900_000_000), "400 GB less 100 MB");
        assert_eq!(beside("0 B", 0), "0 B");
    }
}
