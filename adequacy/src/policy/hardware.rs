//! Values that name parts of a machine: PCI functions, the transport of disks, places in the file
//! system.

use std::fmt;
use std::str::FromStr;

use muster_model::disk::Transport;
use muster_model::pci::PciFunction;
use toml_span::{DeserError, Deserialize, Value};

use super::values::{one_of, parsed};

/// Which PCI functions: `10de:2330`, `10de:*`, or by class `class:03`, `class:0302`,
/// `class:030200`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PciPattern {
    /// Those of a vendor, or of these its one device: lower-case hexadecimal digits.
    Device {
        vendor: String,
        device: Option<String>,
    },
    /// Those whose class begins with these digits.
    Class(String),
}

impl PciPattern {
    /// Whether a function is one of those; `None` when its numbers are unknown.
    pub(crate) fn fits(&self, function: &PciFunction) -> Option<bool> {
        match self {
            Self::Class(digits) => {
                let class = function.class_code.as_deref();
                class.map(|class| class.starts_with(digits))
            }
            Self::Device { vendor, device } => {
                let same = |known: &Option<String>, wanted: &str| {
                    known.as_deref().map(|known| known == wanted)
                };
                let of_vendor = same(&function.vendor_id, vendor);
                let is_device = match device {
                    Some(device) => same(&function.device_id, device),
                    None => Some(true),
                };
                match (of_vendor, is_device) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (one, other) => one.and(other),
                }
            }
        }
    }
}

impl FromStr for PciPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hexadecimal = |digits: &str, lengths: &[usize]| {
            let fits = lengths.contains(&digits.len())
                && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            fits.then(|| digits.to_ascii_lowercase())
        };
        let pattern = match text.split_once(':') {
            Some(("class", digits)) => hexadecimal(digits, &[2, 4, 6]).map(Self::Class),
            Some((vendor, "*")) => hexadecimal(vendor, &[4]).map(|vendor| Self::Device {
                vendor,
                device: None,
            }),
            Some((vendor, device)) => {
                let numbers = hexadecimal(vendor, &[4]).zip(hexadecimal(device, &[4]));
                numbers.map(|(vendor, device)| Self::Device {
                    vendor,
                    device: Some(device),
                })
            }
            None => None,
        };
        pattern.ok_or_else(|| {
            format!(
                "{text:?} names no PCI functions; write vendor and device as \"10de:2330\", all of \
                 a vendor as \"10de:*\", or a class as \"class:03\", \"class:0302\" or \"class:030200\""
            )
        })
    }
}

impl fmt::Display for PciPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(digits) => write!(formatter, "class:{digits}"),
            Self::Device { vendor, device } => {
                write!(formatter, "{vendor}:{}", device.as_deref().unwrap_or("*"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for PciPattern {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        parsed(value)
    }
}

/// How a disk is attached, by the inventory's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TransportName(pub(crate) Transport);

impl TransportName {
    const WORDS: &'static [&'static str] = &[
        "nvme",
        "nvme_fabrics",
        "sata",
        "ide",
        "sas",
        "scsi",
        "usb",
        "virtio",
        "iscsi",
        "fc",
        "fcoe",
        "mmc",
        "raid",
        "firewire",
        "xen",
        "nvdimm",
        "dasd",
        "network",
        "hyperv",
    ];
    /// What each word means, in the same order.
    const MEANINGS: &'static [Transport] = &[
        Transport::Nvme,
        Transport::NvmeFabrics,
        Transport::Sata,
        Transport::Ide,
        Transport::Sas,
        Transport::Scsi,
        Transport::Usb,
        Transport::Virtio,
        Transport::Iscsi,
        Transport::Fc,
        Transport::Fcoe,
        Transport::Mmc,
        Transport::Raid,
        Transport::Firewire,
        Transport::Xen,
        Transport::Nvdimm,
        Transport::Dasd,
        Transport::Network,
        Transport::Hyperv,
    ];
}

impl<'de> Deserialize<'de> for TransportName {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        one_of(value, Self::WORDS, Self::MEANINGS).map(Self)
    }
}

impl fmt::Display for TransportName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pairs = Self::WORDS.iter().zip(Self::MEANINGS);
        let word = pairs.find(|(_, transport)| **transport == self.0);
        // The model may learn a transport before this list does.
        formatter.write_str(word.map_or("another transport", |(word, _)| word))
    }
}

/// An absolute path of which the file system is meant: without `.`, `..` and a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(String);

impl Place {
    /// Whether it is the mount point itself.
    pub(crate) fn is_at(&self, mount_point: &str) -> bool {
        self.0 == mount_point
    }

    /// Whether what is mounted at `mount_point` may hold this place.
    pub(crate) fn is_below(&self, mount_point: &str) -> bool {
        let mount_point = mount_point.trim_end_matches('/');
        let rest = self.0.strip_prefix(mount_point);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// What is never on storage, and therefore in no inventory.
        const IN_MEMORY: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];
        let Some(path) = text.strip_prefix('/') else {
            return Err(format!(
                "{text:?} is no absolute path; write it from the root on, such as \"/var/lib\""
            ));
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        let is_name = |part: &str| !matches!(part, "" | "." | "..");
        if text != "/" && !path.split('/').all(is_name) {
            return Err(format!(
                "{text:?} is written in a roundabout way; leave out \"//\", \".\" and \"..\""
            ));
        }
        let place = Self(format!("/{path}"));
        match IN_MEMORY.iter().find(|memory| place.is_below(memory)) {
            Some(memory) => Err(format!(
                "{text:?} is not on storage: {memory} is in the kernel's memory"
            )),
            None => Ok(place),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        parsed(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn function(vendor: Option<&str>, device: Option<&str>, class: Option<&str>) -> PciFunction {
        PciFunction {
            vendor_id: vendor.map(str::to_owned),
            device_id: device.map(str::to_owned),
            class_code: class.map(str::to_owned),
            ..PciFunction::default()
        }
    }

    #[test]
    fn patterns_of_pci_functions() {
        let gpu = function(Some("10de"), Some("2330"), Some("030200"));
        let fits = |pattern: &str, function| pattern.parse::<PciPattern>().unwrap().fits(function);
        for pattern in [
            "10de:2330",
            "10DE:*",
            "class:03",
            "class:0302",
            "class:030200",
        ] {
            assert_eq!(fits(pattern, &gpu), Some(true), "{pattern}");
        }
        for pattern in ["10de:2331", "8086:*", "8086:2330", "class:0300", "class:02"] {
            assert_eq!(fits(pattern, &gpu), Some(false), "{pattern}");
        }
        let nameless = function(Some("10de"), None, None);
        assert_eq!(fits("10de:2330", &nameless), None);
        assert_eq!(fits("8086:2330", &nameless), Some(false));
        assert_eq!(fits("class:03", &nameless), None);
        assert_eq!(
            "10DE:*".parse::<PciPattern>().unwrap().to_string(),
            "10de:*"
        );
    }

    #[test]
    fn what_is_no_pattern() {
        for wrong in [
            "",
            "10de",
            "10de:",
            ":2330",
            "*:*",
            "*:2330",
            "10de:23",
            "10dg:2330",
            "class:",
            "class:3",
            "class:030",
            "class:*",
            "class:03020000",
            "10de:2330:1",
            " 10de:2330",
        ] {
            let told = wrong.parse::<PciPattern>().unwrap_err();
            assert!(told.contains("\"10de:*\""), "{wrong:?}: {told}");
        }
    }

    #[test]
    fn transports_have_the_inventorys_words() {
        assert_eq!(TransportName::WORDS.len(), TransportName::MEANINGS.len());
        for (word, transport) in TransportName::WORDS.iter().zip(TransportName::MEANINGS) {
            assert_eq!(serde_json::to_value(transport).unwrap(), json!(word));
            assert_eq!(TransportName(*transport).to_string(), *word);
        }
    }

    #[test]
    fn places_in_the_file_system() {
        let place = |text: &str| text.parse::<Place>();
        assert_eq!(place("/var/lib/").unwrap().to_string(), "/var/lib");
        assert_eq!(place("/").unwrap().to_string(), "/");
        assert!(place("/runner").is_ok());
        for wrong in [
            "",
            "var",
            "//",
            "/var//lib",
            "/var/..",
            "/./var",
            "/run",
            "/run/x",
            "/dev/shm",
        ] {
            assert!(place(wrong).is_err(), "{wrong:?} was taken");
        }
        let place = place("/var/lib").unwrap();
        for above in ["/", "/var", "/var/", "/var/lib"] {
            assert!(place.is_below(above), "{above}");
        }
        for other in ["/va", "/var/lib/x", "/srv"] {
            assert!(!place.is_below(other), "{other}");
        }
    }
}
