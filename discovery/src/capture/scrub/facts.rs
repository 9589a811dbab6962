//! Identities that the inventory names, and the words of its facts that are to stay.

use muster_model::Inventory;
use muster_model::disk::{Disk, Signature};
use muster_model::network::{Neighbour, NetworkInterface};

use super::identity::{Identities, uuid};
use super::{command_line, mounts};

/// Every field of the inventory that names this machine, its owner or its surroundings.
pub(super) fn collect(inventory: &Inventory, into: &mut Identities) {
    keep_words(inventory, into);
    let host = &inventory.host;
    if let Some(name) = &host.hostname {
        into.host_name(name);
    }
    if let Some(line) = &host.kernel.command_line {
        command_line::collect(line, into);
    }
    let modules = &inventory.memory.modules;
    let singles = [
        &host.machine_id,
        &host.boot_id,
        &inventory.system.serial,
        &inventory.system.uuid,
        &inventory.board.serial,
        &inventory.board.asset_tag,
        &inventory.chassis.serial,
        &inventory.chassis.asset_tag,
        &inventory.bmc.ipv4,
        &inventory.bmc.ipv6,
        &inventory.bmc.mac,
    ];
    let lists = modules.iter().map(|module| &module.serial);
    let lists = lists.chain(modules.iter().map(|module| &module.asset_tag));
    let lists = lists.chain(inventory.gpus.iter().map(|gpu| &gpu.uuid));
    let lists = lists.chain(inventory.usb.iter().map(|device| &device.serial));
    let lists = lists.chain(inventory.arrays.iter().map(|array| &array.uuid));
    let lists = lists.chain(inventory.volume_groups.iter().map(|group| &group.uuid));
    for value in singles.into_iter().chain(lists).flatten() {
        into.value(value.strip_prefix("GPU-").unwrap_or(value));
    }
    inventory.network.iter().for_each(|it| interface(it, into));
    inventory.disks.iter().for_each(|it| disk(it, into));
    for group in &inventory.volume_groups {
        into.text(&group.name);
        let volumes = group.logical_volumes.iter();
        volumes.for_each(|volume| into.text(&volume.name));
        if let Some(uuid) = &group.uuid {
            into.text(&uuid.replace('-', ""));
        }
    }
    for filesystem in &inventory.filesystems {
        mounts::mount_point(&filesystem.mount_point, into);
        if let Some(device) = &filesystem.device {
            mounts::mounted(device, into);
        }
    }
}

fn interface(interface: &NetworkInterface, into: &mut Identities) {
    let transceiver = interface.transceiver.as_ref();
    let lacp = interface.bond.as_ref().and_then(|bond| bond.lacp.as_ref());
    let values = [
        interface.mac.as_ref(),
        interface.permanent_mac.as_ref(),
        lacp.and_then(|lacp| lacp.partner_mac.as_ref()),
        transceiver.and_then(|transceiver| transceiver.serial.as_ref()),
    ];
    let values = values.into_iter().flatten();
    values
        .chain(&interface.addresses)
        .for_each(|it| into.value(it));
    if let Some(neighbour) = &interface.neighbour {
        neighbour_names(neighbour, into);
    }
}

fn neighbour_names(neighbour: &Neighbour, into: &mut Identities) {
    let values = neighbour.chassis_id.iter();
    values
        .chain(&neighbour.management_addresses)
        .for_each(|it| into.value(it));
    if let Some(name) = &neighbour.system_name {
        into.host_name(name);
    }
}

fn disk(disk: &Disk, into: &mut Identities) {
    let values = [&disk.serial, &disk.wwn];
    values.into_iter().flatten().for_each(|it| into.value(it));
    let mut signature = |signature: &Option<Signature>| {
        let signature = signature.iter();
        let values = signature.flat_map(|it| [&it.label, &it.uuid]);
        values.flatten().for_each(|it| into.value(it));
    };
    signature(&disk.filesystem);
    for partition in &disk.partitions {
        signature(&partition.filesystem);
    }
    for partition in &disk.partitions {
        let values = [&partition.uuid, &partition.label];
        values.into_iter().flatten().for_each(|it| into.value(it));
        into.public_uuids
            .extend(partition.kind.as_deref().and_then(uuid));
    }
    let partitions = disk.partitions.iter().flat_map(|it| &it.mount_points);
    let mount_points = disk.mount_points.iter().chain(partitions);
    mount_points.for_each(|it| mounts::mount_point(it, into));
}

/// A host may be called `debian`: its name must not take the distribution with it.
fn keep_words(inventory: &Inventory, into: &mut Identities) {
    let host = &inventory.host;
    let (system, board, cpu) = (&inventory.system, &inventory.board, &inventory.cpu);
    let singles = [
        &host.os.id,
        &host.os.pretty_name,
        &host.kernel.release,
        &host.kernel.architecture,
        &host.virtualization.technology,
        &system.vendor,
        &system.product,
        &system.version,
        &system.family,
        &system.sku,
        &board.vendor,
        &board.product,
        &board.version,
        &inventory.chassis.vendor,
        &inventory.bios.vendor,
        &inventory.bios.version,
        &cpu.vendor_id,
        &cpu.model_name,
    ];
    let disks = inventory.disks.iter();
    let disks = disks.flat_map(|disk| [&disk.vendor, &disk.model, &disk.firmware]);
    let network = inventory.network.iter();
    let network = network.flat_map(|it| [&it.vendor, &it.model, &it.driver]);
    let pci = inventory.pci.iter();
    let pci = pci.flat_map(|it| [&it.vendor, &it.device, &it.class, &it.driver, &it.subsystem]);
    let modules = inventory.memory.modules.iter();
    let modules = modules.flat_map(|it| [&it.manufacturer, &it.part_number, &it.locator]);
    let kept = singles.into_iter().chain(disks).chain(network);
    for fact in kept.chain(pci).chain(modules).flatten() {
        let fact = fact.to_ascii_lowercase();
        let words = fact.split(|c: char| !c.is_ascii_alphanumeric());
        into.public_words.extend(words.map(str::to_owned));
        into.public_words.insert(fact);
    }
    let names = inventory.network.iter().map(|it| &it.name);
    let names = names.chain(inventory.disks.iter().map(|it| &it.name));
    into.public_words.extend(names.cloned());
}
