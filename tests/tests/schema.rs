//! The published JSON Schemas: they are what the types say, and they tell good documents from bad.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::fs;
use std::path::{Path, PathBuf};

use muster_adequacy::compare::{COMPARISON_SCHEMA, Comparison, Options, compare};
use muster_adequacy::{Policy, VERDICT_SCHEMA, Verdict, judge};
use muster_installer::{PLAN_SCHEMA, Plan, RECEIPT_SCHEMA, Receipt};
use muster_model::{Change, INVENTORY_SCHEMA, Inventory, WORKLOADS_SCHEMA, Workloads};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

#[test]
fn the_published_schemas_are_the_types() {
    hold("inventory", &inventory_schema());
    hold("change", &schema_of::<Change>());
    hold("verdict", &verdict_schema());
    hold("comparison", &comparison_schema());
    hold("workloads", &workloads_schema());
    hold("plan", &plan_schema());
    hold("receipt", &receipt_schema());
}

#[test]
fn comparisons_are_valid() {
    let validator = jsonschema::validator_for(&comparison_schema()).unwrap();
    let rich = root().join("tests/golden/rich.json");
    let rich = Inventory::from_json(&fs::read(rich).unwrap()).unwrap();
    let nothing = Inventory::default();
    let found = compare(&rich, &nothing, &Options::default());
    assert!(!found.differences.is_empty() && !found.unknown.is_empty());
    let mut document = serde_json::to_value(found).unwrap();
    assert!(validator.is_valid(&document));
    document["differences"][0]["weight"] = json!("dreadful");
    assert!(!validator.is_valid(&document));
}

#[test]
fn golden_inventories_are_valid() {
    let validator = jsonschema::validator_for(&inventory_schema()).unwrap();
    let goldens = goldens();
    assert!(!goldens.is_empty(), "no golden inventory");
    for path in goldens {
        let partial: Inventory = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let document = serde_json::to_value(partial).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&document)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
    }
}

#[test]
fn broken_inventories_are_not_valid() {
    let validator = jsonschema::validator_for(&inventory_schema()).unwrap();
    let good =
        json!({"schema": INVENTORY_SCHEMA, "captured_at": null, "source": "live", "warnings": []});
    assert!(validator.is_valid(&good));
    let broken = [
        ("/schema", json!("muster.inventory/v0")),
        ("/source", json!("hearsay")),
        ("/warnings", json!([{"probe": "cpu"}])),
        ("/captured_at", json!(12)),
    ];
    for (place, value) in broken {
        let mut document = good.clone();
        *document.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&document), "{place} went unnoticed");
    }
    let mut minus_one = serde_json::to_value(Inventory::default()).unwrap();
    minus_one["schema"] = json!(INVENTORY_SCHEMA);
    assert!(validator.is_valid(&minus_one));
    minus_one["memory"]["total_bytes"] = json!(-1);
    assert!(!validator.is_valid(&minus_one), "-1 bytes went unnoticed");
}

#[test]
fn plans_and_receipts_of_every_version_are_valid_and_broken_ones_are_not() {
    let broken = [
        ("/schema", json!("muster.plan/v0")),
        ("/steps/0/action", json!({"explode": {}})),
        ("/steps/0/before", json!(null)),
        ("/profile/name", json!(7)),
    ];
    for (name, schema) in [("plan", plan_schema()), ("receipt", receipt_schema())] {
        let validator = jsonschema::validator_for(&schema).unwrap();
        let document = fs::read(root().join(format!("installer/fixtures/{name}-v1.json"))).unwrap();
        let document: Value = serde_json::from_slice(&document).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&document)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        for (place, value) in &broken {
            let mut document = document.clone();
            *document.pointer_mut(place).unwrap() = value.clone();
            assert!(
                !validator.is_valid(&document),
                "{name}: {place} went unnoticed"
            );
        }
    }
}

#[test]
fn changes_are_told_from_other_lines() {
    let validator = jsonschema::validator_for(&schema_of::<Change>()).unwrap();
    let mut line = json!({
        "at": "2026-03-14T09:26:53.123Z",
        "section": "network",
        "subject": "eth0",
        "kind": "changed",
        "fields": [{"field": "carrier", "before": true, "after": false}],
    });
    assert!(validator.is_valid(&line));
    line["kind"] = json!("exploded");
    assert!(!validator.is_valid(&line));
}

#[test]
fn verdicts_are_valid_and_broken_ones_are_not() {
    let validator = jsonschema::validator_for(&verdict_schema()).unwrap();
    let text = fs::read_to_string(root().join("packaging/policies/default.toml")).unwrap();
    let policy = Policy::parse(&text).unwrap();
    for inventory in [Inventory::default(), read(&goldens()[0])] {
        let mut judged = judge(&policy, &inventory);
        judged.baseline = Some(compare(
            &Inventory::default(),
            &inventory,
            &Options::default(),
        ));
        let verdict = serde_json::to_value(judged).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&verdict)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:#?}");
        let broken = [
            ("/schema", json!("muster.verdict/v0")),
            ("/standing", json!("fine")),
            ("/baseline/relation", json!("cousins")),
            ("/roles/0/role", json!("spare")),
            ("/roles/0/rules/0/status", json!("maybe")),
            ("/roles/0/rules/0/required", json!(null)),
            ("/roles/0/rules/0/devices", json!("sda")),
        ];
        for (place, value) in broken {
            let mut document = verdict.clone();
            *document.pointer_mut(place).unwrap() = value;
            assert!(!validator.is_valid(&document), "{place} went unnoticed");
        }
    }
}

/// As it is written: every field is there, but a part of the document has only some sections.
fn inventory_schema() -> Value {
    let mut schema = schema_of::<Inventory>();
    schema["required"] = json!(["schema", "captured_at", "source", "warnings"]);
    schema["properties"]["schema"]["const"] = json!(INVENTORY_SCHEMA);
    schema
}

fn verdict_schema() -> Value {
    let mut schema = schema_of::<Verdict>();
    schema["properties"]["schema"]["const"] = json!(VERDICT_SCHEMA);
    schema
}

fn read(path: &Path) -> Inventory {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn comparison_schema() -> Value {
    let mut schema = schema_of::<Comparison>();
    schema["properties"]["schema"]["const"] = json!(COMPARISON_SCHEMA);
    schema
}

fn workloads_schema() -> Value {
    let mut schema = schema_of::<Workloads>();
    schema["properties"]["schema"]["const"] = json!(WORKLOADS_SCHEMA);
    schema
}

fn plan_schema() -> Value {
    let mut schema = schema_of::<Plan>();
    schema["properties"]["schema"]["const"] = json!(PLAN_SCHEMA);
    schema
}

fn receipt_schema() -> Value {
    let mut schema = schema_of::<Receipt>();
    schema["properties"]["schema"]["const"] = json!(RECEIPT_SCHEMA);
    schema
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    schema.to_value()
}

fn hold(name: &str, schema: &Value) {
    let path = root().join(format!("docs/{name}.schema.json"));
    let text = format!("{schema:#}\n");
    if std::env::var_os("MUSTER_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "{} is stale: run this test with MUSTER_BLESS=1",
        path.display()
    );
}

fn goldens() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("tests/golden")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
