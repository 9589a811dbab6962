//! Raw ioctls: the only unsafe code of the crate. Each function checks the sizes of what it hands
//! to the kernel and gives back plain bytes.

pub(in crate::source) mod clock;
pub(in crate::source) mod ethtool;
pub(in crate::source) mod ipmi;
pub(in crate::source) mod nvme;
pub(in crate::source) mod packet;
pub(in crate::source) mod scsi;
