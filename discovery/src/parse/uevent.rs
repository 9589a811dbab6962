//! `KEY=value` lines of a device's `uevent` file, and kernel events on the wire.

/// The value of a key in a `uevent` file.
pub(crate) fn value<'a>(content: &'a str, key: &str) -> Option<&'a str> {
    content
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .filter(|value| !value.is_empty())
}

/// The subsystem of an event as the kernel broadcasts it: a title, then `KEY=value`, each ended by
/// NUL (`lib/kobject_uevent.c`).
pub(crate) fn subsystem(event: &[u8]) -> Option<&str> {
    let value = event
        .split(|byte| *byte == 0)
        .find_map(|line| line.strip_prefix(b"SUBSYSTEM="))?;
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_whole_key() {
        let content = "DRIVER=e1000e\nPCI_ID=8086:10D3\nPCI_SLOT_NAME=0000:00:03.0\nX=\n";
        assert_eq!(value(content, "DRIVER"), Some("e1000e"));
        assert_eq!(value(content, "PCI_ID"), Some("8086:10D3"));
        assert_eq!(value(content, "PCI"), None);
        assert_eq!(value(content, "X"), None);
    }

    #[test]
    fn subsystem_of_an_event() {
        let event = b"add@/devices/x\0ACTION=add\0SUBSYSTEM=block\0SEQNUM=9\0";
        assert_eq!(subsystem(event), Some("block"));
        assert_eq!(subsystem(b"libudev\0"), None);
        assert_eq!(subsystem(b""), None);
    }
}
