//! The device behind an interface, by sysfs.

use std::cell::OnceCell;
use std::collections::HashMap;

use muster_model::WarningKind;
use muster_model::network::{InterfaceKind, NetworkInterface, Sriov};

use super::{has_device, kind};
use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::pci_function::{Identity, parse_uevent};
use crate::parse::uevent;
use crate::source::{Dir, Source};

/// Tells devices from interfaces made by software, and fills what is known of the devices.
pub(super) fn fill(context: &Context<'_>, interfaces: &mut [NetworkInterface], notes: &mut Notes) {
    let source = context.source;
    let shared = Shared::new(context);
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
        if let Some(device) = device_of(&entry) {
            shared.describe(&device, interface, notes);
        }
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

/// What is looked up once for all interfaces, and only where there is a device at all.
struct Shared<'a> {
    context: &'a Context<'a>,
    functions: OnceCell<HashMap<&'a str, &'a Identity>>,
    rdma: OnceCell<HashMap<String, String>>,
}

impl<'a> Shared<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            functions: OnceCell::new(),
            rdma: OnceCell::new(),
        }
    }

    fn describe(&self, device: &Dir<'_>, interface: &mut NetworkInterface, notes: &mut Notes) {
        let Some(path) = pci_path(device.path()) else {
            return describe_other(device, interface, notes);
        };
        // virtio and the like have a device of their own below the PCI function.
        let below = path != device.path();
        let parent = below.then(|| device.dir(&climb(device.path(), path)));
        let function = parent.as_ref().unwrap_or(device);
        self.name(function, interface);
        fill_function(function, interface, notes);
        if below || interface.driver.is_none() {
            interface.driver = own_driver(device, interface, notes);
        }
        let rdma = self.rdma.get_or_init(|| rdma_devices(self.context.source));
        interface.rdma_device = rdma.get(path).cloned();
    }

    fn name(&self, function: &Dir<'_>, interface: &mut NetworkInterface) {
        interface.pci_slot = Some(function.name().to_owned());
        let functions = self.functions.get_or_init(|| functions(self.context));
        // A recorded tree may have the device and not the bus.
        let unlisted = || parse_uevent(&function.text("uevent").ok()?);
        let found = functions.get(function.name()).map(|found| (*found).clone());
        let Some(identity) = found.or_else(unlisted) else {
            return;
        };
        let (vendor, device) = (identity.ids.vendor, identity.ids.device);
        let names = self.context.pci_names();
        interface.device_id = Some(format!("{vendor:04x}:{device:04x}"));
        interface.vendor = names.vendor(vendor).map(str::to_owned);
        interface.model = names.device(vendor, device).map(str::to_owned);
        interface.driver = identity.driver;
    }
}

/// PCI functions by slot. Those that could not be read are warned of where PCI is listed.
fn functions<'a>(context: &'a Context<'a>) -> HashMap<&'a str, &'a Identity> {
    let found = context.pci_functions().unwrap_or_default().iter();
    found
        .filter_map(|found| Some((found.slot.as_str(), found.identity.as_ref().ok()?)))
        .collect()
}

fn own_driver(device: &Dir<'_>, interface: &NetworkInterface, notes: &mut Notes) -> Option<String> {
    let own = notes.keep(&interface.name, "uevent", device.text("uevent"));
    own.as_deref()
        .and_then(|own| uevent::value(own, "DRIVER"))
        .map(str::to_owned)
        .or_else(|| device.link_name("driver").ok())
}

fn fill_function(function: &Dir<'_>, interface: &mut NetworkInterface, notes: &mut Notes) {
    let name = interface.name.clone();
    // −1 is no node.
    let node = notes.keep(&name, "numa_node", function.number::<i32>("numa_node"));
    interface.numa_node = node.and_then(|node| u32::try_from(node).ok());
    interface.sriov = sriov(function, &name, notes);
}

/// USB, or a device of the platform. A USB device names itself, one level above its interface.
fn describe_other(device: &Dir<'_>, interface: &mut NetworkInterface, notes: &mut Notes) {
    let own = notes.keep(&interface.name, "uevent", device.text("uevent"));
    let own = own.unwrap_or_default();
    interface.driver = uevent::value(&own, "DRIVER")
        .map(str::to_owned)
        .or_else(|| device.link_name("driver").ok());
    interface.device_id = uevent::value(&own, "PRODUCT").and_then(usb_id);
    if interface.device_id.is_some() {
        let usb = device.dir("..");
        interface.vendor = notes.keep(&interface.name, "manufacturer", usb.text("manufacturer"));
        interface.model = notes.keep(&interface.name, "product", usb.text("product"));
    }
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
