//! The stable form of an inventory lacks what it says and nothing else.

use muster_model::stable::VOLATILE;

use super::super::table::{self, Rule};
use super::inventory;
use super::sweep::{leaves, only};

/// Never a difference between two starts of a machine, but news while it runs.
const CHANGED_BY_A_START: [&str; 3] = [
    "host.boot_id",
    "host.time.rtc_utc",
    "volume_groups.logical_volumes.device",
];

#[test]
fn each_field_is_volatile_or_counts() {
    // Of no section, or taken out as a whole: tested where they are defined.
    let elsewhere = |path: &str| path == "captured_at" || path.starts_with("usage.");
    let mut seen = Vec::new();
    for (path, [first, second]) in leaves().into_iter().filter(|(path, _)| !elsewhere(path)) {
        let (before, after) = (only(&path, &first), only(&path, &second));
        assert_ne!(before, after, "{path}");
        if before.into_stable() == after.into_stable() {
            seen.push(path);
        }
    }
    let mut named = VOLATILE.to_vec();
    named.retain(|path| !elsewhere(path));
    named.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, named);
}

#[test]
fn what_no_comparison_tells_is_no_news_of_a_running_machine() {
    let rows = table::all().filter(|field| matches!(field.rule, Rule::Volatile));
    for field in rows {
        let by_a_start = CHANGED_BY_A_START.contains(&field.path);
        assert_eq!(
            VOLATILE.contains(&field.path),
            !by_a_start,
            "{}",
            field.path
        );
    }
}

#[test]
fn two_readings_of_a_machine_are_one() {
    let mut later = super::metal();
    later["captured_at"] = "2030-01-01T00:00:00Z".into();
    later["host"]["uptime_s"] = 1_000_000_000.into();
    let before = inventory(&super::metal());
    assert_ne!(before, inventory(&later));
    assert_eq!(before.into_stable(), inventory(&later).into_stable());
}
