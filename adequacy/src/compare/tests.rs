use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::table::{self, Rule};
use super::*;

const METAL: &[u8] = include_bytes!("../../../tests/fixtures/emulated-metal.json");
const SCHEMA: &str = include_str!("../../../docs/inventory.schema.json");

fn metal() -> Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_slice(METAL).unwrap());
    DOCUMENT.clone()
}

fn inventory(document: &Value) -> Inventory {
    Inventory::from_json(document.to_string().as_bytes()).unwrap()
}

/// The metal with some places set to other values.
fn changed(changes: &[(&str, Value)]) -> Value {
    let mut document = metal();
    for (place, value) in changes {
        *document.pointer_mut(place).expect(place) = value.clone();
    }
    document
}

fn over_time(before: &Value, after: &Value) -> Comparison {
    compare(&inventory(before), &inventory(after), &Options::default())
}

fn beside(before: &Value, after: &Value) -> Comparison {
    let options = Options {
        relation: Some(Relation::TwoMachines),
        ..Options::default()
    };
    compare(&inventory(before), &inventory(after), &options)
}

fn words(comparison: &Comparison) -> Vec<String> {
    let line = |difference: &Difference| format!("{:?}: {}", difference.weight, difference.words);
    comparison.differences.iter().map(line).collect()
}

fn place(document: &Value, list: &str, key: &str, name: &str) -> usize {
    let list = document[list].as_array().unwrap();
    list.iter().position(|device| device[key] == name).unwrap()
}

/// Places in the document with their values after.
type Edits = Vec<(String, Value)>;
/// A path in the table's form, and two values that it may have.
type Leaf = (String, [Value; 2]);

/// The leaves of the inventory by its schema.
fn leaves() -> Vec<Leaf> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut found = Vec::new();
    for section in Section::ALL {
        let property = &schema["properties"][section.key()];
        gather(&schema, section.key(), property, &mut found);
    }
    found
}

fn gather(schema: &Value, path: &str, node: &Value, found: &mut Vec<Leaf>) {
    if let Some(reference) = node["$ref"].as_str() {
        let target = schema.pointer(reference.trim_start_matches('#')).unwrap();
        return gather(schema, path, target, found);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(choices) = node[choice].as_array() {
            let words: Vec<Value> = choices
                .iter()
                .filter_map(|it| it.get("const"))
                .cloned()
                .collect();
            if let [first, second, ..] = words.as_slice() {
                found.push((path.to_owned(), [first.clone(), second.clone()]));
                return;
            }
            for choice in choices.iter().filter(|choice| choice["type"] != "null") {
                gather(schema, path, choice, found);
            }
            return;
        }
    }
    if let Some(words) = node["enum"].as_array() {
        found.push((path.to_owned(), [words[0].clone(), words[1].clone()]));
        return;
    }
    if let Some(fields) = node["properties"].as_object() {
        for (name, field) in fields {
            gather(schema, &format!("{path}.{name}"), field, found);
        }
        return;
    }
    if node["additionalProperties"].is_object() {
        let values = [json!("Not affected"), json!("Vulnerable")];
        found.push((format!("{path}.some_key"), values));
        return;
    }
    let kinds = node["type"].to_string();
    let two = |kinds: &str| match kinds {
        kinds if kinds.contains("string") => [json!("a"), json!("b")],
        kinds if kinds.contains("boolean") => [json!(false), json!(true)],
        kinds if kinds.contains("integer") => [json!(1), json!(100)],
        kinds if kinds.contains("number") => [json!(1.0), json!(100.0)],
        other => panic!("{path} has the type {other}"),
    };
    if kinds.contains("array") {
        let items = &node["items"];
        let is_device = items.get("$ref").is_some();
        if is_device {
            return gather(schema, path, items, found);
        }
        let [first, second] = two(&items["type"].to_string());
        found.push((path.to_owned(), [json!([first]), json!([second])]));
        return;
    }
    found.push((path.to_owned(), two(&kinds)));
}

/// An inventory in which nothing but `path` is known; lists on the way have one device with a key.
fn only(path: &str, value: &Value) -> Inventory {
    let mut inner = value.clone();
    let mut path = path.to_owned();
    while let Some((outer, name)) = path.clone().rsplit_once('.') {
        let kind = kinds::of(outer);
        inner = match kind {
            Some(kind) => {
                let mut device = json!({ name: inner });
                let places = kind.places.iter().chain(kind.identities).flat_map(|it| *it);
                for field in kind
                    .key
                    .iter()
                    .chain(places)
                    .filter(|field| **field != name)
                {
                    device[*field] = sample(outer, field);
                }
                json!([device])
            }
            None => json!({ name: inner }),
        };
        path = outer.to_owned();
    }
    inventory(&json!({"schema": muster_model::INVENTORY_SCHEMA, path: inner}))
}

fn sample(list: &str, field: &str) -> Value {
    let path = format!("{list}.{field}");
    static LEAVES: LazyLock<Vec<Leaf>> = LazyLock::new(leaves);
    let (_, [value, _]) = LEAVES.iter().find(|(leaf, _)| *leaf == path).unwrap();
    value.clone()
}

#[test]
fn every_field_is_told_or_left_out_on_purpose() {
    let all = leaves();
    assert!(all.len() > 200, "{} fields", all.len());
    let compared = all.iter().filter(|(path, _)| !path.starts_with("usage."));
    for (path, [first, second]) in compared {
        let (before, after) = (only(path, first), only(path, second));
        let relation = Some(Relation::SameMachine);
        let options = Options {
            relation,
            ..Options::default()
        };
        let differences = compare(&before, &after, &options).differences;
        let rule = table::row(path).map(|(_, field)| field.rule);
        if matches!(rule, Some(Rule::Volatile | Rule::Derived)) {
            let is_key = |difference: &Difference| difference.kind != DifferenceKind::Changed;
            assert!(differences.iter().all(is_key), "{path}: {differences:?}");
            continue;
        }
        assert!(!differences.is_empty(), "{path} went unnoticed");
        let relation = Some(Relation::TwoMachines);
        let options = Options {
            relation,
            ..Options::default()
        };
        let differences = compare(&before, &after, &options).differences;
        let is_identity = matches!(rule, Some(Rule::Identity));
        assert_eq!(
            differences.is_empty(),
            is_identity,
            "{path}: {differences:?}"
        );
    }
}

#[test]
fn every_row_is_a_field() {
    let schema = leaves();
    for field in table::all() {
        let start = field.path.trim_end_matches('*');
        let inner = format!("{start}.");
        let is_it = |path: &str| {
            path == start
                || path.starts_with(&inner)
                || field.path.ends_with('*') && path.starts_with(start)
        };
        assert!(
            schema.iter().any(|(path, _)| is_it(path)),
            "no field {}",
            field.path
        );
        let rows = table::all().filter(|other| other.path == field.path);
        assert_eq!(rows.count(), 1, "{} has two rows", field.path);
        for beside in field.beside {
            assert!(table::row(beside).is_some(), "{}: {beside}", field.path);
        }
    }
}

#[test]
fn a_field_without_a_row_is_neutral_news() {
    let label = table::label(&table::UNLISTED, "cooling.pump_rpm");
    assert_eq!(label, "cooling pump rpm");
    assert_eq!(
        weigh::weigh(table::UNLISTED.rule, &json!(1), &json!(2)),
        Some(Weight::Neutral)
    );
}

#[test]
fn a_machine_does_not_differ_from_itself() {
    for comparison in [over_time(&metal(), &metal()), beside(&metal(), &metal())] {
        assert_eq!(comparison.differences, []);
        assert_eq!(comparison.unknown, []);
    }
}

#[test]
fn what_happens_to_a_machine_is_told() {
    let document = metal();
    let card = place(&document, "pci", "slot", "0000:05:00.0");
    let disk = place(&document, "disks", "name", "nvme0n1");
    let port = place(&document, "network", "name", "enp5s0");
    let cases: Vec<(Edits, &[&str])> = vec![
        (
            vec![
                ("/memory/modules".into(), json!([])),
                ("/memory/total_bytes".into(), json!(1_000_000_000)),
            ],
            &[
                "Worse: memory went from 1.42 GiB to 954 MiB (501 MiB less)",
                "Worse: DIMM DIMM 0 (1.5 GiB Rambus RB-8G-3200, serial 3C0A1B5A) is gone",
            ],
        ),
        (
            vec![(format!("/network/{port}/speed_mbps"), json!(100))],
            &[
                "Worse: link of interface enp5s0 (Intel Corporation 82574L Gigabit Network Connection) went from 1 Gb/s to 100 Mb/s",
            ],
        ),
        (
            vec![
                (format!("/network/{port}/carrier"), json!(false)),
                (format!("/network/{port}/oper_state"), json!("down")),
                (format!("/network/{port}/speed_mbps"), json!(null)),
                (format!("/network/{port}/duplex"), json!(null)),
            ],
            &[
                "Worse: carrier of interface enp5s0 (Intel Corporation 82574L Gigabit Network Connection) is lost, was there",
            ],
        ),
        (
            vec![(format!("/pci/{card}/link/width"), json!(0))],
            &[
                "Worse: PCIe link of PCI device 0000:05:00.0 (Intel Corporation 82574L Gigabit Network Connection) went from x1 to x0",
            ],
        ),
        (
            vec![
                (format!("/disks/{disk}/health/media_errors"), json!(12)),
                (format!("/disks/{disk}/health/temperature_c"), json!(70)),
                (format!("/disks/{disk}/health/power_on_hours"), json!(70)),
                (format!("/disks/{disk}/health/percentage_used"), json!(81)),
            ],
            &[
                "Worse: used endurance of disk nvme0n1 (QEMU NVMe Ctrl, serial HT-58270) went from 0 % to 81 %",
                "Worse: media errors of disk nvme0n1 (QEMU NVMe Ctrl, serial HT-58270) grew from 0 to 12",
            ],
        ),
        (
            vec![
                (format!("/disks/{disk}/serial"), json!("OTHER")),
                (format!("/disks/{disk}/wwn"), json!("OTHER")),
            ],
            &[
                "Worse: disk nvme0n1 (16 GiB QEMU NVMe Ctrl, serial HT-58270) is gone",
                "Better: disk nvme0n1 (16 GiB QEMU NVMe Ctrl, serial OTHER) is new",
            ],
        ),
        (
            vec![
                (format!("/network/{port}/name"), json!("lan0")),
                ("/network/0/bond/members".into(), json!(["enp6s0", "lan0"])),
            ],
            &[
                "Neutral: interface lan0 (Intel Corporation 82574L Gigabit Network Connection) was named enp5s0",
            ],
        ),
        (
            vec![
                ("/bios/version".into(), json!("4.3")),
                ("/cpu/cores".into(), json!(2)),
                ("/cpu/flags".into(), json!(["aes"])),
                ("/host/boot_id".into(), json!("x")),
                ("/host/hostname".into(), json!("new")),
            ],
            &[
                "Neutral: host name is new, was mvccj",
                "Neutral: BIOS is 4.3, was 4.2.1",
                "Worse: CPU cores went from 4 to 2 (2 fewer)",
                "Worse: CPU features: lost 3dnow, 3dnowext, abm, acpi, adx, apic, arat, avx and 71 more",
            ],
        ),
    ];
    for (changes, expected) in cases {
        let changes: Vec<(&str, Value)> = changes
            .iter()
            .map(|(place, value)| (place.as_str(), value.clone()))
            .collect();
        let comparison = over_time(&document, &changed(&changes));
        assert_eq!(words(&comparison), expected);
        assert_eq!(comparison.unknown, []);
    }
}

#[test]
fn of_two_machines_only_the_hardware_is_compared() {
    let document = metal();
    let disk = place(&document, "disks", "name", "nvme0n1");
    let port = place(&document, "network", "name", "enp5s0");
    let (serial, wwn) = (
        format!("/disks/{disk}/serial"),
        format!("/disks/{disk}/wwn"),
    );
    let mac = format!("/network/{port}/permanent_mac");
    let other = changed(&[
        ("/host/hostname", json!("other")),
        (
            "/host/machine_id",
            json!("00000000000000000000000000000000"),
        ),
        (
            "/system/uuid",
            json!("00000000-0000-0000-0000-000000000000"),
        ),
        ("/system/serial", json!("other")),
        (&serial, json!("OTHER")),
        (&wwn, json!("OTHER")),
        (&mac, json!("52:54:00:00:00:01")),
        ("/memory/modules/0/serial", json!("OTHER")),
        ("/memory/modules/0/speed_mts", json!(2933)),
    ]);
    let comparison = over_time(&document, &other);
    assert_eq!(comparison.relation, Relation::TwoMachines);
    assert_eq!(
        words(&comparison),
        ["Worse: rated speed of DIMM DIMM 0 (Rambus RB-8G-3200): 2933 MT/s instead of 3200 MT/s"]
    );
    let options = Options {
        identities: true,
        ..Options::default()
    };
    let with_identities = compare(&inventory(&document), &inventory(&other), &options);
    assert_eq!(with_identities.differences.len(), 9);
}

#[test]
fn what_one_side_does_not_know_is_no_difference() {
    let document = metal();
    let mut partial = changed(&[
        ("/memory/modules", json!([])),
        ("/bios/version", json!(null)),
        ("/disks/0/health/media_errors", json!(null)),
        (
            "/warnings",
            json!([
                {"probe": "disks", "subject": "disks", "kind": "denied", "message": "run as root"},
                {"probe": "memory", "subject": "modules", "kind": "denied", "message": "no tables"},
            ]),
        ),
    ]);
    partial.as_object_mut().unwrap().remove("pci");
    let told = |comparison: &Comparison| -> Vec<String> {
        let line = |it: &UnknownFact| format!("{:?} {}: {}", it.side, it.fact, it.reason);
        comparison.unknown.iter().map(line).collect()
    };
    let comparison = over_time(&document, &partial);
    assert_eq!(words(&comparison), [""; 0]);
    assert_eq!(
        told(&comparison),
        [
            "After bios.version: the machine does not say",
            "After memory.modules: no tables",
            "After disks[nvme0n1].health.media_errors: run as root",
            "After pci: the inventory was made without this section",
        ]
    );
    let mirrored = told(&over_time(&partial, &document));
    assert!(mirrored.iter().all(|line| line.starts_with("Before ")));
    assert_eq!(mirrored.len(), 4);
}

#[test]
fn what_is_none_differs_from_what_is_not_known() {
    let document = metal();
    let port = place(&document, "network", "name", "enp5s0");
    let disk = place(&document, "disks", "name", "sda");
    let (master, content) = (
        format!("/network/{port}/master"),
        format!("/disks/{disk}/filesystem"),
    );
    let after = changed(&[(&master, json!(null)), (&content, json!(null))]);
    assert_eq!(
        words(&over_time(&document, &after)),
        [
            "Neutral: bond or bridge of interface enp5s0 (Intel Corporation 82574L Gigabit Network \
             Connection) is none, was bond0",
            "Neutral: content of disk sda (HGST HUC101212CSS600, serial A4O012A9) is none, was \
             label vddli:0, linux_raid_member, uuid 625a7b53-c60b-d648-ab9c-d079cd785bd5",
        ]
    );
}

#[test]
fn a_renamed_disk_is_renamed_everywhere() {
    let text = metal().to_string();
    let swapped = text
        .replace("\"sda\"", "\"sdx\"")
        .replace("\"sdd", "\"sdy")
        .replace("/dev/sdd2", "/dev/sdy2");
    let after: Value = serde_json::from_str(&swapped).unwrap();
    assert_eq!(
        words(&over_time(&metal(), &after)),
        [
            "Neutral: disk sdx (HGST HUC101212CSS600, serial A4O012A9) was named sda",
            "Neutral: disk sdy (WDC_WD4003FRYZ-01F0DB0, serial VBG417R7) was named sdd",
        ]
    );
}

/// Every place in the document that has a value or a list of devices.
fn places(document: &Value, place: &str, found: &mut Vec<String>) {
    match document {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            found.push(place.to_owned());
            for (number, item) in items.iter().enumerate() {
                places(item, &format!("{place}/{number}"), found);
            }
        }
        _ => found.push(place.to_owned()),
    }
}

fn mutated(value: &Value, seed: u8) -> Value {
    match value {
        Value::Bool(truth) => json!(!truth),
        Value::Number(number) => match number.as_u64() {
            Some(number) => json!(number.wrapping_add(u64::from(seed)) % 1_000_000),
            None => json!(number.as_f64().unwrap() * f64::from(seed)),
        },
        Value::String(text) => json!(format!("{text}{seed}")),
        Value::Array(items) if seed.is_multiple_of(2) => items.iter().skip(1).cloned().collect(),
        Value::Array(items) => items.iter().rev().skip(1).rev().cloned().collect(),
        Value::Null | Value::Object(_) => Value::Null,
    }
}

prop_compose! {
    fn machine()(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)) -> Inventory {
        static PLACES: LazyLock<Vec<String>> = LazyLock::new(|| {
            let mut all = Vec::new();
            for section in Section::ALL {
                let section = section.key();
                places(&metal()[section], &format!("/{section}"), &mut all);
            }
            all
        });
        let mut document = metal();
        for (index, seed) in edits {
            let chosen: &String = index.get(&PLACES);
            // An earlier edit may have taken the device away.
            let Some(place) = document.pointer_mut(chosen) else { continue };
            let was = place.clone();
            *place = if seed == 0 { Value::Null } else { mutated(&was, seed) };
            // Not every text is a word of its field, and not every field can be unknown.
            if serde_json::from_value::<Inventory>(document.clone()).is_err()
                && let Some(place) = document.pointer_mut(chosen)
            {
                *place = was;
            }
        }
        serde_json::from_value(document).unwrap()
    }
}

/// A difference as it is told from the other side.
fn mirrored(difference: &Difference) -> String {
    let kind = match difference.kind {
        DifferenceKind::Removed => DifferenceKind::Added,
        DifferenceKind::Added => DifferenceKind::Removed,
        other => other,
    };
    let weight = weigh::opposite(difference.weight);
    let Difference {
        section,
        field,
        before,
        after,
        ..
    } = difference;
    format!("{section} {field:?} {kind:?} {weight:?} {after} {before}")
}

fn as_told(difference: &Difference) -> String {
    let Difference {
        section,
        field,
        before,
        after,
        kind,
        weight,
        ..
    } = difference;
    format!("{section} {field:?} {kind:?} {weight:?} {before} {after}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_differs_from_itself(machine in machine()) {
        for relation in [Relation::SameMachine, Relation::TwoMachines] {
            let options = Options { relation: Some(relation), identities: true, ..Options::default() };
            let comparison = compare(&machine, &machine, &options);
            prop_assert_eq!(comparison.differences, []);
            prop_assert_eq!(comparison.unknown, []);
        }
    }

    #[test]
    fn the_other_way_round_every_weight_is_the_opposite(before in machine(), after in machine()) {
        for relation in [Relation::SameMachine, Relation::TwoMachines] {
            let options = Options { relation: Some(relation), ..Options::default() };
            let there = compare(&before, &after, &options);
            let back = compare(&after, &before, &options);
            let mut there: Vec<String> = there.differences.iter().map(mirrored).collect();
            let mut back: Vec<String> = back.differences.iter().map(as_told).collect();
            there.sort();
            back.sort();
            prop_assert_eq!(there, back);
        }
    }
}
