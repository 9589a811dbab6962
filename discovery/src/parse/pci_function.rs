//! What the kernel says of one PCI function in a single attribute: `uevent`, or `modalias` where a
//! recorded tree has only that (`drivers/pci/pci-driver.c`, `pci_uevent`; `pci-sysfs.c`,
//! `modalias_show`).

use super::pci_ids::PciIds;

/// The numbers and the driver of one function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) ids: PciIds,
    pub(crate) driver: Option<String>,
    pub(crate) modalias: Option<String>,
}

/// Domain, bus, device, function: the order of slots.
pub(crate) type SlotKey = (u32, u8, u8, u8);

/// Reads `uevent`; `None` where it names no function.
pub(crate) fn parse_uevent(text: &str) -> Option<Identity> {
    let mut identity = Identity::default();
    let mut named = false;
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        match key {
            "DRIVER" => identity.driver = Some(value.to_owned()),
            "MODALIAS" => identity.modalias = Some(value.to_owned()),
            // Without leading zeros: `20000` is an Ethernet controller.
            "PCI_CLASS" => identity.ids.class = u32::from_str_radix(value, 16).ok()?,
            "PCI_ID" => {
                (identity.ids.vendor, identity.ids.device) = pair(value)?;
                named = true;
            }
            "PCI_SUBSYS_ID" => {
                (identity.ids.subsystem_vendor, identity.ids.subsystem_device) = pair(value)?;
            }
            _ => {}
        }
    }
    named.then_some(identity)
}

/// Reads `modalias`: `pci:v00008086d00001572sv00008086sd00000001bc02sc00i00`.
pub(crate) fn parse_modalias(text: &str) -> Option<Identity> {
    let rest = text.strip_prefix("pci:")?;
    let (vendor, rest) = field(rest, "v", 8)?;
    let (device, rest) = field(rest, "d", 8)?;
    let (subsystem_vendor, rest) = field(rest, "sv", 8)?;
    let (subsystem_device, rest) = field(rest, "sd", 8)?;
    let (class, rest) = field(rest, "bc", 2)?;
    let (subclass, rest) = field(rest, "sc", 2)?;
    let (interface, _) = field(rest, "i", 2)?;
    let short = |value: u32| u16::try_from(value).ok();
    Some(Identity {
        ids: PciIds {
            vendor: short(vendor)?,
            device: short(device)?,
            subsystem_vendor: short(subsystem_vendor)?,
            subsystem_device: short(subsystem_device)?,
            class: class << 16 | subclass << 8 | interface,
        },
        driver: None,
        modalias: Some(text.to_owned()),
    })
}

/// Reads a slot, such as `0000:3b:00.0` or, in a domain beyond 16 bits, `10000:00:02.0`.
pub(crate) fn slot_key(slot: &str) -> Option<SlotKey> {
    let (rest, function) = slot.rsplit_once('.')?;
    let mut parts = rest.split(':');
    let (domain, bus, device) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none() && domain.len() >= 4;
    let short = |text: &str| u8::from_str_radix(text, 16).ok();
    let key = (
        u32::from_str_radix(domain, 16).ok()?,
        short(bus)?,
        short(device)?,
        short(function)?,
    );
    is_whole.then_some(key)
}

/// The bridge above the function at `path` in sysfs: the directory that holds its own.
pub(crate) fn parent(path: &str) -> Option<&str> {
    let above = path.rsplit('/').nth(1)?;
    slot_key(above).map(|_| above)
}

/// `current_link_speed` and `max_link_speed`: `8.0 GT/s PCIe`, before Linux 5.7 `8 GT/s`; the
/// kernel writes `Unknown` for a link that is down.
pub(crate) fn link_speed_gts(text: &str) -> Option<f64> {
    let (number, _) = text.split_once(" GT/s")?;
    number.parse().ok().filter(|speed| *speed > 0.0)
}

/// `current_link_width` and `max_link_width`: 0 for no link, 255 for one that is not known
/// (`include/linux/pci.h`, `PCIE_LNK_WIDTH_UNKNOWN`).
pub(crate) fn link_width(text: &str) -> Option<u32> {
    text.parse().ok().filter(|width| (1..255).contains(width))
}

fn pair(text: &str) -> Option<(u16, u16)> {
    let (first, second) = text.split_once(':')?;
    let number = |text| u16::from_str_radix(text, 16).ok();
    Some((number(first)?, number(second)?))
}

fn field<'a>(text: &'a str, name: &str, digits: usize) -> Option<(u32, &'a str)> {
    let (digits, rest) = text.strip_prefix(name)?.split_at_checked(digits)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_uevent() {
        let text = "DRIVER=virtio-pci\nPCI_CLASS=20000\nPCI_ID=1AF4:1041\nPCI_SUBSYS_ID=1AF4:1100\n\
                    PCI_SLOT_NAME=0000:00:03.0\nMODALIAS=pci:v\n";
        let identity = parse_uevent(text).unwrap();
        assert_eq!(identity.ids.to_string(), "1af4:1041 1af4:1100 020000");
        assert_eq!(identity.driver.as_deref(), Some("virtio-pci"));
    }

    #[test]
    fn refuses_what_is_no_function() {
        for text in [
            "",
            "DRIVER=x",
            "PCI_ID=1",
            "PCI_ID=zz:1",
            "PCI_ID=1:2\nPCI_CLASS=x",
        ] {
            assert_eq!(parse_uevent(text), None, "{text}");
        }
    }

    #[test]
    fn reads_a_modalias() {
        let text = "pci:v00008086d00001572sv00008086sd00000001bc02sc00i00";
        let identity = parse_modalias(text).unwrap();
        assert_eq!(identity.ids.to_string(), "8086:1572 8086:0001 020000");
        assert_eq!(parse_modalias("pci:v00008086"), None);
        assert_eq!(parse_modalias("usb:v1D6B"), None);
    }

    #[test]
    fn orders_slots() {
        assert!(slot_key("0000:ff:1f.7") < slot_key("0001:00:00.0"));
        assert!(slot_key("ffff:00:00.0") < slot_key("10000:00:02.0"));
        for slot in ["", "00:02.0", "0000:00:02", "x:00:02.0", "0000:00:02.0:1"] {
            assert_eq!(slot_key(slot), None, "{slot}");
        }
    }

    #[test]
    fn finds_the_bridge_above() {
        let path = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0";
        assert_eq!(parent(path), Some("0000:00:01.0"));
        assert_eq!(parent("sys/devices/pci0000:00/0000:00:01.0"), None);
        assert_eq!(parent("sys/bus/pci/devices/0000:00:01.0"), None);
    }

    #[test]
    fn reads_links() {
        assert_eq!(link_speed_gts("8.0 GT/s PCIe"), Some(8.0));
        assert_eq!(link_speed_gts("2.5 GT/s"), Some(2.5));
        assert_eq!(link_speed_gts("Unknown speed"), None);
        assert_eq!(link_speed_gts("Unknown"), None);
        assert_eq!(link_width("16"), Some(16));
        assert_eq!(link_width("0"), None);
        assert_eq!(link_width("255"), None);
    }
}
