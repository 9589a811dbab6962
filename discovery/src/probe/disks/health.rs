//! Health: which disks are asked what, and what their answers make.

use muster_model::WarningKind;
use muster_model::disk::Transport;

use super::Draft;
use crate::notes::Notes;
use crate::parse::disk_health::{ata, nvme, scsi};
use crate::source::Query;

/// Virtual disks and volumes of RAID controllers have no health of their own, and bridges from USB
/// are not trusted with commands that some of them hang on.
pub(super) fn queries(draft: &Draft) -> Vec<Query> {
    let device = || draft.disk.name.clone();
    match draft.disk.transport {
        Some(Transport::Nvme | Transport::NvmeFabrics) => {
            vec![Query::NvmeHealth { device: device() }]
        }
        Some(Transport::Sata | Transport::Ide | Transport::Sas) if draft.is_ata => {
            let identify = draft.lacks_identity;
            let mut queries = vec![
                Query::AtaSmartStatus { device: device() },
                Query::AtaSmartData { device: device() },
            ];
            queries.extend(identify.then(|| Query::AtaIdentify { device: device() }));
            queries
        }
        Some(Transport::Sas | Transport::Scsi | Transport::Fc | Transport::Fcoe) => {
            [scsi::EXCEPTIONS, scsi::TEMPERATURE, scsi::READ_ERRORS]
                .map(|page| Query::ScsiLog {
                    device: device(),
                    page,
                })
                .to_vec()
        }
        _ => Vec::new(),
    }
}

/// Fills health, and the names of an ATA disk of which sysfs had them cut.
pub(super) fn take(draft: &mut Draft, answers: &[(&Query, Vec<u8>)], notes: &mut Notes) {
    let answer = |wanted: fn(&Query) -> bool| {
        let found = answers.iter().find(|(query, _)| wanted(query));
        found.map(|(_, answer)| answer.as_slice())
    };
    let smart = answer(|query| matches!(query, Query::AtaSmartData { .. }));
    let status = answer(|query| matches!(query, Query::AtaSmartStatus { .. }));
    let log = answer(|query| matches!(query, Query::NvmeHealth { .. }));
    let pages: Vec<&[u8]> = answers
        .iter()
        .filter(|(query, _)| matches!(query, Query::ScsiLog { .. }))
        .map(|(_, answer)| answer.as_slice())
        .collect();
    let health = log
        .and_then(nvme::health)
        .or_else(|| ata::health(smart.unwrap_or_default(), status))
        .or_else(|| scsi::health(&pages));
    let understood = health.is_some();
    draft.disk.health = health.unwrap_or_default();
    if !understood && (log.is_some() || smart.is_some()) {
        let message = "health: the disk's answer has a wrong length or checksum";
        notes.warn(&draft.disk.name, WarningKind::Malformed, message);
    }
    let identity = answer(|query| matches!(query, Query::AtaIdentify { .. }));
    if let Some(identity) = identity.and_then(ata::identity) {
        let disk = &mut draft.disk;
        disk.model = identity.model.or(disk.model.take());
        disk.serial = identity.serial.or(disk.serial.take());
        disk.firmware = identity.firmware.or(disk.firmware.take());
        disk.wwn = disk.wwn.take().or(identity.wwn);
        disk.rotation_rpm = disk.rotation_rpm.or(identity.rotation_rpm);
    }
}
