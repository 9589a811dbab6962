//! An inventory as rules see it: a fact is known, or unknown for a reason.

use std::fmt;

use muster_model::{Inventory, Section, Warning};

/// Why a rule cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unknown {
    /// The fact, as a path in the inventory: `memory.ecc.kind`, `disks[sda].health.status`.
    pub(crate) fact: String,
    /// What the inventory's warnings say of it.
    pub(crate) reason: String,
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is unknown: {}", self.fact, self.reason)
    }
}

/// A value of the inventory, or why there is none.
pub(crate) type Fact<T> = Result<T, Unknown>;

/// One machine to be judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine<'a> {
    inventory: &'a Inventory,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        Self { inventory }
    }

    /// The document itself. A `None` taken from it goes through [`Self::fact`] or
    /// [`Self::device_fact`], a list through [`Self::list`].
    pub(crate) fn inventory(&self) -> &'a Inventory {
        self.inventory
    }

    /// The fact `section.field`.
    pub(crate) fn fact<T>(&self, section: Section, field: &str, value: Option<T>) -> Fact<T> {
        value.ok_or_else(|| self.unknown(section, None, field))
    }

    /// The fact `section[device].field`.
    pub(crate) fn device_fact<T>(
        &self,
        section: Section,
        device: &str,
        field: &str,
        value: Option<T>,
    ) -> Fact<T> {
        value.ok_or_else(|| self.unknown(section, Some(device), field))
    }

    /// The devices of a section. None at all is unknown when the section was not discovered, or
    /// when a warning speaks of the section as a whole.
    pub(crate) fn list<T>(&self, section: Section, devices: &'a [T]) -> Fact<&'a [T]> {
        let key = section.key();
        if !self.inventory.was_discovered(section) {
            return Err(not_discovered(section));
        }
        let of_all = |warning: &&Warning| warning.probe == key && warning.subject == key;
        match self.inventory.warnings.iter().find(of_all) {
            Some(warning) if devices.is_empty() => Err(Unknown {
                fact: key.to_owned(),
                reason: warning.message.clone(),
            }),
            _ => Ok(devices),
        }
    }

    /// Why `field` of a section, or of one of its devices, has no value.
    pub(crate) fn unknown(&self, section: Section, device: Option<&str>, field: &str) -> Unknown {
        if !self.inventory.was_discovered(section) {
            return not_discovered(section);
        }
        let key = section.key();
        let fact = match device {
            Some(device) => format!("{key}[{device}].{field}"),
            None => format!("{key}.{field}"),
        };
        let subject = device.unwrap_or_else(|| field.split('.').next().unwrap_or(field));
        let reason = self.reason(key, subject).map_or_else(
            || "the machine does not say".to_owned(),
            |warning| warning.message.clone(),
        );
        Unknown { fact, reason }
    }

    /// The warning that speaks of `subject`, else of the section as a whole.
    fn reason(&self, section: &str, subject: &str) -> Option<&'a Warning> {
        let about = |subject: &str| {
            let mut warnings = self.inventory.warnings.iter();
            warnings.find(|warning| warning.probe == section && warning.subject == subject)
        };
        about(subject).or_else(|| about(section))
    }
}

fn not_discovered(section: Section) -> Unknown {
    let key = section.key();
    Unknown {
        fact: key.to_owned(),
        reason: format!(
            "the inventory was made without it; discover the machine again with the section {key}"
        ),
    }
}
