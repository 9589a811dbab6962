//! What the kernel says of a USB device in `uevent` (`drivers/usb/core/driver.c`, `usb_uevent`).

use super::uevent;

/// The numbers of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UsbIds {
    pub(crate) vendor: u16,
    pub(crate) product: u16,
    /// Device class; 0 where each interface has its own (USB 2.0, 9.6.1).
    pub(crate) class: Option<u8>,
}

/// Reads `PRODUCT=46d/c52b/1211` (hexadecimal) and `TYPE=0/0/0` (decimal).
pub(crate) fn parse_uevent(text: &str) -> Option<UsbIds> {
    let mut product = uevent::value(text, "PRODUCT")?.split('/');
    let mut number = || u16::from_str_radix(product.next()?, 16).ok();
    Some(UsbIds {
        vendor: number()?,
        product: number()?,
        class: uevent::value(text, "TYPE").and_then(|class| class.split('/').next()?.parse().ok()),
    })
}

/// A device by its path of ports, such as `1-1.4`: neither an interface (`1-1.4:1.0`) nor a root
/// hub (`usb1`).
pub(crate) fn is_device(name: &str) -> bool {
    let is_path = |c: char| c.is_ascii_digit() || c == '-' || c == '.';
    name.starts_with(|c: char| c.is_ascii_digit())
        && name.contains('-')
        && name.chars().all(is_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_uevent() {
        let ids =
            parse_uevent("DEVTYPE=usb_device\nPRODUCT=46d/c52b/1211\nTYPE=239/2/1\n").unwrap();
        assert_eq!((ids.vendor, ids.product), (0x046d, 0xc52b));
        assert_eq!(ids.class, Some(0xef));
        assert_eq!(parse_uevent("PRODUCT=46d/c52b/1211").unwrap().class, None);
        for text in ["", "PRODUCT=", "PRODUCT=46d", "PRODUCT=x/y/z", "TYPE=0/0/0"] {
            assert_eq!(parse_uevent(text), None, "{text}");
        }
    }

    #[test]
    fn tells_devices_from_interfaces_and_root_hubs() {
        assert!(is_device("1-1") && is_device("3-1.4.2"));
        for name in ["usb1", "1-1:1.0", "1-0:1.0", "", "-"] {
            assert!(!is_device(name), "{name}");
        }
    }
}
