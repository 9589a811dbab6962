//! The machine's interfaces, and a bridge with a pair of interfaces in a namespace, against `ip`
//! and `ethtool` at the same instant.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::process::Command;

use muster_discovery::{Options, Source, discover};
use muster_model::Section;
use muster_model::network::{AdminState, Duplex, InterfaceKind, NetworkInterface};
use muster_tests::ledger::Ledger;
use muster_tests::namespace::{entered, ip};
use serde_json::Value;

#[test]
fn this_machine_as_ip_and_ethtool_see_it() {
    compare();
}

#[test]
fn a_bridge_and_a_pair_as_ip_sees_them() {
    if !entered("a_bridge_and_a_pair_as_ip_sees_them") {
        return;
    }
    ip("link add br0 type bridge");
    ip("link add port0 type veth peer name far0");
    ip("link set port0 master br0");
    ip("link set port0 mtu 1400");
    for name in ["br0", "port0", "far0"] {
        ip(&format!("link set {name} up"));
    }
    ip("addr add 192.0.2.1/24 dev br0");
    ip("addr add 2001:db8::1/64 dev br0 nodad");
    ip("addr add 192.0.2.9 peer 192.0.2.10/32 dev far0");
    ip("tuntap add dev tap0 mode tap");
    compare();
    let found = ours();
    let kind = |name: &str| found.iter().find(|found| found.name == name).unwrap().kind;
    assert_eq!(kind("br0"), Some(InterfaceKind::Bridge));
    assert_eq!(kind("port0"), Some(InterfaceKind::Veth));
    assert_eq!(kind("tap0"), Some(InterfaceKind::Tun));
    assert_eq!(kind("lo"), Some(InterfaceKind::Loopback));
}

fn ours() -> Vec<NetworkInterface> {
    let options = Options {
        sections: BTreeSet::from([Section::Network]),
        ..Options::default()
    };
    discover(&Source::live().unwrap(), &options)
        .inventory
        .network
}

fn compare() {
    let found = ours();
    let links = json("-j -d link show");
    let addresses = json("-j addr show");
    let mut ledger = Ledger::new("here");
    let names = |list: &[Value]| -> BTreeSet<String> {
        list.iter()
            .map(|link| word(link, "ifname").unwrap())
            .collect()
    };
    let our_names = found.iter().map(|found| found.name.clone()).collect();
    ledger.same("interfaces", names(&links), our_names);
    for link in &links {
        let name = word(link, "ifname").unwrap();
        let found = found.iter().find(|found| found.name == name).unwrap();
        compare_link(&mut ledger, found, link);
        if found.kind == Some(InterfaceKind::Physical) {
            compare_ethtool(&mut ledger, found);
        }
    }
    for link in &addresses {
        let name = word(link, "ifname").unwrap();
        let found = found.iter().find(|found| found.name == name).unwrap();
        let ours: BTreeSet<String> = found.addresses.iter().cloned().collect();
        let theirs = link["addr_info"].as_array().unwrap().iter();
        let theirs =
            theirs.map(|one| format!("{}/{}", one["local"].as_str().unwrap(), one["prefixlen"]));
        ledger.same(&format!("{name} addresses"), ours, theirs.collect());
    }
    eprintln!("{}", ledger.row());
}

fn compare_link(ledger: &mut Ledger, ours: &NetworkInterface, theirs: &Value) {
    let name = &ours.name;
    let flags: Vec<&str> = theirs["flags"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let up = flags.contains(&"UP");
    let admin_state = if up { AdminState::Up } else { AdminState::Down };
    ledger.same(
        &format!("{name} admin_state"),
        ours.admin_state,
        Some(admin_state),
    );
    let carrier = up.then(|| flags.contains(&"LOWER_UP"));
    ledger.same(&format!("{name} carrier"), ours.carrier, carrier);
    let state = word(theirs, "operstate").map(|state| state.to_lowercase());
    ledger.same(
        &format!("{name} oper_state"),
        ours.oper_state.clone(),
        state,
    );
    ledger.same(
        &format!("{name} mtu"),
        ours.mtu.map(u64::from),
        theirs["mtu"].as_u64(),
    );
    ledger.same(
        &format!("{name} master"),
        ours.master.clone(),
        word(theirs, "master"),
    );
    let address = word(theirs, "address");
    // No hardware address is null here and all zeros there.
    let address = address.filter(|address| address != "00:00:00:00:00:00");
    ledger.same(&format!("{name} mac"), ours.mac.clone(), address);
    let kind = theirs["linkinfo"]["info_kind"].as_str();
    let is_made = !matches!(
        ours.kind,
        Some(InterfaceKind::Physical | InterfaceKind::Loopback)
    );
    ledger.same(
        &format!("{name} is made by software"),
        is_made,
        kind.is_some(),
    );
}

fn compare_ethtool(ledger: &mut Ledger, ours: &NetworkInterface) {
    let name = &ours.name;
    let driver = ethtool(&["-i", name]);
    ledger.same(
        &format!("{name} driver"),
        ours.driver.clone(),
        line(&driver, "driver"),
    );
    ledger.same(
        &format!("{name} slot"),
        ours.pci_slot.clone(),
        line(&driver, "bus-info"),
    );
    let firmware = line(&driver, "firmware-version").filter(|text| text != "N/A");
    ledger.same(
        &format!("{name} firmware"),
        ours.firmware_version.clone(),
        firmware,
    );
    let permanent = line(&ethtool(&["-P", name]), "Permanent address");
    let permanent = permanent.filter(|address| address != "00:00:00:00:00:00");
    ledger.same(
        &format!("{name} permanent_mac"),
        ours.permanent_mac.clone(),
        permanent,
    );
    let settings = ethtool(&[name]);
    let speed = line(&settings, "Speed").and_then(|speed| speed.strip_suffix("Mb/s")?.parse().ok());
    ledger.same(&format!("{name} speed"), ours.speed_mbps, speed);
    let duplex = match line(&settings, "Duplex").as_deref() {
        Some("Full") => Some(Duplex::Full),
        Some("Half") => Some(Duplex::Half),
        _ => None,
    };
    ledger.same(&format!("{name} duplex"), ours.duplex, duplex);
    let negotiates = line(&settings, "Auto-negotiation").map(|word| word == "on");
    ledger.same(
        &format!("{name} autonegotiation"),
        ours.autonegotiation,
        negotiates,
    );
}

fn json(words: &str) -> Vec<Value> {
    serde_json::from_str(&ip(words)).unwrap()
}

fn word(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

fn ethtool(words: &[&str]) -> String {
    let output = Command::new("ethtool")
        .args(words)
        .output()
        .expect("ethtool runs");
    String::from_utf8(output.stdout).unwrap()
}

fn line(text: &str, key: &str) -> Option<String> {
    let found = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':'));
    found
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}
