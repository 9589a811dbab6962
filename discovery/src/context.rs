//! What the probes of one discovery share.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use muster_model::Origin;

use crate::parse::pci_function::{self, Identity};
use crate::parse::pci_ids::{PciNames, Wanted, embedded};
use crate::source::{Dir, Query, Source};
use crate::{Fault, Options};

/// Where the kernel lists PCI functions by slot.
pub(crate) const PCI_DEVICES: &str = "sys/bus/pci/devices";

/// The host, the options, and what is read once for several probes.
pub(crate) struct Context<'a> {
    pub(crate) source: &'a Source,
    pub(crate) options: &'a Options,
    pci_functions: OnceCell<Result<Vec<PciFound>, Fault>>,
    pci_names: OnceCell<PciNames>,
}

/// One PCI function as its bus lists it.
#[derive(Debug)]
pub(crate) struct PciFound {
    pub(crate) slot: String,
    /// Its numbers and driver, or why they could not be read.
    pub(crate) identity: Result<Identity, Fault>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(source: &'a Source, options: &'a Options) -> Self {
        Self {
            source,
            options,
            pci_functions: OnceCell::new(),
            pci_names: OnceCell::new(),
        }
    }

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

    /// When discovery began, as the document has it.
    pub(crate) fn captured_at(&self) -> Option<String> {
        let seconds = self.source.ask(Query::Clock).ok()?;
        let seconds: i64 = std::str::from_utf8(&seconds).ok()?.parse().ok()?;
        jiff::Timestamp::from_second(seconds)
            .ok()
            .map(|at| at.to_string())
    }

    /// Whether an attribute that is denied would be readable to root.
    pub(crate) fn is_root(&self) -> bool {
        match self.source.ask(Query::UserId) {
            Ok(id) => id == b"0",
            Err(Fault::NotAsked) => self.source.origin() == Origin::Root,
            Err(_) => false,
        }
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
