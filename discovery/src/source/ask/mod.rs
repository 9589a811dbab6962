//! Answers of the running machine to each [`Query`].

mod ethtool;
mod hwdb;
mod ipmi;
pub(super) mod lldp;
mod netlink;
mod nvml;
mod pci_names;
mod system;
mod usage;

use super::tree::Tree;
use super::{Answer, Query};
use crate::Fault;

pub(super) use netlink::links;

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
        Query::Usage { over } => usage::usage(*over),
        Query::Ipmi {
            net_fn,
            command,
            data,
        } => ipmi::request(*net_fn, *command, data),
        Query::Links => netlink::links(),
        Query::Addresses => netlink::addresses(),
        Query::Ethtool { interface, command } => ethtool::ethtool(interface, *command),
        Query::Nvml => nvml::answer(),
        Query::HardwareDatabase { modalias } => hwdb::answer(modalias),
        other => Err(Fault::Unsupported(format!("{other:?}"))),
    }
}
