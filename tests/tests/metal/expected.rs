//! The inventory against the description of the hardware.

use muster_model::Inventory;
use muster_model::cpu::Cpu;
use muster_model::disk::{Disk as Found, Transport};
use muster_model::host::{BootMode, VirtualizationKind};
use muster_model::warning::WarningKind;
use muster_tests::ledger::Ledger;
use muster_tests::metal::{Attach, Disk, Hardware, Nic};

/// A run of the program in the machine.
pub(crate) struct View {
    /// For the table.
    pub(crate) name: &'static str,
    /// Where its output is.
    pub(crate) file: &'static str,
    /// Whether it may read what only root may.
    pub(crate) privileged: bool,
    /// Whether the disks and links were already put to use.
    pub(crate) populated: bool,
}

pub(crate) const VIEWS: &[View] = &[
    View {
        name: "description, in the initramfs without udev",
        file: "initramfs",
        privileged: true,
        populated: false,
    },
    View {
        name: "description, as root",
        file: "survey/root",
        privileged: true,
        populated: true,
    },
    View {
        name: "description, as root without udev's database",
        file: "survey/without-udev",
        privileged: true,
        populated: true,
    },
    View {
        name: "description, as an ordinary user",
        file: "survey/user",
        privileged: false,
        populated: true,
    },
];

/// Enters every fact of the description.
pub(crate) fn compare(hardware: &Hardware, found: &Inventory, view: &View, ledger: &mut Ledger) {
    machine(hardware, found, ledger);
    processors(&found.cpu, hardware, ledger);
    for (id, (mib, cpus)) in hardware.nodes.iter().enumerate() {
        let node = found.numa.get(id);
        let subject = format!("numa {id}");
        ledger.same(
            &format!("{subject} cpus"),
            node.and_then(|node| node.cpus.as_deref()),
            Some(*cpus),
        );
        let total = node.and_then(|node| node.memory_total_bytes).unwrap_or(0);
        // The kernel and the firmware keep a part for themselves.
        let plausible = total <= mib << 20 && total > (mib << 20) * 3 / 4;
        ledger.same(
            &format!("{subject} memory within its size"),
            plausible,
            true,
        );
        let distances = if id == 0 { [10, 21] } else { [21, 10] };
        ledger.same(
            &format!("{subject} distances"),
            node.map_or(&[][..], |node| &node.distances),
            &distances,
        );
    }
    for nic in &hardware.nics {
        interface(nic, found, ledger);
    }
    for disk in &hardware.disks {
        storage(disk, found, ledger);
    }
    if view.privileged {
        privileged(hardware, found, ledger);
    } else {
        let denied = found
            .warnings
            .iter()
            .any(|warning| warning.kind == WarningKind::Denied);
        ledger.same("a warning says what was denied", denied, true);
        ledger.same(
            "serial of the system, which only root reads",
            &found.system.serial,
            &None,
        );
    }
    if view.populated {
        ledger.same("secure boot", found.host.secure_boot, Some(false));
        uses(hardware, found, ledger);
    } else {
        in_initramfs(hardware, found, ledger);
    }
}

/// Where nobody has mounted the firmware's variables, and no udev has looked at the disks.
fn in_initramfs(hardware: &Hardware, found: &Inventory, ledger: &mut Ledger) {
    let told = found.warnings.iter().any(|warning| {
        warning.subject == "secure_boot" && warning.message.contains("mount efivarfs")
    });
    ledger.same("secure boot, unknown", found.host.secure_boot, None);
    ledger.same("a warning says what would tell it", told, true);
    let root = by_serial(found, hardware.disk(Attach::Virtio).serial);
    let filesystem = root
        .and_then(|disk| disk.filesystem.clone())
        .unwrap_or_default();
    ledger.same("file system type", filesystem.kind.as_deref(), Some("ext4"));
    ledger.same(
        "file system label",
        filesystem.label.as_deref(),
        Some("metal-root"),
    );
    let blank = by_serial(found, hardware.disk(Attach::Nvme).serial);
    let available = blank.and_then(|disk| disk.available);
    ledger.same("a blank disk is available", available, Some(true));
}

fn machine(hardware: &Hardware, found: &Inventory, ledger: &mut Ledger) {
    let firmware = &hardware.firmware;
    let text = |value: &'static str| Some(value.to_owned());
    let [vendor, version, date, revision] = firmware.bios;
    ledger.same("bios vendor", &found.bios.vendor, &text(vendor));
    ledger.same("bios version", &found.bios.version, &text(version));
    // The firmware writes MM/DD/YYYY (SMBIOS, type 0), the document the year first.
    let mut parts = date.split('/');
    let (month, day, year) = (parts.next(), parts.next(), parts.next());
    let date = [year, month, day].map(Option::unwrap_or_default).join("-");
    ledger.same("bios date", &found.bios.date, &Some(date));
    ledger.same("bios revision", &found.bios.revision, &text(revision));
    let [vendor, product, version, _, _, sku, family] = firmware.system;
    ledger.same("system vendor", &found.system.vendor, &text(vendor));
    ledger.same("system product", &found.system.product, &text(product));
    ledger.same("system version", &found.system.version, &text(version));
    ledger.same("system sku", &found.system.sku, &text(sku));
    ledger.same("system family", &found.system.family, &text(family));
    let [vendor, product, version, _, asset] = firmware.board;
    ledger.same("board vendor", &found.board.vendor, &text(vendor));
    ledger.same("board product", &found.board.product, &text(product));
    ledger.same("board version", &found.board.version, &text(version));
    ledger.same("board asset tag", &found.board.asset_tag, &text(asset));
    let [vendor, _, asset] = firmware.chassis;
    ledger.same("chassis vendor", &found.chassis.vendor, &text(vendor));
    ledger.same("chassis asset tag", &found.chassis.asset_tag, &text(asset));

    ledger.same("boot mode", found.host.boot_mode, Some(BootMode::Efi));
    ledger.same(
        "virtualization",
        found.host.virtualization.kind,
        Some(VirtualizationKind::Vm),
    );
    ledger.same(
        "technology",
        found.host.virtualization.technology.as_deref(),
        Some("qemu"),
    );
    ledger.same(
        "tpm version",
        found.host.tpm.version.as_deref(),
        Some("2.0"),
    );
    ledger.same("iommu enabled", found.iommu.enabled, Some(true));
    let watchdog = found
        .watchdogs
        .iter()
        .any(|watchdog| watchdog.identity.as_deref() == Some("i6300ESB timer"));
    ledger.same("watchdog i6300esb", watchdog, true);
    let tablet = found
        .usb
        .iter()
        .any(|usb| usb.product.as_deref() == Some("QEMU USB Tablet"));
    ledger.same("USB tablet", tablet, true);
    let display = found
        .pci
        .iter()
        .find(|pci| pci.device_id.as_deref() == Some("1111"));
    ledger.same(
        "display is a GPU",
        found
            .gpus
            .iter()
            .any(|gpu| display.is_some_and(|pci| gpu.pci_slot.as_ref() == Some(&pci.slot))),
        true,
    );
}

fn processors(cpu: &Cpu, hardware: &Hardware, ledger: &mut Ledger) {
    ledger.same("cpu vendor", cpu.vendor_id.as_deref(), Some("GenuineIntel"));
    ledger.same(
        "cpu model name",
        cpu.model_name.as_deref(),
        Some(hardware.firmware.processor),
    );
    ledger.same("cpu family", cpu.family.as_deref(), Some("6"));
    ledger.same("cpu model", cpu.model.as_deref(), Some("106"));
    ledger.same("cpu stepping", cpu.stepping.as_deref(), Some("6"));
    ledger.same("sockets", cpu.sockets, Some(2));
    ledger.same("cores", cpu.cores, Some(4));
    ledger.same("threads", cpu.threads, Some(8));
    ledger.same("online threads", cpu.online_threads, Some(8));
    ledger.same("threads per core", cpu.threads_per_core, Some(2));
}

fn interface(nic: &Nic, found: &Inventory, ledger: &mut Ledger) {
    let fact = |name: &str| format!("{} {name}", nic.device);
    // A member of a bond wears the bond's address; its own one is the permanent one.
    let interface = found.network.iter().find(|interface| {
        interface.pci_slot.is_some()
            && (interface.permanent_mac.as_deref() == Some(nic.mac)
                || interface.mac.as_deref() == Some(nic.mac))
    });
    ledger.same(&fact("is there"), interface.is_some(), true);
    let Some(interface) = interface else { return };
    ledger.same(
        &fact("permanent address"),
        interface.permanent_mac.as_deref(),
        Some(nic.mac),
    );
    ledger.same(
        &fact("driver"),
        interface.driver.as_deref(),
        Some(nic.driver),
    );
    ledger.same(
        &fact("device id"),
        interface.device_id.as_deref(),
        Some(nic.device_id),
    );
    ledger.same(&fact("numa node"), interface.numa_node, nic.numa_node);
    let function = found
        .pci
        .iter()
        .find(|pci| Some(&pci.slot) == interface.pci_slot.as_ref());
    let parent = function.and_then(|function| function.parent.as_deref());
    let slot = nic
        .bus
        .strip_prefix("port")
        .map(|port| format!("0000:00:0{port}.0"));
    if slot.is_some() {
        ledger.same(&fact("root port"), parent, slot.as_deref());
    }
}

fn storage(disk: &Disk, found: &Inventory, ledger: &mut Ledger) {
    let fact = |name: &str| format!("disk {} {name}", disk.serial);
    let disk_found = found
        .disks
        .iter()
        .find(|found| found.serial.as_deref() == Some(disk.serial));
    ledger.same(&fact("is there"), disk_found.is_some(), true);
    let Some(found) = disk_found else { return };
    ledger.same(&fact("size"), found.size_bytes, Some(disk.mib << 20));
    ledger.same(
        &fact("transport"),
        found.transport,
        Some(transport(disk.attach)),
    );
    ledger.same(&fact("has a PCI function"), found.pci_slot.is_some(), true);
    ledger.same(
        &fact("removable"),
        found.removable,
        Some(disk.attach == Attach::Usb),
    );
    if disk.model.is_some() {
        ledger.same(&fact("model"), found.model.as_deref(), disk.model);
    }
    if let (Some(vendor), Attach::Raid | Attach::Sas) = (disk.vendor, disk.attach) {
        ledger.same(&fact("vendor"), found.vendor.as_deref(), Some(vendor));
    }
    if disk.wwn.is_some() {
        ledger.same(&fact("wwn"), found.wwn.as_deref(), disk.wwn);
    }
    if disk.revision.is_some() {
        ledger.same(&fact("firmware"), found.firmware.as_deref(), disk.revision);
    }
    if disk.rpm != 0 {
        ledger.same(&fact("rotates"), found.rotational, Some(disk.rpm > 1));
    }
}

fn transport(attach: Attach) -> Transport {
    match attach {
        Attach::Virtio => Transport::Virtio,
        Attach::Nvme => Transport::Nvme,
        Attach::Raid => Transport::Raid,
        Attach::Sas => Transport::Sas,
        Attach::Sata => Transport::Sata,
        Attach::Usb => Transport::Usb,
    }
}

fn privileged(hardware: &Hardware, found: &Inventory, ledger: &mut Ledger) {
    let firmware = &hardware.firmware;
    let [_, _, _, serial, uuid, ..] = firmware.system;
    ledger.same(
        "system serial",
        found.system.serial.as_deref(),
        Some(serial),
    );
    ledger.same("system uuid", found.system.uuid.as_deref(), Some(uuid));
    ledger.same(
        "board serial",
        found.board.serial.as_deref(),
        Some(firmware.board[3]),
    );
    ledger.same(
        "chassis serial",
        found.chassis.serial.as_deref(),
        Some(firmware.chassis[1]),
    );

    let [locator, bank, maker, serial, asset, part] = firmware.module;
    ledger.same("memory modules", found.memory.modules.len(), 1);
    if let Some(module) = found.memory.modules.first() {
        let starts = |value: &Option<String>, with: &str| {
            value
                .as_deref()
                .is_some_and(|value| value.starts_with(with))
        };
        ledger.same("module locator", starts(&module.locator, locator), true);
        ledger.same("module bank", starts(&module.bank, bank), true);
        ledger.same("module size", module.size_bytes, Some(hardware.mib() << 20));
        ledger.same(
            "module speed",
            module.speed_mts,
            Some(u64::from(firmware.module_mts)),
        );
        ledger.same(
            "module manufacturer",
            module.manufacturer.as_deref(),
            Some(maker),
        );
        ledger.same(
            "module part number",
            module.part_number.as_deref(),
            Some(part),
        );
        ledger.same("module serial", module.serial.as_deref(), Some(serial));
        ledger.same("module asset tag", module.asset_tag.as_deref(), Some(asset));
    }
    let [major, minor] = firmware.bmc;
    ledger.same("bmc present", found.bmc.present, Some(true));
    ledger.same(
        "bmc firmware",
        found.bmc.firmware.clone(),
        Some(format!("{major}.{minor:02x}")),
    );
    for disk in hardware
        .disks
        .iter()
        .filter(|disk| disk.attach == Attach::Sata)
    {
        let rpm = by_serial(found, disk.serial).and_then(|found| found.rotation_rpm);
        ledger.same(
            &format!("disk {} rotation", disk.serial),
            rpm,
            Some(disk.rpm),
        );
    }
    let nvme = by_serial(found, hardware.disk(Attach::Nvme).serial);
    let temperature = nvme.and_then(|nvme| nvme.health.temperature_c);
    ledger.same(
        "NVMe temperature, 323 K in the emulator",
        temperature,
        Some(50),
    );
}

/// What `populate` made of the hardware.
fn uses(hardware: &Hardware, found: &Inventory, ledger: &mut Ledger) {
    let link = |name: &str| {
        found
            .network
            .iter()
            .find(|interface| interface.name == name)
    };
    let members: Vec<&str> = hardware
        .nics
        .iter()
        .take(2)
        .filter_map(|nic| {
            found
                .network
                .iter()
                .find(|interface| interface.permanent_mac.as_deref() == Some(nic.mac))
        })
        .map(|interface| interface.name.as_str())
        .collect();
    let bond = link("bond0")
        .and_then(|bond| bond.bond.clone())
        .unwrap_or_default();
    ledger.same("bond mode", bond.mode.as_deref(), Some("802.3ad"));
    let mut sorted = members.clone();
    sorted.sort_unstable();
    let mut listed: Vec<&str> = bond.members.iter().map(String::as_str).collect();
    listed.sort_unstable();
    ledger.same("bond members", listed, sorted);
    ledger.same(
        "lacp rate",
        bond.lacp.and_then(|lacp| lacp.rate).as_deref(),
        Some("fast"),
    );
    let vlan = link("bond0.100");
    let id = vlan.and_then(|vlan| vlan.vlan.clone()).unwrap_or_default();
    ledger.same("vlan id", id.id, Some(100));
    ledger.same("vlan parent", id.parent.as_deref(), Some("bond0"));
    let addresses = vlan.map_or(&[][..], |vlan| &vlan.addresses);
    for address in ["192.0.2.10/24", "2001:db8::10/64"] {
        ledger.same(
            &format!("address {address}"),
            addresses.iter().any(|found| found == address),
            true,
        );
    }
    let port = found
        .network
        .iter()
        .find(|interface| interface.driver.as_deref() == Some("virtio_net"));
    ledger.same(
        "port of the bridge",
        port.and_then(|port| port.master.as_deref()),
        Some("br0"),
    );
    storage_uses(hardware, found, ledger);
}

fn storage_uses(hardware: &Hardware, found: &Inventory, ledger: &mut Ledger) {
    let array = found.arrays.iter().find(|array| array.name == "md0");
    ledger.same(
        "array level",
        array.and_then(|array| array.level.as_deref()),
        Some("raid1"),
    );
    ledger.same(
        "array members",
        array.map(|array| array.members.len()),
        Some(2),
    );
    ledger.same(
        "array degraded",
        array.and_then(|array| array.degraded),
        Some(0),
    );
    let group = found.volume_groups.iter().find(|group| group.name == "vg0");
    let volume = group.and_then(|group| group.logical_volumes.first());
    ledger.same(
        "logical volume",
        volume.map(|volume| volume.name.as_str()),
        Some("data"),
    );
    ledger.same(
        "logical volume size",
        volume.and_then(|volume| volume.size_bytes),
        Some(64 << 20),
    );
    let raid = by_serial(found, hardware.disk(Attach::Raid).serial);
    ledger.same(
        "physical volume",
        group.map(|group| group.physical_volumes.clone()),
        raid.map(|raid| vec![raid.name.clone()]),
    );
    let partition = by_serial(found, hardware.disk(Attach::Sata).serial)
        .and_then(|disk| disk.partitions.get(1));
    ledger.same(
        "partition label",
        partition.and_then(|partition| partition.label.as_deref()),
        Some("data"),
    );
    let filesystem = partition
        .and_then(|partition| partition.filesystem.clone())
        .unwrap_or_default();
    ledger.same("file system type", filesystem.kind.as_deref(), Some("ext4"));
    ledger.same(
        "file system label",
        filesystem.label.as_deref(),
        Some("data"),
    );
    ledger.same(
        "file system uuid",
        filesystem.uuid.as_deref(),
        Some("5c0ffee5-0417-4a5e-9d5b-6a2b0e8c1d22"),
    );
    let mounts = partition
        .map(|partition| partition.mount_points.clone())
        .unwrap_or_default();
    ledger.same("mount point", mounts, vec!["/srv/data".to_owned()]);
    for disk in &hardware.disks {
        let available = by_serial(found, disk.serial).and_then(|disk| disk.available);
        let free = disk.attach == Attach::Nvme;
        ledger.same(
            &format!("disk {} available", disk.serial),
            available,
            Some(free),
        );
    }
}

fn by_serial<'a>(found: &'a Inventory, serial: &str) -> Option<&'a Found> {
    found
        .disks
        .iter()
        .find(|disk| disk.serial.as_deref() == Some(serial))
}
