//! A virtual machine's process: its name, and the devices that are handed to it by VFIO, as the kernel's documentation has it
//! (Documentation/driver-api/vfio.rst).

use muster_model::WarningKind;
use muster_model::workload::{Consumption, VirtualMachine};

use super::tree::{Group, Hierarchy};
use crate::Fault;
use crate::notes::Notes;
use crate::parse::emulator::guest_name;
use crate::source::Source;

/// Longer command lines are cut; the name comes first.
const COMMAND_LINE_BYTES: usize = 1 << 20;
/// The base class of display controllers: PCI Code and ID Assignment Specification, 1.4.
const DISPLAY: &str = "0x03";
/// Processing accelerators: the same, 1.19.
const ACCELERATOR: &str = "0x12";

/// Daemons in whose own groups emulators run where they make none for each (`cgroup_controllers = []` in libvirt's qemu.conf).
const LIBVIRT: [&str; 2] = ["libvirtd.service", "virtqemud.service"];

/// The machine that has this group.
pub(super) fn machine(
    source: &Source,
    hierarchy: &Hierarchy<'_>,
    group: &Group,
    name: String,
    notes: &mut Notes,
) -> VirtualMachine {
    // The emulator comes before its helpers, of which few have any.
    let process = hierarchy.processes(group).into_iter().min();
    let name = process.and_then(|id| called(source, id)).unwrap_or(name);
    let consumption = hierarchy.consumption(group);
    of_process(source, process, name, consumption, notes)
}

/// The machines whose emulators run in the group of a service.
pub(super) fn machines_of(
    source: &Source,
    hierarchy: &Hierarchy<'_>,
    group: &Group,
    service: &str,
    notes: &mut Notes,
) -> Vec<VirtualMachine> {
    if !LIBVIRT.contains(&service) {
        return Vec::new();
    }
    let processes = hierarchy.processes(group).into_iter();
    let emulators = processes.filter(|id| {
        let program = source.text(&format!("proc/{id}/comm"));
        program.is_ok_and(|program| program.starts_with("qemu"))
    });
    let machines = emulators.map(|id| {
        let name = called(source, id).unwrap_or_else(|| format!("process {id}"));
        // No group tells what it used.
        let consumption = Consumption {
            memory_bytes: resident_bytes(source, id),
            cpu_time_ms: None,
        };
        of_process(source, Some(id), name, consumption, notes)
    });
    machines.collect()
}

fn of_process(
    source: &Source,
    process: Option<u32>,
    name: String,
    consumption: Consumption,
    notes: &mut Notes,
) -> VirtualMachine {
    let devices = process.and_then(|id| passed_through(source, id, &name, notes));
    VirtualMachine {
        passed_through_gpus: devices.as_ref().map(|devices| {
            let gpus = devices.iter().filter(|address| is_gpu(source, address));
            gpus.cloned().collect()
        }),
        passed_through: devices,
        name,
        process_id: process,
        consumption,
    }
}

/// The name in the command line.
fn called(source: &Source, process: u32) -> Option<String> {
    let command = source.read_up_to(&format!("proc/{process}/cmdline"), COMMAND_LINE_BYTES);
    guest_name(&command.ok()?)
}

/// `VmRSS` of proc_pid_status(5), in its kB of 1,024 bytes.
fn resident_bytes(source: &Source, process: u32) -> Option<u64> {
    let status = source.text(&format!("proc/{process}/status")).ok()?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The PCI addresses of what the process has opened under `/dev/vfio`.
fn passed_through(
    source: &Source,
    process: u32,
    name: &str,
    notes: &mut Notes,
) -> Option<Vec<String>> {
    let folder = format!("proc/{process}/fd");
    let descriptors = match source.list(&folder) {
        // It ended meanwhile.
        Err(Fault::Absent | Fault::Vanished) => return None,
        descriptors => notes.require(name, "the open files of the emulator", descriptors)?,
    };
    let mut addresses = Vec::new();
    for descriptor in descriptors {
        let file = source.link(&format!("{folder}/{descriptor}"));
        let Ok(file) = file else { continue };
        let Some(node) = file.strip_prefix("/dev/vfio/") else {
            continue;
        };
        addresses.extend(match node.strip_prefix("devices/") {
            Some(device) => by_device(source, device),
            None => by_group(source, node, name, notes),
        });
    }
    addresses.sort();
    addresses.dedup();
    Some(addresses)
}

/// A node of one device: `/dev/vfio/devices/vfio0`.
fn by_device(source: &Source, device: &str) -> Vec<String> {
    let link = source
        .dir(format!("sys/class/vfio-dev/{device}"))
        .link_name("device");
    link.into_iter().collect()
}

/// A node of a group: `/dev/vfio/12`, all devices of which are handed over, bridges aside. `/dev/vfio/vfio` is none.
fn by_group(source: &Source, group: &str, name: &str, notes: &mut Notes) -> Vec<String> {
    if group.parse::<u32>().is_err() {
        return Vec::new();
    }
    let listed = source.list(&format!("sys/kernel/iommu_groups/{group}/devices"));
    if listed.is_err() {
        let message = format!("the devices of IOMMU group {group} are not listed");
        notes.warn(name, WarningKind::Absent, &message);
    }
    let mut addresses = listed.unwrap_or_default();
    addresses.retain(|address| {
        let driver = source
            .dir(format!("sys/bus/pci/devices/{address}"))
            .link_name("driver");
        driver.is_ok_and(|driver| driver.contains("vfio"))
    });
    addresses
}

fn is_gpu(source: &Source, address: &str) -> bool {
    let class = source.text(&format!("sys/bus/pci/devices/{address}/class"));
    class.is_ok_and(|class| class.starts_with(DISPLAY) || class.starts_with(ACCELERATOR))
}
