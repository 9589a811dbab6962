//! An inventory as rules see it: a fact is known, or unknown for a reason.

mod topics;

use std::fmt;

use muster_model::{Inventory, Origin, Section, Warning};

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
#[derive(Debug)]
pub(crate) struct Machine<'a> {
    inventory: &'a Inventory,
    /// By probe and subject, so that thousands of devices find their reasons among thousands.
    warnings: Vec<&'a Warning>,
    /// Those that say which list may lack elements, by that list.
    of_lists: Vec<(&'a str, &'a Warning)>,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        let mut warnings: Vec<&Warning> = inventory.warnings.iter().collect();
        warnings.sort_by_key(|warning| about(warning));
        let of_lists = warnings
            .iter()
            .filter_map(|warning| Some((warning.incomplete.as_deref()?, *warning)));
        Self {
            inventory,
            of_lists: of_lists.collect(),
            warnings,
        }
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

    /// The value of a section that an inventory may lack.
    pub(crate) fn section<T>(&self, section: Section, value: Option<T>) -> Fact<T> {
        self.fact(section, section.key(), value)
    }

    /// The devices of a section, when they are all. Unknown when the section was not discovered, when a
    /// warning says that devices may be missing, or when there are none and one speaks of the section as a whole.
    pub(crate) fn list<T>(&self, section: Section, devices: &'a [T]) -> Fact<&'a [T]> {
        let key = section.key();
        if !self.inventory.was_discovered(section) {
            return Err(not_discovered(section));
        }
        let none = || devices.is_empty().then(|| self.told(section, None, key));
        match self.lacking(section, key).or_else(|| none().flatten()) {
            None => Ok(devices),
            Some(warning) => Err(Unknown {
                fact: key.to_owned(),
                reason: warning.message.clone(),
            }),
        }
    }

    /// Why the list `field` of a section, or of each of its devices, may lack some of what there is.
    pub(crate) fn lacking(&self, section: Section, field: &str) -> Option<&'a Warning> {
        let mut of_lists = self.of_lists.iter();
        let found = of_lists.find(|(list, _)| {
            let names = list.split_once('.');
            match names {
                Some((of, name)) => of == section.key() && name == field,
                None => *list == section.key() && *list == field,
            }
        });
        found.map(|(_, warning)| *warning)
    }

    /// Whether any list may lack something: asked before each list of an expression.
    pub(crate) fn has_lacking(&self) -> bool {
        !self.of_lists.is_empty()
    }

    /// Why `field` of a section, or of one of its devices, has no value.
    pub(crate) fn unknown(&self, section: Section, device: Option<&str>, field: &str) -> Unknown {
        if !self.inventory.was_discovered(section) {
            return not_discovered(section);
        }
        let key = section.key();
        let fact = match device {
            Some(device) => format!("{key}[{device}].{field}"),
            None if field == key => key.to_owned(),
            None => format!("{key}.{field}"),
        };
        let warning = self.lacking(section, field);
        let warning = warning.or_else(|| self.told(section, device, field));
        let reason = warning.map_or_else(
            || self.silence().to_owned(),
            |warning| warning.message.clone(),
        );
        Unknown { fact, reason }
    }

    /// What the kernel lists nowhere is not there, unless discovery met with a fault or read a tree that
    /// may lack the list itself.
    pub(crate) fn absent(&self, section: Section, field: &str) -> Fact<()> {
        if self.inventory.source == Some(Origin::Root) {
            return Err(self.unknown(section, None, field));
        }
        self.complete(section, field)
    }

    /// What a list that was read lacks is not there, unless discovery met with a fault in reading it.
    pub(crate) fn complete(&self, section: Section, field: &str) -> Fact<()> {
        let doubtful = !self.inventory.was_discovered(section)
            || self.lacking(section, field).is_some()
            || self.told(section, None, field).is_some();
        if doubtful {
            Err(self.unknown(section, None, field))
        } else {
            Ok(())
        }
    }

    /// The warning that says why `field` has no value: one on the device or the fact itself, else on the
    /// section as a whole, else on what the fact is read from.
    pub(crate) fn told(
        &self,
        section: Section,
        device: Option<&str>,
        field: &str,
    ) -> Option<&'a Warning> {
        let key = section.key();
        let subject = device.unwrap_or_else(|| field.split(['.', '[']).next().unwrap_or(field));
        [(key, subject), (key, key)]
            .iter()
            .chain(topics::sources(section, field))
            .find_map(|(probe, subject)| self.warning(probe, subject, field))
    }

    /// The warning that says why no device of a section may have `field`.
    pub(crate) fn told_of_each(&self, section: Section, field: &str) -> Option<&'a Warning> {
        let itself = [(section.key(), field)];
        let mut places = itself.iter().chain(topics::sources(section, field));
        places.find_map(|(probe, subject)| self.warning(probe, subject, field))
    }

    /// The first warning of a probe on a subject that concerns `field`.
    fn warning(&self, probe: &str, subject: &str, field: &str) -> Option<&'a Warning> {
        let wanted = (probe, subject);
        let first = self.warnings.partition_point(|it| about(it) < wanted);
        let rest = self.warnings.iter().skip(first);
        rest.take_while(|it| about(it) == wanted)
            .find(|it| !topics::is_of_other_fields(it, field))
            .copied()
    }

    /// Why there is no value where no warning says so.
    fn silence(&self) -> &'static str {
        match self.inventory.source {
            Some(Origin::Root) => "the directory that was read does not say",
            _ => "the machine does not say",
        }
    }
}

/// What a warning is about, in the order of an inventory.
fn about(warning: &Warning) -> (&str, &str) {
    (&warning.probe, &warning.subject)
}

fn not_discovered(section: Section) -> Unknown {
    let key = section.key();
    let how = if section.is_opt_in() {
        format!(": muster discover -s …,{key}, or muster check on the machine itself")
    } else {
        String::new()
    };
    Unknown {
        fact: key.to_owned(),
        reason: format!(
            "the inventory was made without it; discover the machine again with the section {key}{how}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::testing::inventory;

    fn reason(document: &Inventory, section: Section, field: &str) -> String {
        Machine::new(document).unknown(section, None, field).reason
    }

    #[test]
    fn the_warning_that_speaks_of_a_fact_is_its_reason() {
        let warning = |probe: &str, subject: &str, message: &str| json!({"probe": probe, "subject": subject, "kind": "absent", "message": message});
        let document = inventory(json!({
            "memory": {}, "bios": {}, "cpu": {}, "host": {}, "network": [],
            "warnings": [
                warning("memory", "meminfo", "proc/meminfo: not there"),
                warning("memory", "modules", "asset_tag: the firmware has only a placeholder"),
                warning("memory", "modules", "there are no SMBIOS tables"),
                warning("bios", "bios", "vendor: the firmware has only a placeholder"),
                warning("system", "system", "the firmware's description: not there"),
                warning("network", "network", "ethtool: wake_on_lan, transceiver: permission denied; it takes CAP_NET_ADMIN"),
            ],
        }));
        let reason = |section, field| reason(&document, section, field);
        assert_eq!(
            reason(Section::Memory, "total_bytes"),
            "proc/meminfo: not there"
        );
        for field in ["ecc.kind", "modules", "modules[DIMM A].speed_mts"] {
            assert_eq!(reason(Section::Memory, field), "there are no SMBIOS tables");
        }
        assert_eq!(
            reason(Section::Bios, "date"),
            "the firmware's description: not there"
        );
        assert!(reason(Section::Bios, "vendor").starts_with("vendor: "));
        assert_eq!(reason(Section::Cpu, "flags"), "the machine does not say");
        assert_eq!(
            reason(Section::Network, "speed_mbps"),
            "the machine does not say"
        );
        assert!(reason(Section::Disks, "x").contains("made without it"));
    }

    #[test]
    fn what_a_partial_tree_lacks_may_be_there() {
        let live = inventory(json!({"host": {}, "source": "live"}));
        let tree = inventory(json!({"host": {}, "source": "root"}));
        let absent = |document: &Inventory| Machine::new(document).absent(Section::Host, "tpm");
        assert_eq!(absent(&live), Ok(()));
        assert_eq!(
            absent(&tree).unwrap_err().reason,
            "the directory that was read does not say"
        );
        assert!(
            Machine::new(&live)
                .absent(Section::Memory, "hugepages")
                .is_err()
        );
    }
}
