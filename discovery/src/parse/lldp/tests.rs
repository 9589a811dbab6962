use super::*;

fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let head = kind << 9 | u16::try_from(value.len()).unwrap();
    [head.to_be_bytes().as_slice(), value].concat()
}

fn ethernet(tlvs: &[Vec<u8>]) -> Vec<u8> {
    let mut frame = vec![0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xcc];
    frame.extend(tlvs.concat());
    frame.extend(tlv(0, &[]));
    frame.resize(frame.len().max(60), 0);
    frame
}

fn mandatory() -> Vec<Vec<u8>> {
    vec![
        tlv(1, &[4, 0, 0x1c, 0x73, 0xaa, 0xbb, 0xcc]),
        tlv(2, b"\x05Ethernet1/1"),
        tlv(3, &[0, 120]),
    ]
}

#[test]
fn a_switch() {
    let mut tlvs = mandatory();
    tlvs.extend([
        tlv(4, b"to node 7"),
        tlv(5, b"leaf-3"),
        tlv(6, b"Some OS\n version 4"),
        tlv(7, &[0, 0x14, 0, 0x14]),
        tlv(8, &[5, 1, 10, 0, 0, 7, 2, 0, 0, 0, 1, 0]),
        tlv(
            8,
            &[
                [17, 2].as_slice(),
                &[0xfe, 0x80],
                &[0; 13],
                &[1, 2, 0, 0, 0, 1, 0],
            ]
            .concat(),
        ),
        tlv(127, &[0, 0x80, 0xc2, 1, 0x0f, 0xa0]),
        tlv(127, &[0, 0x12, 0x0f, 1, 3, 0, 0, 0, 0]),
    ]);
    let neighbour = frame(&ethernet(&tlvs)).unwrap();
    assert_eq!(neighbour.chassis_id.as_deref(), Some("00:1c:73:aa:bb:cc"));
    assert_eq!(neighbour.port_id.as_deref(), Some("Ethernet1/1"));
    assert_eq!(neighbour.ttl_s, Some(120));
    assert_eq!(neighbour.port_description.as_deref(), Some("to node 7"));
    assert_eq!(neighbour.system_name.as_deref(), Some("leaf-3"));
    assert_eq!(
        neighbour.system_description.as_deref(),
        Some("Some OS  version 4")
    );
    assert_eq!(neighbour.management_addresses, ["10.0.0.7", "fe80::1"]);
    assert_eq!(neighbour.vlan, Some(4000));
}

#[test]
fn a_tagged_frame() {
    let mut tagged = ethernet(&mandatory());
    tagged.splice(12..12, [0x81, 0, 0, 5]);
    assert!(frame(&tagged).is_some());
}

#[test]
fn ids_of_every_subtype() {
    for (value, id) in [
        (&[4, 1, 2, 3, 4, 5, 6][..], "01:02:03:04:05:06"),
        (&[5, 1, 192, 0, 2, 1], "192.0.2.1"),
        (b"\x07rack 4", "rack 4"),
        (&[7, 0xff, 0xfe], "ff:fe"),
        (&[9, 1, 2], "01:02"),
        (&[4, 1, 2], "01:02"),
    ] {
        assert_eq!(chassis_id(value).as_deref(), Some(id));
    }
    assert_eq!(
        port_id(&[3, 1, 2, 3, 4, 5, 6]).as_deref(),
        Some("01:02:03:04:05:06")
    );
    assert_eq!(port_id(b"\x07ge-0/0/1").as_deref(), Some("ge-0/0/1"));
    assert_eq!(port_id(&[7]), None);
}

#[test]
fn refuses_what_is_no_neighbour() {
    let goodbye = vec![
        mandatory()[0].clone(),
        mandatory()[1].clone(),
        tlv(3, &[0, 0]),
    ];
    assert_eq!(frame(&ethernet(&goodbye)), None);
    let swapped = vec![
        mandatory()[1].clone(),
        mandatory()[0].clone(),
        mandatory()[2].clone(),
    ];
    assert_eq!(frame(&ethernet(&swapped)), None);
    let mut other = ethernet(&mandatory());
    other[12] = 0x08;
    assert_eq!(frame(&other), None);
    let whole = ethernet(&mandatory());
    for length in 0..whole.len() {
        let _ = frame(&whole[..length]);
    }
    assert_eq!(frame(&whole[..30]), None);
}

#[test]
fn frames_stop_at_a_short_one() {
    let answer = [&[0, 2, 7, 8][..], &[0, 1, 9], &[0, 4, 1]].concat();
    let found: Vec<&[u8]> = frames(&answer).collect();
    assert_eq!(found, [&[7, 8][..], &[9]]);
}
