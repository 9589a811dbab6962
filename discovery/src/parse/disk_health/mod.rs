//! What disks say of their own health: raw answers of NVMe, ATA and SCSI commands.

pub(crate) mod ata;
pub(crate) mod nvme;
pub(crate) mod scsi;
