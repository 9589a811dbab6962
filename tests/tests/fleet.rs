//! A small fleet over real TLS: `make bench-fleet` does the same with a large one, and measures.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::time::Duration;

use muster_tests::fleet::{ALL_BACK, ALL_FENCED, NO_WRITE, NOBODY_FENCED, Plan, report, run};

#[test]
fn a_fleet_joins_costs_no_write_comes_back_from_a_killed_controller_and_is_fenced_when_cut_off() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let plan = Plan {
        nodes: 200,
        interval: Duration::from_secs(2),
        measured: Duration::from_secs(6),
    };
    let report = report(plan, &[runtime.block_on(run(plan))]);
    // How fast it is depends on what else this machine does now, and what a node costs shows with many alone.
    for demanded in [NO_WRITE, ALL_BACK, NOBODY_FENCED, ALL_FENCED] {
        let is_met = !report.missed.contains(&demanded);
        assert!(is_met, "{}", report.text);
    }
}
