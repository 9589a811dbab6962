//! PCI functions and the names of their numbers.

use std::collections::BTreeSet;

use super::Context;
use crate::Fault;
use crate::parse::pci_function::{self, Identity};
use crate::parse::pci_ids::{PciNames, Wanted, embedded};
use crate::source::{Dir, Query, Source};

/// Where the kernel lists PCI functions by slot.
pub(crate) const PCI_DEVICES: &str = "sys/bus/pci/devices";

/// One PCI function as its bus lists it.
#[derive(Debug)]
pub(crate) struct PciFound {
    pub(crate) slot: String,
    /// Its numbers and driver, or why they could not be read.
    pub(crate) identity: Result<Identity, Fault>,
}

impl Context<'_> {
    /// Every PCI function, in the order of slots.
    pub(crate) fn pci_functions(&self) -> Result<&[PciFound], Fault> {
        let found = self
            .pci_functions
            .get_or_init(|| pci_functions(self.source));
        found.as_deref().map_err(Clone::clone)
    }

    /// The names of the PCI functions that there are, and of their vendors and classes.
    pub(crate) fn pci_names(&self) -> &PciNames {
        self.pci_names.get_or_init(|| {
            let functions = self.pci_functions().unwrap_or_default();
            let known = functions.iter().flat_map(|found| &found.identity);
            let ids: BTreeSet<_> = known.map(|identity| identity.ids).collect();
            if ids.is_empty() {
                return PciNames::default();
            }
            let query = Query::PciNames {
                ids: ids.iter().map(ToString::to_string).collect(),
            };
            match self.source.ask(query) {
                Ok(excerpt) => PciNames::parse(&excerpt),
                // A capture that was not asked this.
                Err(_) => embedded::names(&Wanted::new(&ids)),
            }
        })
    }

    /// The names that udev's hardware database has for a modalias: vendor, then model.
    pub(crate) fn database_names(&self, modalias: &str) -> Result<[Option<String>; 2], Fault> {
        let answer = self.source.ask(Query::HardwareDatabase {
            modalias: modalias.to_owned(),
        })?;
        let text = String::from_utf8_lossy(&answer);
        let value = |key: &str| {
            let mut values = text.lines().filter_map(|line| line.split_once('='));
            let found = values.find(|(name, _)| *name == key);
            found.map(|(_, value)| value.to_owned())
        };
        Ok([
            value("ID_VENDOR_FROM_DATABASE"),
            value("ID_MODEL_FROM_DATABASE"),
        ])
    }
}

/// One read a function: `uevent` holds all numbers and the driver.
fn pci_functions(source: &Source) -> Result<Vec<PciFound>, Fault> {
    let bus = source.dir(PCI_DEVICES);
    let mut slots = bus.list("")?;
    slots.sort_by_cached_key(|slot| pci_function::slot_key(slot));
    let found = slots.into_iter().map(|slot| PciFound {
        identity: pci_identity(&bus, &slot),
        slot,
    });
    Ok(found.collect())
}

fn pci_identity(bus: &Dir<'_>, slot: &str) -> Result<Identity, Fault> {
    let uevent = match bus.text(&format!("{slot}/uevent")) {
        Err(Fault::Absent) => None,
        other => pci_function::parse_uevent(&other?),
    };
    if let Some(identity) = uevent {
        return Ok(identity);
    }
    // Recorded trees often lack `uevent`, or have it empty.
    let modalias = bus.text(&format!("{slot}/modalias"))?;
    let identity = pci_function::parse_modalias(&modalias)
        .ok_or_else(|| Fault::Malformed(format!("not a PCI modalias: {modalias:.80}")))?;
    Ok(Identity {
        driver: bus.link_name(&format!("{slot}/driver")).ok(),
        ..identity
    })
}
