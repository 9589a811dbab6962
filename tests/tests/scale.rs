//! A huge machine costs no more per device than one of an eighth, and little memory.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the tests run programs and keep files"
)]

use std::path::Path;

use muster_model::Inventory;
use muster_tests::huge::{HugeRoot, Scale};
use muster_tests::measure::{Cost, cost, median};
use muster_tests::program::muster;

const MEASURE: &str = env!("CARGO_BIN_EXE_measure");
/// Rounds of alternating runs, and how often they are tried: other work on the machine disturbs
/// some rounds, while a cost that grows is there in all of them.
const ROUNDS: usize = 7;
const TRIES: usize = 4;

#[test]
fn cost_and_memory_of_a_huge_machine() {
    let [huge, eighth, none] =
        [Scale::huge(1), Scale::huge(8), Scale::huge(512)].map(HugeRoot::new);
    count(huge.path(), Scale::huge(1));
    count(eighth.path(), Scale::huge(8));

    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let [huge, eighth, none] = medians([huge.path(), eighth.path(), none.path()]);
        // What every run costs is no device's.
        let per_device =
            |whole: Cost, parts: u32| whole.processor.saturating_sub(none.processor) / parts;
        let growth = per_device(huge, 8).as_secs_f64() / per_device(eighth, 1).as_secs_f64();
        let mib = huge.peak_bytes as f64 / f64::from(1 << 20);
        println!(
            "huge {:?}, eighth {:?}, next to none {:?}: growth {growth:.2}, peak {mib:.1} MiB",
            huge.processor, eighth.processor, none.processor
        );
        assert!(
            huge.peak_bytes < 64 << 20,
            "the huge machine takes {mib:.1} MiB"
        );
        if growth <= 1.3 {
            return;
        }
        seen.push(growth);
    }
    panic!("the cost per device grows by {seen:.2?}, more than 1.3 in every try");
}

#[test]
fn memory_on_this_machine() {
    let program = muster().to_str().expect("a path in UTF-8");
    let peak = cost(Path::new(MEASURE), &[program, "discover", "-o", "json"]).peak_bytes;
    let mib = peak as f64 / f64::from(1 << 20);
    println!("peak {mib:.1} MiB");
    assert!(peak < 16 << 20, "{mib:.1} MiB");
}

/// The devices are really seen: otherwise nothing is measured.
fn count(root: &Path, scale: Scale) {
    let output = std::process::Command::new(muster())
        .args(["discover", "-o", "json", "--root"])
        .arg(root)
        .output()
        .expect("muster runs");
    let found: Inventory = serde_json::from_slice(&output.stdout).expect("an inventory");
    let counts = (
        found.cpu.threads,
        found.pci.len(),
        found.disks.len(),
        found.network.len(),
    );
    let threads = u32::try_from(scale.cpus).ok();
    assert_eq!(counts, (threads, scale.pci, scale.disks, scale.nics));
}

fn medians(roots: [&Path; 3]) -> [Cost; 3] {
    let mut costs: [Vec<Cost>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for (root, costs) in roots.iter().zip(&mut costs) {
            let program = muster().as_os_str();
            let command = [
                program,
                "discover".as_ref(),
                "-o".as_ref(),
                "json".as_ref(),
                "--root".as_ref(),
                root.as_os_str(),
            ];
            costs.push(cost(Path::new(MEASURE), &command));
        }
    }
    costs.map(|costs| Cost {
        wall: median(costs.iter().map(|cost| cost.wall).collect()),
        processor: median(costs.iter().map(|cost| cost.processor).collect()),
        peak_bytes: costs
            .iter()
            .map(|cost| cost.peak_bytes)
            .max()
            .unwrap_or_default(),
    })
}
