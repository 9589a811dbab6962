//! Any inventory is judged, and does not differ from itself.

#![no_main]

use std::sync::LazyLock;

use muster_adequacy::compare::{Options, compare};
use muster_adequacy::{Policy, judge};
use muster_model::Inventory;

static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    let texts = [
        include_str!("../../packaging/policies/default.toml"),
        include_str!("../../packaging/policies/gpu-worker.toml"),
        include_str!("../../packaging/policies/storage-worker.toml"),
    ];
    let policies = texts.map(|text| Policy::parse(text).expect("a policy"));
    policies.into_iter().collect()
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(inventory) = Inventory::from_json(data) else {
        return;
    };
    for policy in POLICIES.iter() {
        let verdict = judge(policy, &inventory);
        assert_eq!(judge(policy, &inventory), verdict);
        for rule in verdict.roles.iter().flat_map(|role| &role.rules) {
            assert!(!rule.required.is_empty());
        }
    }
    let same = compare(&inventory, &inventory, &Options::default());
    assert!(same.differences.is_empty() && same.unknown.is_empty());
    let other = compare(&Inventory::default(), &inventory, &Options::default());
    assert!(other.differences.iter().all(|found| !found.words.is_empty()));
});
