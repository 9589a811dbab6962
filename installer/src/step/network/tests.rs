use serde_json::{Value, json};

use super::super::testing::{action, host, prove, refused};
use super::*;
use crate::host::Files as _;
use crate::host::model::Model;

#[allow(
    clippy::needless_pass_by_value,
    reason = "it is made where it is given"
)]
fn network(links: Value) -> Value {
    json!({"network": {"links": links, "reach": ["10.0.0.1:7443"]}})
}

fn moved() -> Value {
    json!([
        {"name": "bond0", "bond": {"mode": "802.3ad", "members": ["eth0", "52:54:00:00:00:01"]}, "mtu": 9000},
        {"name": "bond0.7", "vlan": {"id": 7, "on": "bond0"}, "addresses": ["10.0.0.2/24", "fd00::2/64"],
         "gateways": ["10.0.0.1"], "routes": [{"to": "10.9.0.0/16", "via": "10.0.0.9"}], "dns": ["10.0.0.53"], "domains": ["example.org"]},
    ])
}

/// What the step says about this host, where it can be done.
fn considered(host: &Model, links: Value) -> Result<Vec<String>, String> {
    let action = action(&network(links));
    let found = action.inspect(host);
    let considered = found.and_then(|before| {
        action.wanted(&before)?;
        action.consider(host, &before)
    });
    considered.map_err(|why| why.to_string())
}

fn cannot(links: Value) -> String {
    considered(&host(), links).unwrap_err()
}

fn text(host: &Model, name: &str) -> String {
    host.text(&format!("/etc/systemd/network/05-muster-{name}"))
        .unwrap()
}

#[test]
fn links_are_set_up_and_as_they_were_again() {
    for links in [
        json!([{"name": "eth0", "addresses": ["10.0.0.3/24"]}]),
        json!([{"name": "eth1", "mtu": 9000, "addresses": ["192.168.0.1/24"]}]),
        json!([{"name": "br0", "bridge": {"members": ["eth0"]}, "addresses": ["10.0.0.2/24"]}]),
        json!([{"name": "br0", "bridge": {}}]),
        moved(),
    ] {
        prove(&host(), &network(links));
    }
}

/// systemd.netdev(5), systemd.network(5): what it reads is held to the byte.
#[test]
fn files_of_systemd_networkd_are_written() {
    let after = prove(&host(), &network(moved()));
    let head = "# Made by muster; `muster uninstall` removes it.\n";
    for (name, wanted) in [
        (
            "bond0.netdev",
            "[NetDev]\nName=bond0\nKind=bond\n\n[Bond]\nMode=802.3ad\nMIIMonitorSec=100ms\n",
        ),
        (
            "bond0.network",
            "[Match]\nName=bond0\n\n[Link]\nMTUBytes=9000\n\n[Network]\nDHCP=no\nVLAN=bond0.7\n",
        ),
        (
            "bond0.7.netdev",
            "[NetDev]\nName=bond0.7\nKind=vlan\n\n[VLAN]\nId=7\n",
        ),
        (
            "bond0.7.network",
            "[Match]\nName=bond0.7\n\n[Network]\nDHCP=no\nAddress=10.0.0.2/24\nAddress=fd00::2/64\nGateway=10.0.0.1\nDNS=10.0.0.53\n\
             Domains=example.org\n\n[Route]\nDestination=10.9.0.0/16\nGateway=10.0.0.9\n",
        ),
        (
            "eth0.network",
            "[Match]\nName=eth0\n\n[Link]\nMTUBytes=9000\n\n[Network]\nDHCP=no\nLinkLocalAddressing=no\nBond=bond0\n",
        ),
        (
            "eth1.network",
            "[Match]\nName=eth1\n\n[Link]\nMTUBytes=9000\n\n[Network]\nDHCP=no\nLinkLocalAddressing=no\nBond=bond0\n",
        ),
    ] {
        assert_eq!(text(&after, name), format!("{head}{wanted}"), "{name}");
    }
    let names = after
        .list(&HostPath::known("/etc/systemd/network"))
        .unwrap();
    assert_eq!(names.len(), 6 + 2, "{names:?}");
    let bridge = json!([{"name": "br0", "bridge": {"members": ["eth1"]}, "dhcp": "ipv4"}]);
    let action = action(&network(bridge));
    let before = action.inspect(&host()).unwrap();
    let wanted = serde_json::to_string(&action.wanted(&before).unwrap()).unwrap();
    for part in [
        "Kind=bridge\\n\\n[Bridge]\\nSTP=no",
        "DHCP=ipv4\\nConfigureWithoutCarrier=yes",
        "Bridge=br0",
    ] {
        assert!(wanted.contains(part), "{part}: {wanted}");
    }
}

#[test]
fn who_does_it_and_what_it_disturbs_is_told_before() {
    let notes = considered(&host(), moved()).unwrap();
    assert_eq!(
        notes,
        [
            "systemd-networkd does it; all is put back by itself after 60 s, unless 10.0.0.1:7443 takes a connection before",
            "disruptive: eth0 has the default route, so that connections to this machine may break, yours as well",
        ]
    );
    let other = json!([{"name": "eth1", "addresses": ["192.168.0.1/24"]}]);
    assert_eq!(considered(&host(), other.clone()).unwrap().len(), 1);
    let by_hand = action(&json!({"network": {"links": other, "window_s": 5}}));
    let before = by_hand.inspect(&host()).unwrap();
    let notes = by_hand.consider(&host(), &before).unwrap();
    assert!(
        notes[0].contains("after 5 s, unless somebody says `muster install --confirm-network`"),
        "{notes:?}"
    );
    assert_eq!(
        action(&network(moved())).title(),
        "Have the network as bond0 (bond of eth0, 52:54:00:00:00:01 by 802.3ad); bond0.7 (VLAN 7 on bond0, 10.0.0.2/24, fd00::2/64)"
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let vlan = |id: u16, on: &str| json!({"name": "v", "vlan": {"id": id, "on": on}});
    for (links, told) in [
        (json!([]), "from 1 to 64 links"),
        (
            json!([{"name": "eth0"}, {"name": "eth0"}]),
            "eth0 is named twice",
        ),
        (
            json!([vlan(7, "eth0")]),
            "eth0 has to be a link of the step, too, before v",
        ),
        (json!([vlan(7, "eth0"), {"name": "eth0"}]), "before v"),
        (
            json!([{"name": "eth0", "mtu": 1400}, {"name": "v", "vlan": {"id": 7, "on": "eth0"}, "mtu": 1500}]),
            "larger MTU than eth0",
        ),
        (
            json!([{"name": "b", "bond": {"mode": "802.3ad", "members": []}}]),
            "has no members",
        ),
        (
            json!([{"name": "b", "bond": {"mode": "802.3ad", "members": ["b"]}}]),
            "cannot belong to itself",
        ),
        (
            json!([{"name": "b", "bridge": {"members": ["eth0", "eth0"]}}]),
            "cannot belong to two links",
        ),
        (
            json!([{"name": "b", "bridge": {}, "bond": {"mode": "802.3ad", "members": ["eth0"]}}]),
            "one of a bond, a VLAN and a bridge",
        ),
        (
            json!([{"name": "eth0", "dhcp": "yes"}, {"name": "b", "bridge": {"members": ["eth0"]}}]),
            "what has addresses is b",
        ),
        (
            json!([{"name": "b", "bridge": {"members": ["c"]}}, {"name": "c", "bond": {"mode": "802.3ad", "members": ["eth0"]}}]),
            "c has to be named before b",
        ),
        (
            json!([{"name": "eth0", "addresses": ["10.0.0.2/24"]}, {"name": "eth1", "addresses": ["10.0.0.3/16"]}]),
            "overlap",
        ),
        (
            json!([{"name": "eth0", "addresses": ["10.0.0.2/24", "10.0.0.2/32"]}]),
            "overlap",
        ),
        (
            json!([{"name": "eth0", "addresses": ["127.0.0.1/8"]}]),
            "no address that a host has",
        ),
        (
            json!([{"name": "eth0", "addresses": ["10.0.0.2/24"], "gateways": ["10.0.1.1"]}]),
            "10.0.1.1 is in no network of eth0",
        ),
        (
            json!([{"name": "eth0", "addresses": ["10.0.0.2/24"], "gateways": ["10.0.0.1", "10.0.0.9"]}]),
            "two gateways",
        ),
        (
            json!([{"name": "eth0", "addresses": ["10.0.0.2/24"], "routes": [{"to": "10.1.0.1/16", "via": "10.0.0.1"}]}]),
            "a route leads to a network",
        ),
        (
            json!([{"name": "eth0", "addresses": ["fd00::1/64"], "mtu": 1279}]),
            "IPv6 does not go over eth0",
        ),
    ] {
        let why = refused(&host(), &network(links.clone()));
        assert!(why.contains(told), "{links}: {why}");
    }
    for wrong in [
        json!([{"name": "sixteen-letters-", "dhcp": "yes"}]),
        json!([vlan(4095, "eth0")]),
        json!([{"name": "eth0", "mtu": 65536}]),
        json!([{"name": "eth0", "addresses": ["10.0.0.2"]}]),
        json!([{"name": "b", "bond": {"mode": "fast", "members": ["eth0"]}}]),
        json!([{"name": "eth0", "ipv4": true}]),
    ] {
        let read = serde_json::from_value::<crate::step::Action>(network(wrong.clone()));
        assert!(read.is_err(), "{wrong}");
    }
}

#[test]
fn what_this_host_does_not_allow_is_refused() {
    assert_eq!(
        cannot(json!([{"name": "eth1"}, {"name": "b", "bridge": {"members": ["eth7"]}}])),
        "there is no link eth7: `muster discover -s network` tells which there are"
    );
    let by_mac = json!([{"name": "b", "bridge": {"members": ["eth1", "52:54:00:00:00:09"]}}]);
    assert!(cannot(by_mac).contains("there is no link 52:54:00:00:00:09"));
    // Its address would be nobody's.
    let lost = cannot(
        json!([{"name": "b", "bridge": {"members": ["eth0"]}, "addresses": ["10.0.0.3/24"]}]),
    );
    assert!(
        lost.contains("eth0 has the address 10.0.0.2/24, which no link of the step has"),
        "{lost}"
    );
    // Nothing looks after eth2.
    let nobody = cannot(json!([{"name": "eth2", "addresses": ["10.2.0.2/24"]}]));
    assert!(
        nobody.contains("nothing that muster knows looks after eth2"),
        "{nobody}"
    );
    let mut host = host();
    host.put(
        "/etc/systemd/network/00-first.network",
        "[Match]\nName=eth1\n",
    );
    host.restart(crate::host::model::Crash::PowerLost);
    let hidden = considered(
        &host,
        json!([{"name": "eth1", "addresses": ["10.2.0.2/24"]}]),
    );
    assert!(
        hidden
            .unwrap_err()
            .contains("comes before all that muster writes")
    );
}

#[test]
fn two_that_look_after_links_are_refused() {
    let link = |name: &str, managers: &[Manager]| SeenLink {
        name: name.to_owned(),
        managers: managers.to_vec(),
        ..SeenLink::default()
    };
    let written = network(json!([{"name": "eth0"}, {"name": "eth1"}]));
    let Ok(crate::step::Action::Network(step)) = serde_json::from_value(written) else {
        panic!("it is one")
    };
    let both = [Manager::Networkd, Manager::NetworkManager];
    let several = Owner::Several(both[0], both[1]);
    let one_each = [link("eth0", &both[..1]), link("eth1", &both[1..])];
    let two_of_one = [link("eth0", &both), link("eth1", &both[..1])];
    for seen in [one_each, two_of_one] {
        let owner = owner::of(&step, &seen, &both);
        assert_eq!(owner, several);
        let why = owner::require(&owner).unwrap_err().to_string();
        assert!(
            why.contains("both systemd-networkd and NetworkManager"),
            "{why}"
        );
    }
    let one = [link("eth0", &both[..1]), link("eth1", &both[..1])];
    assert_eq!(
        owner::of(&step, &one, &both),
        Owner::Manager(Manager::Networkd)
    );
    assert_eq!(owner::of(&step, &[], &[]), Owner::Nobody(None));
    assert_eq!(owner::of(&step, &[], &both), several);
}

#[test]
fn a_file_that_was_edited_stays_with_the_links_and_is_told_of() {
    let mut host = host();
    let action = action(&network(moved()));
    let before = action.inspect(&host).unwrap();
    action
        .set(&mut host, &action.wanted(&before).unwrap())
        .unwrap();
    assert!(action.keep(&host, &before).unwrap().is_empty());
    host.put(
        "/etc/systemd/network/05-muster-bond0.netdev",
        "[NetDev]\nName=bond0\nKind=bond\n",
    );
    let keep = action.keep(&host, &before).unwrap();
    assert_eq!(
        keep.iter()
            .map(|keep| keep.field.as_ref())
            .collect::<Vec<_>>(),
        ["links"]
    );
}
