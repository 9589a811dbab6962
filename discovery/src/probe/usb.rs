//! USB devices, without root hubs.

use std::collections::BTreeMap;

use muster_model::Found;
use muster_model::peripheral::UsbDevice;

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::{natural, usb};
use crate::source::Dir;

const USB_DEVICES: &str = "sys/bus/usb/devices";

/// Fills `usb`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<UsbDevice>> {
    let mut notes = Notes::new("usb");
    let bus = context.source.dir(USB_DEVICES);
    let listed = notes.keep_list(context.source, USB_DEVICES, bus.list(""));
    let mut names = listed.unwrap_or_default();
    names.sort_by(|one, other| natural::compare(one, other));
    let drivers = drivers(&bus, &names, &mut notes);
    let paths = names.iter().filter(|name| usb::is_device(name));
    let devices = paths.filter_map(|path| {
        let uevent = bus.text(&format!("{path}/uevent"));
        let mut device = device(&bus.dir(path), uevent, &mut notes)?;
        device.drivers = drivers.get(path.as_str()).cloned().unwrap_or_default();
        Some(device)
    });
    let mut devices: Vec<UsbDevice> = devices.collect();
    name_from_database(context, &mut devices, &mut notes);
    notes.with(devices)
}

/// By device, from its interfaces: `1-1:1.0` is one of `1-1`.
fn drivers(bus: &Dir<'_>, names: &[String], notes: &mut Notes) -> BTreeMap<String, Vec<String>> {
    let mut drivers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names {
        let Some((device, _)) = name
            .split_once(':')
            .filter(|(name, _)| usb::is_device(name))
        else {
            continue;
        };
        let driver = bus.link_name(&format!("{name}/driver"));
        if let Some(driver) = notes.keep(name, "driver", driver) {
            let known = drivers.entry(device.to_owned()).or_default();
            if !known.contains(&driver) {
                known.push(driver);
            }
        }
    }
    drivers
}

/// Nothing where the device went away meanwhile.
fn device(
    directory: &Dir<'_>,
    uevent: Result<String, Fault>,
    notes: &mut Notes,
) -> Option<UsbDevice> {
    let path = directory.name();
    let uevent = match uevent {
        Err(Fault::Absent | Fault::Vanished) => return None,
        other => notes.keep(path, "uevent", other),
    };
    let ids = uevent.and_then(|text| usb::parse_uevent(&text));
    let mut string = |name: &str| {
        let text = notes.keep(path, name, directory.text(name));
        text.filter(|text| !text.is_empty())
    };
    Some(UsbDevice {
        path: path.to_owned(),
        vendor_id: ids.map(|ids| format!("{:04x}", ids.vendor)),
        product_id: ids.map(|ids| format!("{:04x}", ids.product)),
        vendor: string("manufacturer"),
        product: string("product"),
        serial: string("serial"),
        // `unknown` before the device is addressed.
        speed_mbps: string("speed").and_then(|speed| speed.parse().ok()),
        class: ids.and_then(|ids| Some(format!("{:02x}", ids.class?))),
        drivers: Vec::new(),
    })
}

/// udev's hardware database for devices that do not name themselves.
fn name_from_database(context: &Context<'_>, devices: &mut [UsbDevice], notes: &mut Notes) {
    for device in devices {
        if device.vendor.is_some() && device.product.is_some() {
            continue;
        }
        let (Some(vendor), Some(product)) = (&device.vendor_id, &device.product_id) else {
            continue;
        };
        // The database has its numbers in capitals.
        let capitals = |id: &String| id.to_ascii_uppercase();
        let modalias = format!("usb:v{}p{}", capitals(vendor), capitals(product));
        let names = context.database_names(&modalias);
        let Some([vendor, product]) = notes.keep("usb", "udev's hardware database", names) else {
            return;
        };
        device.vendor = device.vendor.take().or(vendor);
        device.product = device.product.take().or(product);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{Options, Source};

    fn found(root: &tempfile::TempDir) -> Found<Vec<UsbDevice>> {
        let source = Source::at_root(root.path()).unwrap();
        let options = Options::default();
        probe(&Context::new(&source, &options))
    }

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(USB_DEVICES).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[test]
    fn reads_devices_in_natural_order() {
        let root = tree(&[
            ("usb1/uevent", "PRODUCT=1d6b/2/605\nTYPE=9/0/1\n"),
            ("1-10/uevent", "PRODUCT=1/2/3\nTYPE=9/0/1\n"),
            ("1-2/uevent", "PRODUCT=46d/c52b/1211\nTYPE=0/0/0\n"),
            ("1-2/manufacturer", "Logitech\n"),
            ("1-2/product", "USB Receiver\n"),
            ("1-2/serial", "\n"),
            ("1-2/speed", "12\n"),
            ("1-2:1.0/bInterfaceClass", "03\n"),
            ("1-2:1.1/bInterfaceClass", "03\n"),
        ]);
        for interface in ["1-2:1.0", "1-2:1.1"] {
            let link = root.path().join(USB_DEVICES).join(interface).join("driver");
            symlink("../../drivers/usbhid", link).unwrap();
        }
        let found = found(&root);
        assert_eq!(found.warnings, []);
        let paths: Vec<&str> = found
            .value
            .iter()
            .map(|device| device.path.as_str())
            .collect();
        assert_eq!(paths, ["1-2", "1-10"]);
        let device = &found.value[0];
        assert_eq!(device.vendor_id.as_deref(), Some("046d"));
        assert_eq!(device.product.as_deref(), Some("USB Receiver"));
        assert_eq!(device.serial, None);
        assert_eq!(device.speed_mbps, Some(12.0));
        assert_eq!(device.class.as_deref(), Some("00"));
        assert_eq!(device.drivers, ["usbhid"]);
    }

    #[test]
    fn none_is_no_fault() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(USB_DEVICES)).unwrap();
        assert_eq!(found(&root), Found::default());
    }

    #[test]
    fn nonsense_costs_one_field() {
        let root = tree(&[("1-2/uevent", "PRODUCT=?\n"), ("1-2/product", "X\n")]);
        fs::write(root.path().join(USB_DEVICES).join("1-2/serial"), [0xff]).unwrap();
        let found = found(&root);
        assert_eq!(found.value[0].product.as_deref(), Some("X"));
        assert_eq!(found.value[0].vendor_id, None);
        assert_eq!(found.warnings.len(), 1);
    }
}
