//! What is asked of the software of a host, as parameters of checks.

use std::fmt;
use std::str::FromStr;

use toml_span::{DeserError, Deserialize, Value};

use super::values::{parsed, whole};

/// A kernel module by its name, with `-` or `_` as its author likes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ModuleName(String);

impl ModuleName {
    /// As the kernel writes it.
    pub(crate) fn in_kernel(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl FromStr for ModuleName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_part =
            |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if text.chars().all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "{text:?} is no name of a kernel module; write it as lsmod(8) does: \"br_netfilter\""
            ))
        }
    }
}

impl<'de> Deserialize<'de> for ModuleName {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        parsed(value)
    }
}

impl fmt::Display for ModuleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A service or a socket of systemd by its whole name: `docker.service`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnitName(String);

impl UnitName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UnitName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // systemd.unit(5) has other kinds, of which an inventory does not tell.
        const OTHERS: [&str; 9] = [
            ".device",
            ".mount",
            ".automount",
            ".swap",
            ".target",
            ".path",
            ".timer",
            ".slice",
            ".scope",
        ];
        let is_part =
            |character: char| character.is_ascii_alphanumeric() || ":-_.\\@".contains(character);
        let is_other = OTHERS.iter().any(|kind| text.ends_with(kind));
        if is_other || !text.chars().all(is_part) {
            return Err(format!(
                "{text:?} names no service and no socket of systemd; write \"docker.service\", \
                 \"docker.socket\", or \"docker\" for the service"
            ));
        }
        let has_kind = text.ends_with(".service") || text.ends_with(".socket");
        let kind = if has_kind { "" } else { ".service" };
        Ok(Self(format!("{text}{kind}")))
    }
}

impl<'de> Deserialize<'de> for UnitName {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        parsed(value)
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A port of TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Port(pub(crate) u16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        const WANTED: &str = "a port is wanted: a whole number from 1 to 65535";
        whole(value, 1..=u16::MAX, WANTED).map(Self)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_named_as_the_kernel_does() {
        let name: ModuleName = "vfio-pci".parse().unwrap();
        assert_eq!(name.to_string(), "vfio-pci");
        assert_eq!(name.in_kernel(), "vfio_pci");
        for wrong in ["nvme.ko", "kernel/nvme", "nvme kvm"] {
            assert!(wrong.parse::<ModuleName>().is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn a_unit_without_a_kind_is_a_service() {
        let unit = |text: &str| text.parse::<UnitName>().map(|unit| unit.to_string());
        assert_eq!(unit("docker"), Ok("docker.service".to_owned()));
        assert_eq!(unit("docker.socket"), Ok("docker.socket".to_owned()));
        assert_eq!(unit("a.b@c"), Ok("a.b@c.service".to_owned()));
        for wrong in ["fstrim.timer", "a b", "/etc/x.service"] {
            assert!(unit(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
