//! Hardware that a machine gains, and the rules that ask for a minimum of it.

use muster_adequacy::Policy;
use muster_model::Inventory;
use muster_model::disk::Disk;
use muster_model::network::{InterfaceKind, NetworkInterface};
use muster_model::pci::{Gpu, PciFunction};
use proptest::prelude::*;

/// Something better or more.
#[derive(Debug, Clone)]
pub(crate) enum Gain {
    Cores(u32),
    MemoryBytes(u64),
    /// With its size in bytes.
    Disk(u64),
    /// With its speed in Mb/s.
    Link(u64),
    /// With its memory in bytes.
    Gpu(u64),
    Function,
    FasterLinks,
    LargerDisks,
}

impl Arbitrary for Gain {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        prop_oneof![
            (1..200u32).prop_map(Self::Cores),
            (1..1u64 << 40).prop_map(Self::MemoryBytes),
            (0..1u64 << 42).prop_map(Self::Disk),
            (0..400_000u64).prop_map(Self::Link),
            (0..1u64 << 38).prop_map(Self::Gpu),
            Just(Self::Function),
            Just(Self::FasterLinks),
            Just(Self::LargerDisks),
        ]
        .boxed()
    }
}

impl Gain {
    pub(crate) fn apply(&self, inventory: &mut Inventory) {
        match *self {
            Self::Cores(more) => {
                let cpu = &mut inventory.cpu;
                for count in [&mut cpu.cores, &mut cpu.threads, &mut cpu.online_threads] {
                    *count = count.map(|count| count.saturating_add(more));
                }
            }
            Self::MemoryBytes(more) => {
                let total = &mut inventory.memory.total_bytes;
                *total = total.map(|total| total.saturating_add(more));
            }
            Self::Disk(size) => inventory.disks.push(Disk {
                name: format!("more{}", inventory.disks.len()),
                size_bytes: Some(size),
                rotational: Some(false),
                available: Some(true),
                ..Disk::default()
            }),
            Self::Link(speed) => inventory.network.push(NetworkInterface {
                name: format!("more{}", inventory.network.len()),
                kind: Some(InterfaceKind::Physical),
                carrier: Some(true),
                speed_mbps: Some(speed),
                ..NetworkInterface::default()
            }),
            Self::Gpu(memory) => inventory.gpus.push(Gpu {
                pci_slot: Some(format!("ffff:00:00.{}", inventory.gpus.len())),
                memory_bytes: Some(memory),
                ..Gpu::default()
            }),
            Self::Function => inventory.pci.push(PciFunction {
                slot: format!("fffe:00:00.{}", inventory.pci.len()),
                vendor_id: Some("10de".to_owned()),
                device_id: Some("2330".to_owned()),
                class_code: Some("030200".to_owned()),
                ..PciFunction::default()
            }),
            Self::FasterLinks => {
                for link in &mut inventory.network {
                    link.speed_mbps = link.speed_mbps.map(|speed| speed.saturating_mul(10));
                }
            }
            Self::LargerDisks => {
                for disk in &mut inventory.disks {
                    disk.size_bytes = disk.size_bytes.map(|size| size.saturating_mul(2));
                }
            }
        }
    }
}

/// Every rule that asks for at least so much.
pub(crate) fn minimum_rules() -> Policy {
    super::policy(&MINIMA.map(|(id, decides)| (id, decides.to_owned())))
}

const MINIMA: [(&str, &str); 16] = [
    ("cores", "check.cpu_cores = { at_least = 5 }"),
    ("threads", "check.cpu_threads = { at_least = 9 }"),
    ("memory", "check.memory_total = { at_least = '2 GiB' }"),
    ("disks", "check.disks = { at_least = 8 }"),
    (
        "disks-large",
        "check.disks = { at_least = 2, size_at_least = '1 TB' }",
    ),
    (
        "disks-fast",
        "check.disks = { at_least = 2, rotational = false, available = true }",
    ),
    (
        "disk-health",
        "check.disks = { at_least = 1, healthy = true }",
    ),
    (
        "links",
        "check.network_links = { at_least = 3, carrier = true }",
    ),
    (
        "links-fast",
        "check.network_links = { at_least = 2, speed_at_least = '10 Gb/s' }",
    ),
    ("gpus", "check.gpus = { at_least = 1 }"),
    (
        "gpus-large",
        "check.gpus = { at_least = 2, memory_at_least = '16 GiB' }",
    ),
    (
        "functions",
        "check.pci_present = { any_of = ['10de:*', 'class:0302'] }",
    ),
    (
        "functions-many",
        "check.pci_present = { any_of = ['class:02'], at_least = 4 }",
    ),
    ("cel-disks", "expression = 'size(disks) >= 3'"),
    (
        "cel-large",
        "expression = 'disks.exists(disk, disk.size_bytes > 1000000000000)'",
    ),
    (
        "cel-links",
        "expression = 'size(network.filter(link, link.speed_mbps >= 10000)) >= 2'",
    ),
];
