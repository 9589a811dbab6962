//! One file a probe, all alike; none imports another.

pub(crate) mod arrays;
pub(crate) mod bmc;
pub(crate) mod cpu;
pub(crate) mod disks;
pub(crate) mod filesystems;
pub(crate) mod gpus;
pub(crate) mod host;
pub(crate) mod iommu;
pub(crate) mod listeners;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod modules;
pub(crate) mod network;
pub(crate) mod numa;
pub(crate) mod pci;
pub(crate) mod sensors;
pub(crate) mod services;
pub(crate) mod usage;
pub(crate) mod usb;
pub(crate) mod volume_groups;
pub(crate) mod watchdogs;
