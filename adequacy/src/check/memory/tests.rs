use serde_json::{Value, json};

use crate::check::Outcome::{Fail, Pass, Undetermined};
use crate::check::testing::{hold, judged};

const GIB: u64 = 1 << 30;

fn modules(modules: &[(&str, &str, u64, Option<u64>)]) -> Value {
    let modules: Vec<Value> = modules
        .iter()
        .map(|(bank, locator, gib, speed)| {
            json!({"bank": bank, "locator": locator, "size_bytes": gib * GIB, "speed_mts": speed})
        })
        .collect();
    json!({"memory": {"modules": modules}})
}

/// Modules alike, by locator.
fn alike(locators: &[&str]) -> Value {
    let alike: Vec<_> = locators
        .iter()
        .map(|locator| ("", *locator, 32, Some(3200)))
        .collect();
    modules(&alike)
}

#[test]
fn total() {
    let memory = |bytes: u64| json!({"memory": {"total_bytes": bytes}});
    let least = r#"{ at_least = "4 GiB" }"#;
    hold(
        "memory_total",
        &[
            (least, memory(4 * GIB), Pass, Some("4 GiB")),
            (least, memory(4 * GIB - 1), Fail, Some("4 GiB less 1 B")),
            (least, memory(2 * GIB), Fail, Some("2 GiB")),
            (least, json!({"memory": {}}), Undetermined, None),
            (least, json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn numa_balanced() {
    let nodes = |nodes: &[(&str, Option<u64>)]| {
        let nodes = nodes.iter().zip(0..);
        let node = |((cpus, bytes), id): (&(&str, Option<u64>), u32)| json!({"id": id, "cpus": cpus, "memory_total_bytes": bytes});
        json!({"numa": nodes.map(node).collect::<Vec<_>>()})
    };
    let ten = "{ within = 10 }";
    let even = nodes(&[("0-1", Some(110)), ("2-3", Some(90))]);
    let odd = nodes(&[("0-1", Some(111)), ("2-3", Some(89))]);
    let empty = nodes(&[("0-1", Some(4 * GIB)), ("2-3", Some(0))]);
    let cxl = nodes(&[("0-1", Some(GIB)), ("2-3", Some(GIB)), ("", Some(9 * GIB))]);
    let dumb = nodes(&[("0-1", Some(GIB)), ("2-3", None)]);
    hold(
        "memory_numa_balanced",
        &[
            (ten, even.clone(), Pass, Some("node0 110 B, node1 90 B")),
            (
                "{ within = 9 }",
                even,
                Fail,
                Some("node0 110 B, node1 90 B"),
            ),
            (ten, odd, Fail, Some("node0 111 B, node1 89 B")),
            (ten, empty.clone(), Fail, Some("node0 4 GiB, node1 0 B")),
            (ten, cxl, Pass, Some("node0 1 GiB, node1 1 GiB")),
            (ten, nodes(&[("0-1", None)]), Pass, Some("one node")),
            (ten, nodes(&[]), Pass, Some("no NUMA")),
            (
                ten,
                json!({"numa": [], "source": "root"}),
                Undetermined,
                None,
            ),
            (ten, dumb, Undetermined, None),
            (ten, json!({}), Undetermined, None),
        ],
    );
    let finding = judged("memory_numa_balanced", ten, empty);
    assert_eq!(finding.devices, ["node0", "node1"]);
    assert_eq!(
        finding.reasons,
        [
            "node0 has 2 GiB more than the mean of 2 GiB",
            "node1 has 2 GiB less than the mean of 2 GiB"
        ]
    );
}

#[test]
fn ecc() {
    let of = |kind: &str| json!({"memory": {"ecc": {"kind": kind}}});
    hold(
        "memory_ecc",
        &[
            ("{}", of("multi_bit"), Pass, Some("multi-bit ECC")),
            ("{}", of("single_bit"), Pass, Some("single-bit ECC")),
            ("{}", of("none"), Fail, Some("none")),
            ("{}", of("parity"), Fail, Some("parity")),
            ("{}", of("crc"), Fail, Some("crc")),
            ("{}", of("chipkill"), Undetermined, None),
            ("{}", json!({"memory": {}}), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn errors() {
    let of = |hard: Option<u64>, soft: Option<u64>| json!({"memory": {"ecc": {"uncorrectable_errors": hard, "correctable_errors": soft}}});
    let most = "{ correctable_at_most = 10 }";
    let zero = "{ correctable_at_most = 0 }";
    hold(
        "memory_errors",
        &[
            (
                "{}",
                of(Some(0), Some(99)),
                Pass,
                Some("0 uncorrectable, 99 correctable"),
            ),
            ("{}", of(Some(0), None), Pass, Some("0 uncorrectable")),
            ("{}", of(Some(1), None), Fail, Some("1 uncorrectable")),
            (
                most,
                of(Some(0), Some(10)),
                Pass,
                Some("0 uncorrectable, 10 correctable"),
            ),
            (
                most,
                of(Some(0), Some(11)),
                Fail,
                Some("0 uncorrectable, 11 correctable"),
            ),
            (
                zero,
                of(Some(0), Some(1)),
                Fail,
                Some("0 uncorrectable, 1 correctable"),
            ),
            // What is known decides.
            (most, of(None, Some(11)), Fail, Some("11 correctable")),
            (most, of(Some(2), None), Fail, Some("2 uncorrectable")),
            (most, of(Some(0), None), Undetermined, None),
            ("{}", of(None, Some(0)), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn hugepages() {
    let pools = json!({"memory": {"hugepages": [
        {"size_bytes": 2 << 20, "total": 8, "free": 3}, {"size_bytes": 1 << 30, "total": null},
    ]}});
    let of = |size: &str, least: u64| format!(r#"{{ size = "{size}", at_least = {least} }}"#);
    let none = |source: &str| json!({"memory": {}, "source": source});
    hold(
        "hugepages",
        &[
            (&of("2 MiB", 8), pools.clone(), Pass, Some("8 of 2 MiB")),
            (
                &of("2048 KiB", 9),
                pools.clone(),
                Fail,
                Some("8 of 2048 KiB"),
            ),
            (&of("1 GiB", 1), pools.clone(), Undetermined, None),
            (&of("16 MiB", 1), pools, Fail, Some("none of 16 MiB")),
            (&of("2 MiB", 1), none("live"), Fail, Some("none")),
            (&of("2 MiB", 1), none("root"), Undetermined, None),
            (&of("2 MiB", 1), json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn a_processor_without_modules_is_no_symmetry() {
    let mut machine = alike(&["P1-DIMMA1", "P1-DIMMB1"]);
    machine["cpu"] = json!({"sockets": 2});
    let finding = judged("memory_symmetric", "{}", machine.clone());
    assert_eq!(finding.outcome, Fail);
    assert_eq!(
        finding.reasons,
        ["1 of 2 processors without memory modules of their own"]
    );
    machine["cpu"]["sockets"] = json!(1);
    assert_eq!(judged("memory_symmetric", "{}", machine).outcome, Pass);
    // Each processor of a virtual machine may be one core, and no name tells of processors.
    let mut emulated = alike(&["DIMM 0", "DIMM 1"]);
    emulated["cpu"] = json!({"sockets": 4});
    assert_eq!(judged("memory_symmetric", "{}", emulated).outcome, Pass);
}

#[test]
fn symmetric() {
    let two = alike(&["P1-DIMMA1", "P1-DIMMB1"]);
    let smaller = modules(&[
        ("", "A1", 32, Some(3200)),
        ("", "B1", 32, Some(3200)),
        ("", "C1", 16, Some(3200)),
    ]);
    let slower = modules(&[("", "A1", 32, Some(2400)), ("", "B1", 32, Some(3200))]);
    let unsaid = modules(&[("", "A1", 32, None), ("", "B1", 32, None)]);
    let one = modules(&[("", "A1", 32, None)]);
    let in_part = json!({
        "memory": two["memory"],
        "warnings": [{
            "probe": "memory", "subject": "modules", "kind": "malformed",
            "message": "slots and modules may be missing: cut off",
        }],
    });
    hold(
        "memory_symmetric",
        &[
            ("{}", two, Pass, Some("2 of 32 GiB at 3200 MT/s")),
            ("{}", one, Pass, Some("1 of 32 GiB")),
            (
                "{}",
                smaller,
                Fail,
                Some("2 of 32 GiB at 3200 MT/s, 1 of 16 GiB at 3200 MT/s"),
            ),
            (
                "{}",
                slower,
                Fail,
                Some("1 of 32 GiB at 3200 MT/s, 1 of 32 GiB at 2400 MT/s"),
            ),
            ("{}", unsaid, Undetermined, None),
            ("{}", in_part, Undetermined, None),
            ("{}", json!({"memory": {}}), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn modules_are_counted_by_processor_and_channel() {
    let reasons = |sections: Value| judged("memory_symmetric", "{}", sections).reasons;
    let none: [&str; 0] = [];
    // Numbers alone tell no channel.
    assert_eq!(reasons(alike(&["DIMM1", "DIMM2", "DIMM3"])), none);
    assert_eq!(
        reasons(alike(&["P1-DIMMA1", "P1-DIMMA2", "P2-DIMME1", "P2-DIMME2"])),
        none
    );
    assert_eq!(
        reasons(alike(&["A1", "A2", "B1"])),
        ["slots B: 1 module, elsewhere 2"]
    );
    assert_eq!(
        reasons(alike(&["CPU1_DIMM_A1", "CPU1_DIMM_B1", "CPU2_DIMM_A1"])),
        ["processor 2: 1 module, elsewhere 2"]
    );
    assert_eq!(
        reasons(alike(&["PROC 1 DIMM 1", "PROC 1 DIMM 2", "PROC 2 DIMM 1"])),
        [
            "processor 2: 1 module, elsewhere 2",
            "slots PROC 2 DIMM: 1 module, elsewhere 2"
        ]
    );
    // Boards that number the slots of each channel anew.
    let bank = |bank: &'static str, slot: &'static str| (bank, slot, 32, Some(3200));
    let (a, b) = ("P0 CHANNEL A", "P0 CHANNEL B");
    let full = [
        bank(a, "DIMM 0"),
        bank(a, "DIMM 1"),
        bank(b, "DIMM 0"),
        bank(b, "DIMM 1"),
    ];
    assert_eq!(reasons(modules(&full)), none);
    let finding = judged("memory_symmetric", "{}", modules(&full[..3]));
    assert_eq!(finding.devices, ["P0 CHANNEL B DIMM 0"]);
    assert_eq!(
        finding.reasons,
        ["slots P0 CHANNEL B DIMM: 1 module, elsewhere 2"]
    );
}

#[test]
fn other_ranks_are_odd_and_persistent_memory_is_not() {
    let sections = json!({"memory": {"modules": [
        {"locator": "A1", "size_bytes": 32 * GIB, "speed_mts": 3200, "rank": 2},
        {"locator": "B1", "size_bytes": 32 * GIB, "speed_mts": 3200, "rank": 2},
        {"locator": "C1", "size_bytes": 32 * GIB, "speed_mts": 3200, "rank": 1},
        {"locator": "C2", "size_bytes": 128 * GIB, "technology": "Intel Optane persistent memory"},
    ]}});
    let finding = judged("memory_symmetric", "{}", sections);
    assert_eq!(finding.outcome, Fail);
    assert_eq!(finding.devices, ["C1"]);
    assert_eq!(finding.reasons, ["C1 has 1 rank, others have 2 ranks"]);
}
