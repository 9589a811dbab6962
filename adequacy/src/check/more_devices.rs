//! A machine that gains devices never ceases to pass a check that asks for a minimum.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Outcome;
use super::testing::judged;

const DISKS: &[(&str, &str)] = &[
    ("disks", "{ at_least = 2 }"),
    ("disks", r#"{ at_least = 1, size_at_least = "2 B" }"#),
    (
        "disks",
        r#"{ at_least = 1, rotational = false, transport = ["nvme", "sas"] }"#,
    ),
    (
        "disks",
        "{ at_least = 1, available = true, healthy = true }",
    ),
    ("boot_disk_separate", "{}"),
];
const LINKS: &[(&str, &str)] = &[
    ("network_links", "{ at_least = 2 }"),
    (
        "network_links",
        r#"{ at_least = 1, speed_at_least = "2 Mb/s" }"#,
    ),
    (
        "network_links",
        r#"{ at_least = 1, carrier = true, drivers = ["ice"] }"#,
    ),
];
const GPUS: &[(&str, &str)] = &[
    ("gpus", "{ at_least = 2 }"),
    ("gpus", r#"{ at_least = 1, memory_at_least = "2 B" }"#),
    (
        "gpus",
        r#"{ at_least = 1, vendor = "nvidia", driver = "nvidia" }"#,
    ),
];
const FUNCTIONS: &[(&str, &str)] = &[
    ("pci_present", r#"{ any_of = ["10de:*"] }"#),
    (
        "pci_present",
        r#"{ any_of = ["10de:2330", "class:02"], at_least = 2 }"#,
    ),
];

/// One of these values, or unknown.
fn one_of(values: &[Value]) -> impl Strategy<Value = Value> + use<> {
    let mut values = values.to_vec();
    values.push(Value::Null);
    prop::sample::select(values)
}

fn disk() -> impl Strategy<Value = Value> {
    let flag = || one_of(&[json!(true), json!(false)]);
    let reasons = [
        json!(["is the boot disk"]),
        json!(["is removable"]),
        json!([]),
    ];
    (
        one_of(&[json!(1), json!(2), json!(3)]),
        flag(),
        flag(),
        one_of(&[json!("nvme"), json!("sata"), json!("virtio")]),
        one_of(&[json!("ok"), json!("warning"), json!("failing")]),
        prop::sample::select(reasons.to_vec()),
    )
        .prop_map(|(size, rotational, available, transport, health, reasons)| {
            json!({"size_bytes": size, "rotational": rotational, "available": available,
                "transport": transport, "health": {"status": health}, "unavailable_reasons": reasons})
        })
}

fn link() -> impl Strategy<Value = Value> {
    (
        one_of(&[json!("physical"), json!("bond")]),
        one_of(&[json!(1), json!(2), json!(3)]),
        one_of(&[json!(true), json!(false)]),
        one_of(&[json!("up"), json!("down")]),
        one_of(&[json!("ice"), json!("igb")]),
    )
        .prop_map(|(kind, speed, carrier, admin_state, driver)| {
            json!({"kind": kind, "speed_mbps": speed, "carrier": carrier,
                "admin_state": admin_state, "driver": driver})
        })
}

fn gpu() -> impl Strategy<Value = Value> {
    (
        one_of(&[json!("NVIDIA Corporation"), json!("ASPEED Technology, Inc.")]),
        one_of(&[json!(1), json!(2), json!(3)]),
        one_of(&[json!("nvidia"), json!("ast")]),
    )
        .prop_map(|(vendor, memory, driver)| {
            json!({"vendor": vendor, "memory_bytes": memory, "driver": driver})
        })
}

fn function() -> impl Strategy<Value = Value> {
    (
        one_of(&[json!("10de"), json!("8086")]),
        one_of(&[json!("2330"), json!("10d3")]),
        one_of(&[json!("030200"), json!("020000")]),
    )
        .prop_map(|(vendor, device, class)| {
            json!({"vendor_id": vendor, "device_id": device, "class_code": class})
        })
}

/// Fewer devices, each under its own name, and the same among more.
fn gaining(
    name: &'static str,
    device: impl Strategy<Value = Value>,
) -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    let devices = prop::collection::vec((device, any::<bool>()), 0..8);
    devices.prop_map(move |devices| {
        let named = devices.into_iter().enumerate();
        let named = named.map(|(number, (mut device, was_there))| {
            device[name] = json!(format!("device{number}"));
            (device, was_there)
        });
        let all: Vec<(Value, bool)> = named.collect();
        let before = all.iter().filter(|(_, was_there)| *was_there);
        let before = before.map(|(device, _)| device.clone()).collect();
        (before, all.into_iter().map(|(device, _)| device).collect())
    })
}

/// Goes on only with a check that passes, so that too few of those are a failure of the test.
fn still_passes(
    check: (&str, &str),
    section: &str,
    (before, after): &(Vec<Value>, Vec<Value>),
) -> Result<(), TestCaseError> {
    let (name, parameters) = check;
    let outcome = |devices: &[Value]| {
        let machine = json!({section: devices, "filesystems": []});
        judged(name, parameters, machine)
    };
    prop_assume!(outcome(before).outcome == Outcome::Pass);
    let after = outcome(after);
    prop_assert_eq!(
        after.outcome,
        Outcome::Pass,
        "{} {}: {:?}",
        name,
        parameters,
        after
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 4096, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn disks(check in prop::sample::select(DISKS), devices in gaining("name", disk())) {
        still_passes(check, "disks", &devices)?;
    }

    #[test]
    fn links(check in prop::sample::select(LINKS), devices in gaining("name", link())) {
        still_passes(check, "network", &devices)?;
    }

    #[test]
    fn gpus(check in prop::sample::select(GPUS), devices in gaining("pci_slot", gpu())) {
        still_passes(check, "gpus", &devices)?;
    }

    #[test]
    fn functions(check in prop::sample::select(FUNCTIONS), devices in gaining("slot", function())) {
        still_passes(check, "pci", &devices)?;
    }
}
