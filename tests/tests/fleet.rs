//! A small fleet over real TLS: `make bench-fleet` does the same with a large one, and measures.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::time::Duration;

use muster_tests::fleet::{Plan, run};

#[test]
fn a_fleet_joins_costs_no_write_and_comes_back_from_a_killed_controller() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let report = runtime.block_on(run(Plan {
        nodes: 200,
        interval: Duration::from_secs(2),
        measured: Duration::from_secs(6),
    }));
    // How fast it is depends on what else this machine does now, and what a node costs shows with many alone.
    for promised in [
        "no store write per heartbeat",
        "all back within 60 s",
        "nobody falsely fenced",
    ] {
        assert!(
            !report.missed.iter().any(|missed| missed == promised),
            "{}",
            report.text
        );
    }
}
