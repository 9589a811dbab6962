//! What holds of every verdict, whatever the machine: on inventories that are ours with parts taken
//! out, doubled, and filled with other values.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

#[path = "verdict_properties/edits.rs"]
mod edits;
#[path = "verdict_properties/gains.rs"]
mod gains;

use std::fmt::Write as _;
use std::sync::LazyLock;

use edits::{documents, inventories, leaves, read, without};
use gains::{Gain, minimum_rules};
use muster_adequacy::verdict::{RuleStatus, RuleVerdict};
use muster_adequacy::{Policy, Verdict, check, judge};
use muster_model::Inventory;
use muster_tests::policies::{SHIPPED, shipped};
use proptest::prelude::*;
use proptest::sample::Index;

/// One rule for each ready-made check, with the parameters of its example.
static EXAMPLES: LazyLock<Policy> = LazyLock::new(|| {
    let rules: Vec<(&str, String)> = check::kinds()
        .map(|kind| (kind.name, format!("check.{} = {}", kind.name, kind.example)))
        .collect();
    policy(&rules)
});

/// Those that are shipped, and the examples.
static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| SHIPPED.map(shipped).into());

/// What was found once becomes a test of its own, not a file of seeds.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_verdict_explains_itself(inventory in inventories()) {
        for policy in POLICIES.iter().chain([&*EXAMPLES]) {
            let verdict = judge(policy, &inventory);
            prop_assert_eq!(&verdict, &judge(policy, &inventory), "judged again it differs");
            for rule in verdict.roles.iter().flat_map(|role| &role.rules) {
                explained(rule)?;
            }
            let text = serde_json::to_string(&verdict).unwrap();
            prop_assert_eq!(verdict, serde_json::from_str::<Verdict>(&text).unwrap());
        }
    }

    #[test]
    fn a_lost_fact_never_turns_a_verdict(document in documents(), lost in any::<Index>()) {
        let inventory = read(&document).unwrap();
        let facts = leaves(&document);
        let fact = lost.get(&facts);
        let Some(poorer) = without(&document, fact) else { return Ok(()) };
        let (before, after) = (judge(&EXAMPLES, &inventory), judge(&EXAMPLES, &poorer));
        for (before, after) in rules(&before).zip(rules(&after)) {
            let turned = decided(before) && decided(after) && before.status != after.status;
            prop_assert!(!turned, "without {fact}: {before:#?} became {after:#?}");
        }
    }

    #[test]
    fn more_hardware_never_makes_a_machine_inadequate(
        inventory in inventories(),
        gains in prop::collection::vec(any::<Gain>(), 1..6),
    ) {
        let policy = minimum_rules();
        let mut richer = inventory.clone();
        for gain in &gains {
            gain.apply(&mut richer);
        }
        let (before, after) = (judge(&policy, &inventory), judge(&policy, &richer));
        prop_assert!(after.standing <= before.standing, "{gains:?}");
        for (before, after) in rules(&before).zip(rules(&after)) {
            let lost = before.status == RuleStatus::Pass && after.status != RuleStatus::Pass;
            let failed = before.status != RuleStatus::Fail && after.status == RuleStatus::Fail;
            prop_assert!(!lost && !failed, "{gains:?}: {before:#?} became {after:#?}");
        }
    }
}

#[test]
fn an_inventory_without_sections_decides_nothing() {
    let bare = Inventory::from_json(br#"{"schema": "muster.inventory/v1"}"#).unwrap();
    for rule in rules(&judge(&EXAMPLES, &bare)) {
        assert_eq!(
            rule.status,
            RuleStatus::Undetermined,
            "{}: {rule:?}",
            rule.id
        );
        let names_it = rule
            .reasons
            .iter()
            .any(|reason| reason.contains("discover the machine again"));
        assert!(names_it, "{}: {:?}", rule.id, rule.reasons);
    }
}

/// Checks of a single fact: known, each decides; lost, none does.
#[test]
fn a_check_of_a_lost_fact_is_undetermined() {
    let own = muster_tests::recorded::own();
    let rich = own.iter().find(|machine| machine.name == "rich").unwrap();
    let rich = serde_json::to_value(&rich.inventory).unwrap();
    for (check, place) in SINGLE_FACTS {
        let policy = policy(&[("only", format!("check.{check}"))]);
        let status =
            |inventory: &Inventory| rules(&judge(&policy, inventory)).next().unwrap().status;
        assert_eq!(status(&read(&rich).unwrap()), RuleStatus::Pass, "{check}");
        let poorer = without(&rich, place).expect(place);
        assert_eq!(
            status(&poorer),
            RuleStatus::Undetermined,
            "{check} without {place}"
        );
    }
}

/// A check that the made machine passes, and the fact that it looks at.
const SINGLE_FACTS: &[(&str, &str)] = &[
    ("hostname = {}", "/host/hostname"),
    ("machine_id = {}", "/host/machine_id"),
    (
        "kernel_version = { at_least = '5.4' }",
        "/host/kernel/release",
    ),
    (
        "virtualization = { one_of = ['none'] }",
        "/host/virtualization/kind",
    ),
    ("time_synchronized = {}", "/host/time/synchronized"),
    ("boot_mode = { is = 'efi' }", "/host/boot_mode"),
    ("secure_boot = { is = true }", "/host/secure_boot"),
    ("tpm = { at_least = '2.0' }", "/host/tpm/version"),
    ("bios_date = { not_before = '2020-01-01' }", "/bios/date"),
    (
        "cpu_architecture = { one_of = ['x86_64'] }",
        "/cpu/architecture",
    ),
    ("cpu_cores = { at_least = 1 }", "/cpu/cores"),
    ("iommu = {}", "/iommu/enabled"),
    (
        "memory_total = { at_least = '1 GiB' }",
        "/memory/total_bytes",
    ),
    ("memory_ecc = {}", "/memory/ecc/kind"),
    ("memory_errors = {}", "/memory/ecc/uncorrectable_errors"),
    ("bmc = {}", "/bmc/present"),
];

fn policy(rules: &[(&str, String)]) -> Policy {
    let mut text = String::from(
        "schema = 'muster.policy/v1'\nname = 'test'\nversion = '1'\nroles = ['worker']\n",
    );
    for (id, decides) in rules {
        let id = id.replace('_', "-");
        let _ = write!(
            text,
            "[[rules]]\nid = '{id}'\ntitle = 'T'\nseverity = 'required'\nremedy = 'R'\n{decides}\n"
        );
    }
    Policy::parse(&text).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

fn rules(verdict: &Verdict) -> impl Iterator<Item = &RuleVerdict> {
    verdict.roles.iter().flat_map(|role| &role.rules)
}

fn decided(rule: &RuleVerdict) -> bool {
    matches!(rule.status, RuleStatus::Pass | RuleStatus::Fail)
}

/// A failure says what there is and what to do; what is undetermined says why.
fn explained(rule: &RuleVerdict) -> Result<(), TestCaseError> {
    let fails = rule.status == RuleStatus::Fail;
    prop_assert_eq!(fails, !rule.remedy.is_empty(), "{:#?}", rule);
    let texts = rule
        .reasons
        .iter()
        .chain(rule.actual.iter())
        .chain([&rule.required]);
    for text in texts {
        prop_assert!(!text.trim().is_empty(), "an empty text in {:#?}", rule);
    }
    match rule.status {
        RuleStatus::Pass => prop_assert!(rule.actual.is_some(), "{:#?}", rule),
        RuleStatus::Fail => {
            let actual = rule.actual.as_deref().unwrap_or_default();
            prop_assert!(!actual.is_empty(), "{:#?}", rule);
            let same = rule.required == format!("at least {actual}");
            prop_assert!(
                !same,
                "it fails though it has what is asked for: {:#?}",
                rule
            );
        }
        _ => prop_assert!(!rule.reasons.is_empty(), "{:#?}", rule),
    }
    Ok(())
}
