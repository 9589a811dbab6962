//! The hardware's fingerprint: the same for one machine whatever is installed on it, and however its network is set up.
//!
//! SHA-256 over lines `kind=value\n` in sorted order, in lower case: the system's UUID and serial number, the board's serial
//! number (SMBIOS types 1 and 2), and the permanent MAC addresses of physical interfaces. Changing a board or a
//! network card changes it. Firmware hides serial numbers from ordinary users, so it is only the same for the same user.

use muster_model::Inventory;
use muster_model::host::VirtualizationKind;
use muster_model::network::InterfaceKind;
use sha2::{Digest as _, Sha256};

/// The fingerprint; none where nothing identifies the hardware, or where it is not this machine's own: a container sees
/// the serial numbers of its host.
pub(crate) fn fingerprint(inventory: &Inventory) -> Option<[u8; 32]> {
    if inventory.host.virtualization.kind == Some(VirtualizationKind::Container) {
        return None;
    }
    let lines = lines(inventory);
    let digest = || Sha256::digest(lines.concat()).into();
    (!lines.is_empty()).then(digest)
}

fn lines(inventory: &Inventory) -> Vec<String> {
    let firmware = [
        ("system-uuid", &inventory.system.uuid),
        ("system-serial", &inventory.system.serial),
        ("board-serial", &inventory.board.serial),
    ];
    let firmware = firmware
        .into_iter()
        .filter_map(|(kind, value)| Some((kind, value.as_deref()?)));
    let is_physical = |kind| matches!(kind, InterfaceKind::Physical | InterfaceKind::Infiniband);
    let interfaces = inventory.network.iter();
    let physical = interfaces.filter(|interface| interface.kind.is_some_and(is_physical));
    let addresses = physical.filter_map(|interface| interface.permanent_mac.as_deref());
    let addresses = addresses.map(|address| ("permanent-mac", address));
    let mut lines: Vec<String> = firmware
        .chain(addresses)
        .map(|(kind, value)| format!("{kind}={}\n", value.trim().to_lowercase()))
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use muster_model::network::NetworkInterface;

    use super::*;

    fn interface(name: &str, permanent: &str) -> NetworkInterface {
        NetworkInterface {
            name: name.to_owned(),
            kind: Some(InterfaceKind::Physical),
            mac: Some("02:00:00:00:00:99".to_owned()),
            permanent_mac: Some(permanent.to_owned()),
            ..NetworkInterface::default()
        }
    }

    fn machine() -> Inventory {
        let mut inventory = Inventory::default();
        inventory.system.uuid = Some("4c4c4544-0042-4a10-8052-b7c04f563132".to_owned());
        inventory.system.serial = Some("ABC123".to_owned());
        inventory.network = vec![
            interface("eth0", "aa:00:00:00:00:01"),
            interface("eth1", "aa:00:00:00:00:02"),
        ];
        inventory
    }

    #[test]
    fn the_network_may_change() {
        let before = fingerprint(&machine()).unwrap();
        let mut after = machine();
        after.network.reverse();
        for interface in &mut after.network {
            interface.name.push('x');
            interface.mac = Some("aa:aa:aa:aa:aa:aa".to_owned());
            interface.addresses.push("192.0.2.1/24".to_owned());
        }
        let mut bond = interface("bond0", "aa:00:00:00:00:03");
        bond.kind = Some(InterfaceKind::Bond);
        after.network.push(bond);
        assert_eq!(fingerprint(&after).unwrap(), before);
    }

    #[test]
    fn other_hardware_has_another() {
        let before = fingerprint(&machine());
        let mut board = machine();
        board.board.serial = Some("ABC123".to_owned());
        let mut card = machine();
        card.network.pop();
        assert_ne!(fingerprint(&board), before);
        assert_ne!(fingerprint(&card), before);
    }

    #[test]
    fn a_container_has_none_nor_has_what_nothing_identifies() {
        let mut container = machine();
        container.host.virtualization.kind = Some(VirtualizationKind::Container);
        assert_eq!(fingerprint(&container), None);
        assert_eq!(fingerprint(&Inventory::default()), None);
    }
}
