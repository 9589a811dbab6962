use super::*;

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + HEADER).unwrap();
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend([2, 0]);
    bytes.extend([0; 8]);
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn link_message(index: u32, flags: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut payload = vec![0, 0];
    payload.extend(1_u16.to_ne_bytes());
    payload.extend(index.to_ne_bytes());
    payload.extend(flags.to_ne_bytes());
    payload.extend([0; 4]);
    payload.extend(attributes.concat());
    message(NEW_LINK, &payload)
}

fn name(text: &str) -> Vec<u8> {
    attribute(3, format!("{text}\0").as_bytes())
}

fn info(kind: &str, data: &[Vec<u8>]) -> Vec<u8> {
    let parts = [
        attribute(1, format!("{kind}\0").as_bytes()),
        attribute(2, &data.concat()),
    ];
    attribute(18 | 0x8000, &parts.concat())
}

#[test]
fn a_port_below_a_bond() {
    let bytes = link_message(
        7,
        1,
        &[
            name("eth0"),
            attribute(1, &[2, 0, 0, 0, 0, 1]),
            attribute(54, &[2, 0, 0, 0, 0, 9]),
            attribute(4, &9000_u32.to_ne_bytes()),
            attribute(10, &12_u32.to_ne_bytes()),
            attribute(16, &[6]),
            attribute(33, &[1]),
            attribute(7, &[1, 2, 3]),
            attribute(999, &[1]),
        ],
    );
    let dump = links(&bytes);
    assert_eq!(dump.malformed, 0);
    let link = &dump.items[0];
    assert_eq!((link.index, link.name.as_str(), link.up), (7, "eth0", true));
    assert_eq!(link.address, [2, 0, 0, 0, 0, 1]);
    assert_eq!(link.permanent_address, [2, 0, 0, 0, 0, 9]);
    assert_eq!((link.mtu, link.master), (Some(9000), Some(12)));
    assert_eq!((link.oper_state, link.carrier), (Some("up"), Some(true)));
}

#[test]
fn a_vlan_and_one_from_another_namespace() {
    let data = info("vlan", &[attribute(1, &100_u16.to_ne_bytes())]);
    let parent = attribute(5, &4_u32.to_ne_bytes());
    let here = link_message(8, 0, &[name("eth0.100"), parent.clone(), data.clone()]);
    let elsewhere = link_message(9, 0, &[name("v"), parent, attribute(37, &[0; 4]), data]);
    let dump = links(&[here, elsewhere].concat());
    assert_eq!(dump.items[0].kind.as_deref(), Some("vlan"));
    assert_eq!(dump.items[0].vlan_id, Some(100));
    assert_eq!(dump.items[0].parent, Some(4));
    assert_eq!(dump.items[1].parent, None);
}

#[test]
fn a_bond_with_lacp() {
    let aggregator = [
        attribute(2, &2_u16.to_ne_bytes()),
        attribute(5, &[0, 1, 2, 3, 4, 5]),
    ];
    let data = info(
        "bond",
        &[
            attribute(1, &[4]),
            attribute(2, &7_u32.to_ne_bytes()),
            attribute(21, &[1]),
            attribute(22, &[]),
            attribute(23, &aggregator.concat()),
        ],
    );
    let bond = links(&link_message(12, 1, &[name("bond0"), data]))
        .items
        .remove(0)
        .bond;
    assert_eq!(bond.mode.as_deref(), Some("802.3ad"));
    assert_eq!(bond.active, Some(7));
    assert_eq!(bond.lacp_rate.as_deref(), Some("fast"));
    assert_eq!(bond.lacp_ports, Some(2));
    assert_eq!(bond.lacp_partner, Some([0, 1, 2, 3, 4, 5]));
}

#[test]
fn one_malformed_link_costs_one_link() {
    let nameless = link_message(1, 0, &[attribute(4, &1500_u32.to_ne_bytes())]);
    let short = message(NEW_LINK, &[0; 4]);
    let wrong_mtu = link_message(3, 0, &[attribute(4, &[1]), name("eth3")]);
    let good = link_message(2, 0, &[name("eth2")]);
    let dump = links(&[nameless, short, wrong_mtu, good].concat());
    assert_eq!(dump.malformed, 2);
    let names: Vec<&str> = dump.items.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(names, ["eth3", "eth2"]);
    assert_eq!(dump.items[0].mtu, None);
}

#[test]
fn a_cut_dump_keeps_what_came_before() {
    let whole = [
        link_message(1, 0, &[name("a")]),
        link_message(2, 0, &[name("b")]),
    ]
    .concat();
    for length in 0..whole.len() {
        assert!(links(&whole[..length]).items.len() <= 1, "{length}");
    }
    assert_eq!(links(&whole).items.len(), 2);
}

#[test]
fn addresses_prefer_the_local_end() {
    let header =
        |family: u8, prefix: u8| [&[family, prefix, 0, 0][..], &4_u32.to_ne_bytes()].concat();
    let point = [
        header(2, 32),
        attribute(1, &[10, 0, 0, 2]),
        attribute(2, &[10, 0, 0, 1]),
    ];
    let mut six = vec![header(10, 64)];
    six.push(attribute(1, &[&[0xfe, 0x80][..], &[0; 13], &[1]].concat()));
    let bytes = [
        message(NEW_ADDRESS, &point.concat()),
        message(NEW_ADDRESS, &six.concat()),
        message(NEW_ADDRESS, &header(2, 8)),
    ];
    let dump = addresses(&bytes.concat());
    assert_eq!(dump.malformed, 1);
    let found: Vec<String> = dump
        .items
        .iter()
        .map(|found| format!("{} {}/{}", found.index, found.address, found.prefix_length))
        .collect();
    assert_eq!(found, ["4 10.0.0.1/32", "4 fe80::1/64"]);
}
