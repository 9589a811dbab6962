//! Answers of the running machine to each [`Query`].

mod hwdb;
mod nvml;
mod pci_names;
mod system;
mod usage;

use super::tree::Tree;
use super::{Answer, Query};
use crate::Fault;

/// Asks the host's files for what takes more than reading one; the running machine is not asked.
/// `None` where the question is another one.
pub(super) fn answer_from_files(tree: &Tree, query: &Query) -> Option<Answer> {
    match query {
        Query::PciNames { ids } => Some(pci_names::answer(tree, ids)),
        _ => None,
    }
}

/// Asks the running machine.
pub(super) fn answer(query: &Query) -> Answer {
    match query {
        Query::Clock => system::clock(),
        Query::Uname => system::uname(),
        Query::UserId => system::user_id(),
<<<<<<< HEAD
        Query::Usage { over } => usage::usage(*over),
=======
        Query::Nvml => nvml::answer(),
        Query::HardwareDatabase { modalias } => hwdb::answer(modalias),
>>>>>>> f49ab26 (PCI functions with names: one read for numbers and driver, names from the newer of two lists)
        other => Err(Fault::Unsupported(format!("{other:?}"))),
    }
}
