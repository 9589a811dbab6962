use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use muster_model::WarningKind;
use muster_model::network::{AdminState, Duplex};
use tempfile::TempDir;

use super::*;
use crate::{Options, Source};

/// A root with these files, and links for those that begin with `->`.
fn root(entries: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in entries {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content.strip_prefix("->") {
            Some(target) => symlink(target, &path).unwrap(),
            None => fs::write(&path, content).unwrap(),
        }
    }
    folder
}

fn probe_at(root: &Path) -> Found<Vec<NetworkInterface>> {
    let source = Source::at_root(root).unwrap();
    let options = Options::default();
    probe(&Context::new(&source, &options))
}

const FUNCTION: &str = "sys/devices/pci0000:00/0000:00:1c.0/0000:3b:00.0";

#[test]
fn a_port_with_its_device() {
    let entry = |file: &str| format!("{FUNCTION}/net/eth0/{file}");
    let device = |file: &str| format!("{FUNCTION}/{file}");
    let (flags, address, mtu, state) = (
        entry("flags"),
        entry("address"),
        entry("mtu"),
        entry("operstate"),
    );
    let (carrier, speed, duplex) = (entry("carrier"), entry("speed"), entry("duplex"));
    let (kind, assigned, uevent) = (entry("type"), entry("addr_assign_type"), device("uevent"));
    let (node, total, enabled) = (
        device("numa_node"),
        device("sriov_totalvfs"),
        device("sriov_numvfs"),
    );
    let folder = root(&[
        (
            "sys/class/net/eth0",
            &format!("->../../../{FUNCTION}/net/eth0"),
        ),
        (
            "sys/class/infiniband/mlx5_0",
            &format!("->../../../{FUNCTION}/infiniband/mlx5_0"),
        ),
        (&flags, "0x1003\n"),
        (&address, "00:1B:21:aa:bb:cc\n"),
        (&mtu, "9000\n"),
        (&state, "up\n"),
        (&carrier, "1\n"),
        (&speed, "25000\n"),
        (&duplex, "full\n"),
        (&kind, "1\n"),
        (&assigned, "0\n"),
        (
            &uevent,
            "DRIVER=mlx5_core\nPCI_ID=15B3:1017\nPCI_SLOT_NAME=0000:3b:00.0\n",
        ),
        (&node, "1\n"),
        (&total, "8\n"),
        (&enabled, "2\n"),
    ]);
    let found = probe_at(folder.path());
    assert_eq!(found.warnings, []);
    let eth0 = &found.value[0];
    assert_eq!(eth0.kind, Some(InterfaceKind::Physical));
    assert_eq!(eth0.mac.as_deref(), Some("00:1b:21:aa:bb:cc"));
    assert_eq!(eth0.permanent_mac, eth0.mac);
    assert_eq!(eth0.admin_state, Some(AdminState::Up));
    assert_eq!((eth0.carrier, eth0.mtu), (Some(true), Some(9000)));
    assert_eq!(
        (eth0.speed_mbps, eth0.duplex),
        (Some(25_000), Some(Duplex::Full))
    );
    assert_eq!(eth0.driver.as_deref(), Some("mlx5_core"));
    assert_eq!(eth0.device_id.as_deref(), Some("15b3:1017"));
    assert_eq!(eth0.pci_slot.as_deref(), Some("0000:3b:00.0"));
    assert_eq!(eth0.rdma_device.as_deref(), Some("mlx5_0"));
    assert_eq!(eth0.numa_node, Some(1));
    let sriov = eth0.sriov.clone().unwrap();
    assert_eq!((sriov.total_vfs, sriov.enabled_vfs), (Some(8), Some(2)));
}

#[test]
fn a_port_that_is_down_warns_of_nothing() {
    let folder = root(&[
        (
            "sys/class/net/eth1/device",
            "->../../../devices/platform/emac",
        ),
        ("sys/devices/platform/emac/uevent", "DRIVER=emac\n"),
        ("sys/class/net/eth1/flags", "0x1002\n"),
        ("sys/class/net/eth1/speed", "-1\n"),
        ("sys/class/net/eth1/duplex", "unknown\n"),
        ("sys/class/net/eth1/carrier", ""),
        ("sys/class/net/eth1/operstate", "down\n"),
        ("sys/class/net/eth1/addr_assign_type", "3\n"),
    ]);
    let found = probe_at(folder.path());
    assert_eq!(found.warnings, []);
    let eth1 = &found.value[0];
    assert_eq!(eth1.kind, Some(InterfaceKind::Physical));
    assert_eq!(
        (eth1.speed_mbps, eth1.duplex, eth1.carrier),
        (None, None, None)
    );
    assert_eq!(eth1.admin_state, Some(AdminState::Down));
    assert_eq!(
        (eth1.driver.as_deref(), eth1.pci_slot.as_deref()),
        (Some("emac"), None)
    );
    assert_eq!(eth1.permanent_mac, None);
}

#[test]
fn a_bond_a_vlan_and_their_port() {
    let folder = root(&[
        ("sys/class/net/bonding_masters", "bond0\n"),
        ("sys/class/net/bond0", "->../../devices/virtual/net/bond0"),
        (
            "sys/devices/virtual/net/bond0/uevent",
            "DEVTYPE=bond\nINTERFACE=bond0\n",
        ),
        ("sys/devices/virtual/net/bond0/flags", "0x1403\n"),
        ("sys/devices/virtual/net/bond0/speed", "20000\n"),
        ("sys/devices/virtual/net/bond0/bonding/mode", "802.3ad 4\n"),
        ("sys/devices/virtual/net/bond0/bonding/active_slave", "\n"),
        (
            "sys/devices/virtual/net/bond0/bonding/lacp_rate",
            "fast 1\n",
        ),
        ("sys/devices/virtual/net/bond0/bonding/ad_num_ports", "1\n"),
        (
            "sys/class/net/bond0.7",
            "->../../devices/virtual/net/bond0.7",
        ),
        ("sys/devices/virtual/net/bond0.7/uevent", "DEVTYPE=vlan\n"),
        (
            "proc/net/vlan/config",
            "VLAN Dev name | VLAN ID\nName-Type: X\nbond0.7 | 7 | bond0\n",
        ),
        (
            "sys/class/net/eth0/device",
            "->../../../devices/platform/emac",
        ),
        ("sys/class/net/eth0/uevent", "INTERFACE=eth0\n"),
        ("sys/class/net/eth0/master", "->../bond0"),
        ("sys/class/net/eth0/address", "02:00:00:00:00:01\n"),
        ("sys/class/net/eth0/addr_assign_type", "3\n"),
        (
            "sys/class/net/eth0/bonding_slave/perm_hwaddr",
            "02:00:00:00:00:09\n",
        ),
    ]);
    let found = probe_at(folder.path());
    assert_eq!(found.warnings, []);
    let names: Vec<&str> = found
        .value
        .iter()
        .map(|found| found.name.as_str())
        .collect();
    assert_eq!(names, ["bond0", "bond0.7", "eth0"]);
    let bond = found.value[0].bond.clone().unwrap();
    assert_eq!((bond.mode.as_deref(), bond.active), (Some("802.3ad"), None));
    assert_eq!(bond.members, ["eth0"]);
    let lacp = bond.lacp.unwrap();
    assert_eq!((lacp.rate.as_deref(), lacp.ports), (Some("fast"), Some(1)));
    assert_eq!(found.value[0].speed_mbps, Some(20_000));
    let vlan = found.value[1].vlan.clone().unwrap();
    assert_eq!((vlan.id, vlan.parent.as_deref()), (Some(7), Some("bond0")));
    assert_eq!(
        found.value[2].permanent_mac.as_deref(),
        Some("02:00:00:00:00:09")
    );
}

#[test]
fn a_usb_adapter_has_no_slot() {
    let device = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0";
    let folder = root(&[
        (
            "sys/class/net/enx0",
            &format!("->../../../{device}/net/enx0"),
        ),
        (&format!("{device}/net/enx0/uevent"), "INTERFACE=enx0\n"),
        (
            &format!("{device}/uevent"),
            "DRIVER=r8152\nPRODUCT=bda/8153/3000\n",
        ),
    ]);
    let found = probe_at(folder.path());
    let adapter = &found.value[0];
    assert_eq!(adapter.kind, Some(InterfaceKind::Physical));
    assert_eq!(adapter.pci_slot, None);
    assert_eq!(adapter.device_id.as_deref(), Some("0bda:8153"));
    assert_eq!(adapter.driver.as_deref(), Some("r8152"));
}

#[test]
fn no_class_is_a_warning_and_no_interface() {
    let folder = root(&[("etc/hostname", "x")]);
    let found = probe_at(folder.path());
    assert_eq!(found.value, []);
    assert_eq!(found.warnings[0].kind, WarningKind::Absent);
}

#[test]
fn malformed_values_cost_themselves() {
    let folder = root(&[
        ("sys/class/net/eth0/flags", "nonsense\n"),
        ("sys/class/net/eth0/address", "zz:zz\n"),
        ("sys/class/net/eth0/mtu", "many\n"),
        ("sys/class/net/eth0/speed", "fast\n"),
        ("sys/class/net/eth0/carrier", "9\n"),
        ("sys/class/net/eth0/operstate", "up\n"),
        ("sys/class/net/eth0/device", "->/nowhere"),
    ]);
    let found = probe_at(folder.path());
    let eth0 = &found.value[0];
    assert_eq!(eth0.oper_state.as_deref(), Some("up"));
    assert_eq!(
        (eth0.mtu, eth0.speed_mbps, eth0.admin_state),
        (None, None, None)
    );
    assert_eq!((eth0.mac.as_deref(), eth0.carrier), (None, None));
    let malformed = |warning: &muster_model::Warning| warning.kind == WarningKind::Malformed;
    assert_eq!(
        found
            .warnings
            .iter()
            .filter(|warning| malformed(warning))
            .count(),
        3
    );
}

#[test]
fn what_netlink_says_unreadably_makes_its_list_incomplete() {
    let mut notes = Notes::new("network");
    // A link message (RTM_NEWLINK) that ends within its header, and an address message (RTM_NEWADDR).
    let short = |kind: u16| {
        let mut message = 20u32.to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.resize(20, 0);
        message
    };
    assert_eq!(kernel::interfaces(&short(16), &short(20), &mut notes), []);
    let warnings = notes.with(()).warnings;
    let lists = warnings.iter().map(|it| it.incomplete.as_deref());
    let lists: Vec<_> = lists.collect();
    assert_eq!(lists, [Some("network"), Some("network.addresses")]);
}

#[test]
fn addresses_of_hardware() {
    assert_eq!(hardware_address(&[0; 6]), None);
    assert_eq!(hardware_address(&[10, 0, 0, 1]), None);
    assert_eq!(
        hardware_address(&[2, 0, 0, 0, 0, 0xff]).as_deref(),
        Some("02:00:00:00:00:ff")
    );
    assert!(hardware_address(&[1; 20]).is_some());
}
