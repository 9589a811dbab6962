//! The device behind an interface, by sysfs.

use std::collections::HashMap;

use muster_model::WarningKind;
use muster_model::network::{InterfaceKind, NetworkInterface, Sriov};

use super::{has_device, kind};
use crate::Fault;
use crate::notes::Notes;
use crate::parse::uevent;
use crate::source::{Dir, Source};

/// Tells devices from interfaces made by software, and fills what the device directory says.
pub(super) fn fill(source: &Source, interfaces: &mut [NetworkInterface], notes: &mut Notes) {
    let mut rdma = None;
    let mut unlisted = false;
    for interface in interfaces {
        if !has_device(interface) {
            interface.permanent_mac = None;
            continue;
        }
        let path = format!("sys/class/net/{}", interface.name);
        let entry = match source.target(&path) {
            Ok(target) => source.dir(target),
            Err(Fault::Absent) => {
                unlisted = true;
                continue;
            }
            Err(_) => source.dir(path),
        };
        if is_virtual(&entry) {
            interface.kind = interface.kind.or(Some(InterfaceKind::Virtual));
            interface.permanent_mac = None;
            continue;
        }
        if interface.kind.is_none() {
            interface.kind = Some(kind_of_device(&entry, notes));
        }
        let Some(device) = device_of(&entry) else {
            continue;
        };
        let rdma = rdma.get_or_insert_with(|| rdma_devices(source));
        interface.rdma_device = rdma
            .get(pci_path(device.path()).unwrap_or(device.path()))
            .cloned();
        describe(&device, interface, notes);
    }
    if unlisted {
        let message = "some interfaces are not in sys/class/net: /sys is not that of this network \
                       namespace, so their devices are not known; mount a sysfs inside it";
        notes.warn("network", WarningKind::Absent, message);
    }
}

/// Whether the entry of the class leads below `sys/devices/virtual`; in a tree without links,
/// whether it has no device.
pub(super) fn is_virtual(entry: &Dir<'_>) -> bool {
    match entry.path().strip_prefix("sys/devices/") {
        Some(path) => path.starts_with("virtual/"),
        None => entry.link("device").is_err(),
    }
}

fn kind_of_device(entry: &Dir<'_>, notes: &mut Notes) -> InterfaceKind {
    notes
        .keep(entry.name(), "uevent", entry.text("uevent"))
        .and_then(|content| kind::by_device_type(uevent::value(&content, "DEVTYPE")?))
        .unwrap_or(InterfaceKind::Physical)
}

/// The parent of `…/net/eth0`, or where its link `device` leads.
fn device_of<'a>(entry: &Dir<'a>) -> Option<Dir<'a>> {
    if entry.path().starts_with("sys/devices/") {
        return entry
            .path()
            .ends_with(&format!("/net/{}", entry.name()))
            .then(|| entry.dir("../.."));
    }
    entry.link("device").ok().map(|_| entry.device("device"))
}

fn describe(device: &Dir<'_>, interface: &mut NetworkInterface, notes: &mut Notes) {
    let name = interface.name.clone();
    let content = notes.keep(&name, "uevent", device.text("uevent"));
    let own = content.unwrap_or_default();
    interface.driver = uevent::value(&own, "DRIVER")
        .map(str::to_owned)
        .or_else(|| device.link_name("driver").ok());
    let Some(path) = pci_path(device.path()) else {
        interface.device_id = uevent::value(&own, "PRODUCT").and_then(usb_id);
        return;
    };
    // virtio and the like have a device of their own below the PCI function.
    let below = path != device.path();
    let parent = below.then(|| device.dir(&climb(device.path(), path)));
    let function = parent.as_ref().unwrap_or(device);
    let content = match &parent {
        Some(parent) => notes.keep(&name, "uevent", parent.text("uevent")),
        None => Some(own),
    };
    interface.pci_slot = path.rsplit_once('/').map(|(_, slot)| slot.to_owned());
    interface.device_id = content
        .as_deref()
        .and_then(|content| uevent::value(content, "PCI_ID"))
        .map(str::to_ascii_lowercase);
    // −1 is no node.
    let node = notes.keep(&name, "numa_node", function.number::<i32>("numa_node"));
    interface.numa_node = node.and_then(|node| u32::try_from(node).ok());
    interface.sriov = sriov(function, &name, notes);
}

/// `Documentation/ABI/testing/sysfs-bus-pci`: only functions that can have virtual ones have
/// `sriov_totalvfs`, only virtual ones have `physfn`.
fn sriov(function: &Dir<'_>, name: &str, notes: &mut Notes) -> Option<Sriov> {
    let total_vfs = notes.keep(name, "sriov_totalvfs", function.number("sriov_totalvfs"));
    if total_vfs.is_some() {
        return Some(Sriov {
            total_vfs,
            enabled_vfs: notes.keep(name, "sriov_numvfs", function.number("sriov_numvfs")),
            physical_function: None,
        });
    }
    let physical_function = function.link_name("physfn").ok()?;
    Some(Sriov {
        physical_function: Some(physical_function),
        ..Sriov::default()
    })
}

/// The path up to the nearest PCI function; `None` for a device on another bus below it, such as
/// USB, whose place the function of its controller does not tell.
fn pci_path(path: &str) -> Option<&str> {
    let mut end = path.len();
    loop {
        let part = path.get(..end)?.rsplit_once('/');
        let (parent, name) = part?;
        if is_pci_slot(name) {
            return path.get(..end);
        }
        if is_usb_bus(name) {
            return None;
        }
        end = parent.len();
    }
}

/// `0000:3b:00.0`.
fn is_pci_slot(name: &str) -> bool {
    let hexadecimal = |text: &str, lengths: &[usize]| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let mut parts = name.split(':');
    let (Some(domain), Some(bus), Some(rest), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    rest.split_once('.').is_some_and(|(device, function)| {
        hexadecimal(domain, &[4, 5, 6, 7, 8])
            && hexadecimal(bus, &[2])
            && hexadecimal(device, &[2])
            && hexadecimal(function, &[1])
    })
}

fn is_usb_bus(name: &str) -> bool {
    name.strip_prefix("usb")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// `..` so often as `path` is below `above`.
fn climb(path: &str, above: &str) -> String {
    let below = path.get(above.len()..).unwrap_or_default();
    let steps = below.matches('/').count();
    vec![".."; steps].join("/")
}

/// `PRODUCT=bda/8153/3000`: vendor, product and release in hexadecimal without leading zeros.
fn usb_id(product: &str) -> Option<String> {
    let mut parts = product.split('/');
    let mut number = || u16::from_str_radix(parts.next()?, 16).ok();
    Some(format!("{:04x}:{:04x}", number()?, number()?))
}

/// RDMA devices by the path of their PCI function.
fn rdma_devices(source: &Source) -> HashMap<String, String> {
    let mut devices = HashMap::new();
    for name in source.list("sys/class/infiniband").unwrap_or_default() {
        let entry = source.device(&format!("sys/class/infiniband/{name}"));
        if let Some(path) = pci_path(entry.path()) {
            devices.entry(path.to_owned()).or_insert(name);
        }
    }
    devices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_function() {
        let root = "sys/devices/pci0000:00";
        for (below, function) in [
            ("/0000:00:03.0/virtio2", Some("/0000:00:03.0")),
            (
                "/0000:00:1c.0/0000:3b:00.1",
                Some("/0000:00:1c.0/0000:3b:00.1"),
            ),
            ("/0000:00:14.0/usb1/1-1/1-1:1.0", None),
            ("", None),
        ] {
            let path = format!("{root}{below}");
            let expected = function.map(|function| format!("{root}{function}"));
            assert_eq!(pci_path(&path).map(str::to_owned), expected, "{path}");
        }
        assert!(is_pci_slot("10000:e1:00.0"));
        assert!(!is_pci_slot("1-1:1.0"));
        assert_eq!(climb("a/b/c/d", "a/b"), "../..");
    }

    #[test]
    fn usb_products() {
        assert_eq!(usb_id("bda/8153/3000").as_deref(), Some("0bda:8153"));
        assert_eq!(usb_id("bda"), None);
        assert_eq!(usb_id("x/y/z"), None);
    }
}
