//! Who has a file or a directory, and what may be done to it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AccountName, NoValue};

/// Owner, group and mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// By name, or by number where the host knows no name.
    pub owner: AccountName,
    /// By name, or by number where the host knows no name.
    pub group: AccountName,
    /// Permissions.
    pub mode: Mode,
}

impl Attributes {
    /// What belongs to root.
    pub(crate) fn of_root(mode: u32) -> Self {
        Self {
            owner: AccountName::root(),
            group: AccountName::root(),
            mode: Mode(mode),
        }
    }
}

/// Permissions, in octal digits: `"0644"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct Mode(u32);

/// inode(7): the permissions, with set-user-ID, set-group-ID and the sticky bit.
const PERMISSIONS: u32 = 0o7777;

impl Mode {
    /// The permissions among the bits of a file's mode.
    pub fn of(bits: u32) -> Self {
        Self(bits & PERMISSIONS)
    }

    /// Its bits.
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl TryFrom<String> for Mode {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        let is_octal = text.len() >= 3 && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        let bits = u32::from_str_radix(&text, 8).ok();
        match bits.filter(|bits| is_octal && *bits <= PERMISSIONS) {
            Some(bits) => Ok(Self(bits)),
            None => Err(NoValue::because(
                "a mode is three or four octal digits, such as \"0644\"",
            )),
        }
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04o}", self.0)
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, group, mode } = self;
        write!(formatter, "{owner}:{group} {mode}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal() {
        let mode = |text: &str| Mode::try_from(text.to_owned());
        assert_eq!(mode("0644").unwrap().bits(), 0o644);
        assert_eq!(mode("755").unwrap().to_string(), "0755");
        assert_eq!(mode("1777").unwrap().bits(), 0o1777);
        assert_eq!(Mode::of(0o100_600).bits(), 0o600);
        for wrong in ["", "64", "0888", "rw-r--r--", "10644", "+644", "0o644"] {
            assert!(mode(wrong).is_err(), "{wrong}");
        }
    }
}
