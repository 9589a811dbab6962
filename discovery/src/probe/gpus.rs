//! GPUs and accelerators: PCI functions of base class 03 (display) and 12 (processing
//! accelerators), with what their drivers say of memory and identity.
//!
//! Intel's i915 has its local memory in no file; integrated GPUs have none of their own.

use std::collections::BTreeMap;

use muster_model::pci::Gpu;
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::{Context, PCI_DEVICES, PciFound};
use crate::notes::Notes;
use crate::parse::nvidia::{self, NvidiaGpu};
use crate::parse::pci_function::Identity;
use crate::source::{Dir, Query, Request};

/// Base classes (PCI Code and ID Assignment, appendix D).
const CLASS_DISPLAY: u32 = 0x03;
const CLASS_ACCELERATOR: u32 = 0x12;
const VENDOR_NVIDIA: u16 = 0x10de;
/// Most tiles of an Intel GPU (`XE_MAX_TILES_PER_DEVICE`).
const TILES: u32 = 2;

/// Fills `gpus`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<Gpu>> {
    let mut notes = Notes::new("gpus");
    let listed = notes.keep_list(context.source, PCI_DEVICES, context.pci_functions());
    let listed = listed.unwrap_or_default();
    tell_of_unidentified(listed, &mut notes);
    let gpus: Vec<(&PciFound, &Identity)> = listed
        .iter()
        .filter_map(|found| Some((found, found.identity.as_ref().ok()?)))
        .filter(|(_, identity)| {
            matches!(identity.ids.class >> 16, CLASS_DISPLAY | CLASS_ACCELERATOR)
        })
        .collect();
    let mut nvidia = nvidia(context, &gpus, &mut notes);
    let bus = context.source.dir(PCI_DEVICES);
    let gpus = gpus.into_iter().map(|(found, identity)| {
        let gpu = named(context, found, identity);
        let slot = found.slot.as_str();
        match identity.driver.as_deref() {
            Some("nvidia") => with_nvidia(gpu, nvidia.remove(slot).unwrap_or_default()),
            Some("amdgpu") => amd(gpu, &bus.dir(slot), &mut notes),
            Some("xe") => intel(gpu, &bus.dir(slot), &mut notes),
            _ => gpu,
        }
    });
    let gpus = gpus.collect();
    notes.with(gpus)
}

/// Any of them may be a GPU. Which they are, the warnings of the section `pci` tell.
fn tell_of_unidentified(listed: &[PciFound], notes: &mut Notes) {
    let faults = listed
        .iter()
        .filter_map(|found| found.identity.as_ref().err());
    if let Some(fault) = faults.clone().next() {
        let count = faults.count();
        let message =
            format!("not all are known: PCI functions that could not be identified: {count}");
        notes.lacks("gpus", "gpus", fault.kind(), message);
    }
}

fn named(context: &Context<'_>, found: &PciFound, identity: &Identity) -> Gpu {
    let (names, ids) = (context.pci_names(), identity.ids);
    Gpu {
        pci_slot: Some(found.slot.clone()),
        vendor: names.vendor(ids.vendor).map(str::to_owned),
        model: names.device(ids.vendor, ids.device).map(str::to_owned),
        driver: identity.driver.clone(),
        ..Gpu::default()
    }
}

/// By slot: the management library's answer, or else what the kernel module's files say.
fn nvidia(
    context: &Context<'_>,
    gpus: &[(&PciFound, &Identity)],
    notes: &mut Notes,
) -> BTreeMap<String, NvidiaGpu> {
    let is_driven = |identity: &Identity| {
        identity.ids.vendor == VENDOR_NVIDIA && identity.driver.as_deref() == Some("nvidia")
    };
    let slots = gpus.iter().filter(|(_, identity)| is_driven(identity));
    let slots: Vec<&str> = slots.map(|(found, _)| found.slot.as_str()).collect();
    if slots.is_empty() {
        return BTreeMap::new();
    }
    let listed = library(context, notes);
    let listed = listed
        .into_iter()
        .filter_map(|gpu| Some((gpu.pci_slot.clone()?, gpu)));
    let mut known: BTreeMap<String, NvidiaGpu> = listed.collect();
    for slot in slots {
        if !known.contains_key(slot) {
            let path = format!("proc/driver/nvidia/gpus/{slot}/information");
            let text = notes.keep(slot, "NVIDIA's information", context.source.text(&path));
            known.extend(text.map(|text| (slot.to_owned(), nvidia::parse_information(&text))));
        }
    }
    known
}

/// Loading the library and waking the boards takes long: within the deadline.
fn library(context: &Context<'_>, notes: &mut Notes) -> Vec<NvidiaGpu> {
    let deadline = context.options.device_deadline;
    let groups = vec![vec![Request::Ask(Query::Nvml)]];
    let answer = context
        .source
        .within(deadline, groups)
        .into_iter()
        .flatten()
        .next();
    match answer.unwrap_or(Err(Fault::TimedOut)) {
        Err(Fault::Unsupported(why)) => {
            notes.warn(
                "gpus",
                WarningKind::Unsupported,
                format!("memory of NVIDIA GPUs: {why}; install the driver's libraries to have it"),
            );
            Vec::new()
        }
        answer => notes
            .keep(
                "gpus",
                "NVML",
                answer.and_then(|json| nvidia::parse_library(&json)),
            )
            .unwrap_or_default(),
    }
}

fn with_nvidia(gpu: Gpu, nvidia: NvidiaGpu) -> Gpu {
    Gpu {
        model: nvidia.model.or(gpu.model),
        memory_bytes: nvidia.memory_bytes,
        uuid: nvidia.uuid,
        ..gpu
    }
}

/// `Documentation/gpu/amdgpu/driver-misc.rst`.
fn amd(gpu: Gpu, directory: &Dir<'_>, notes: &mut Notes) -> Gpu {
    let slot = directory.name();
    let vram = directory.number("mem_info_vram_total");
    let product = directory.text("product_name");
    Gpu {
        memory_bytes: notes.keep(slot, "mem_info_vram_total", vram),
        uuid: notes.keep(slot, "unique_id", directory.text("unique_id")),
        // Server boards have a marketing name of their own in the board's memory.
        model: notes
            .keep(slot, "product_name", product)
            .filter(|name| !name.is_empty())
            .or(gpu.model),
        ..gpu
    }
}

/// Each tile has its own memory (`drivers/gpu/drm/xe/xe_tile_sysfs.c`).
fn intel(gpu: Gpu, directory: &Dir<'_>, notes: &mut Notes) -> Gpu {
    let slot = directory.name();
    let sizes = (0..TILES).map_while(|tile| {
        let size = directory.number::<u64>(&format!("tile{tile}/physical_vram_size_bytes"));
        notes.keep(slot, "physical_vram_size_bytes", size)
    });
    let total = sizes.fold(0u64, u64::saturating_add);
    Gpu {
        memory_bytes: Some(total).filter(|total| *total > 0),
        ..gpu
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Source};

    fn found(files: &[(&str, &str)]) -> Found<Vec<Gpu>> {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let source = Source::at_root(root.path()).unwrap();
        let options = Options::default();
        probe(&Context::new(&source, &options))
    }

    #[test]
    fn reads_what_drivers_say() {
        let found = found(&[
            (
                "sys/bus/pci/devices/0000:03:00.0/uevent",
                "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:73BF\n",
            ),
            (
                "sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total",
                "17163091968\n",
            ),
            ("sys/bus/pci/devices/0000:03:00.0/unique_id", "9f2c\n"),
            (
                "sys/bus/pci/devices/0000:04:00.0/uevent",
                "DRIVER=xe\nPCI_CLASS=38000\nPCI_ID=8086:0BD5\n",
            ),
            (
                "sys/bus/pci/devices/0000:04:00.0/tile0/physical_vram_size_bytes",
                "1000\n",
            ),
            (
                "sys/bus/pci/devices/0000:04:00.0/tile1/physical_vram_size_bytes",
                "1000\n",
            ),
            (
                "sys/bus/pci/devices/0000:05:00.0/uevent",
                "DRIVER=nvidia\nPCI_CLASS=30200\nPCI_ID=10DE:2330\n",
            ),
            (
                "proc/driver/nvidia/gpus/0000:05:00.0/information",
                "Model: NVIDIA H100 80GB HBM3\nGPU UUID: GPU-1\n",
            ),
            (
                "sys/bus/pci/devices/0000:06:00.0/uevent",
                "DRIVER=e1000e\nPCI_CLASS=20000\nPCI_ID=8086:10D3\n",
            ),
        ]);
        assert_eq!(found.warnings, []);
        let gpus = found.value;
        assert_eq!(gpus.len(), 3);
        assert_eq!(gpus[0].memory_bytes, Some(17_163_091_968));
        assert_eq!(gpus[0].uuid.as_deref(), Some("9f2c"));
        assert_eq!(gpus[1].memory_bytes, Some(2000));
        assert_eq!(gpus[2].uuid.as_deref(), Some("GPU-1"));
        assert_eq!(gpus[2].model.as_deref(), Some("NVIDIA H100 80GB HBM3"));
        assert_eq!(gpus[2].vendor.as_deref(), Some("NVIDIA Corporation"));
    }

    #[test]
    fn none_is_no_fault() {
        let network_card = "PCI_CLASS=20000\nPCI_ID=8086:1572\n";
        let path = "sys/bus/pci/devices/0000:03:00.0/uevent";
        assert_eq!(found(&[(path, network_card)]), Found::default());
    }

    #[test]
    fn what_was_not_identified_may_be_one() {
        let found = found(&[("sys/bus/pci/devices/0000:03:00.0/uevent", "PCI_ID=?\n")]);
        assert_eq!(found.value, []);
        assert_eq!(found.warnings.len(), 1);
        assert!(
            found.warnings[0]
                .message
                .contains("could not be identified: 1")
        );
    }

    #[test]
    fn nonsense_costs_one_field() {
        let found = found(&[
            (
                "sys/bus/pci/devices/0000:03:00.0/uevent",
                "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:73BF\n",
            ),
            (
                "sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total",
                "much\n",
            ),
        ]);
        assert_eq!(found.value[0].memory_bytes, None);
        assert_eq!(found.value[0].driver.as_deref(), Some("amdgpu"));
        assert_eq!(found.warnings.len(), 1);
        assert_eq!(found.warnings[0].kind, WarningKind::Malformed);
    }
}
