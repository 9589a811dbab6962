//! Answers of the running machine to each [`Query`].

mod devices;
mod disk;
mod ethtool;
mod file_system;
mod hwdb;
mod ipmi;
pub(super) mod lldp;
mod netlink;
mod nvml;
mod pci_names;
mod sockets;
mod system;
mod usage;

use super::tree::Tree;
use super::{Answer, Query, ioctl};
use crate::Fault;

pub(super) use devices::{Devices, SharedDevices};
pub(super) use netlink::links;

/// Asks the host's files for what takes more than reading one; the running machine is not asked.
/// `None` where the question is another one.
pub(super) fn answer_from_files(tree: &Tree, query: &Query) -> Option<Answer> {
    match query {
        Query::PciNames { ids } => Some(pci_names::answer(tree, ids)),
        Query::Sockets { table } => Some(sockets::answer(tree, *table)),
        _ => None,
    }
}

/// Asks the running machine; what is opened for it stays so in `devices`.
pub(super) fn answer(query: &Query, devices: &mut Devices) -> Answer {
    match query {
        Query::Clock => system::clock(),
        Query::ClockState => ioctl::clock::state(),
        Query::Uname => system::uname(),
        Query::UserId => system::user_id(),
        Query::Hypervisor => system::hypervisor(),
        Query::Usage { over } => usage::usage(*over),
        Query::Ipmi {
            net_fn,
            command,
            data,
        } => ipmi::request(&mut devices.controller, *net_fn, *command, data),
        Query::Links => netlink::links(),
        Query::Addresses => netlink::addresses(),
        Query::Ethtool { interface, command } => {
            ethtool::ethtool(&mut devices.socket, interface, *command)
        }
        Query::Nvml => nvml::answer(),
        Query::HardwareDatabase { modalias } => hwdb::answer(modalias),
        Query::FileSystem { mount_point } => file_system::usage(mount_point),
        Query::NvmeIdentify { device } => disk::nvme_identify(&mut devices.disk, device),
        Query::NvmeHealth { device } => disk::nvme_health(&mut devices.disk, device),
        Query::AtaPowerMode { device } => disk::ata_power_mode(&mut devices.disk, device),
        Query::AtaIdentify { device } => disk::ata_identify(&mut devices.disk, device),
        Query::AtaSmartData { device } => disk::ata_smart_data(&mut devices.disk, device),
        Query::AtaSmartThresholds { device } => {
            disk::ata_smart_thresholds(&mut devices.disk, device)
        }
        Query::AtaSmartStatus { device } => disk::ata_smart_status(&mut devices.disk, device),
        Query::ScsiLog { device, page } => disk::scsi_log(&mut devices.disk, device, *page),
        Query::BlockSignature { device } => disk::block_signature(&mut devices.disk, device),
        other => Err(Fault::Unsupported(format!("{other:?}"))),
    }
}
