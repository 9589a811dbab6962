//! `bench-adequacy [--write]`: how long judging takes: a large policy on a large machine, and how
//! many machines a second by the default policy. `--write` keeps the result in docs/bench-adequacy.md.

#![forbid(unsafe_code)]
#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool: running programs and printing is what it is for"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use muster_adequacy::{Policy, check, judge};
use muster_discovery::{Options, Source, discover};
use muster_model::{Inventory, Warning, WarningKind};
use muster_tests::huge::{HugeRoot, Scale};
use muster_tests::measure::median;
use muster_tests::policies::shipped;
use muster_tests::recorded::own;

const ROUNDS: usize = 31;
const THREADS: usize = 2;

/// Expressions that visit each of the PCI functions.
const PCI_SCANS: [&str; 10] = [
    r#"pci.all(f, f.vendor_id != "10de" || f.driver == "nvidia")"#,
    r#"pci.exists(f, f.class_code.startsWith("0302"))"#,
    r#"!pci.exists(f, f.vendor_id == "8086" && f.device_id == "10d3")"#,
    "size(pci.filter(f, f.numa_node == 0)) >= 1",
    "pci.all(f, !has(f.link.width) || f.link.width <= f.link.max_width)",
    "pci.all(f, !has(f.link.speed_gts) || f.link.speed_gts <= f.link.max_speed_gts)",
    r#"size(pci.filter(f, f.driver in ["nvme", "i40e"])) >= 2"#,
    r#"pci.all(f, f.slot.matches("^[0-9a-f]{4}:"))"#,
    "pci.exists_one(f, f.iommu_group == 17)",
    r#"!("1234" in pci.map(f, f.vendor_id))"#,
];

/// Expressions that visit each of the disks or of the interfaces.
const OTHER_SCANS: [&str; 5] = [
    "disks.all(d, d.size_bytes > 1000000000)",
    r#"disks.all(d, !d.rotational && d.transport == "nvme")"#,
    "size(disks.filter(d, d.available)) >= 3",
    r#"network.all(n, n.kind != "physical" || n.speed_mbps >= 10000)"#,
    "network.exists(n, n.carrier && size(n.addresses) > 0)",
];

/// Expressions over single facts.
const FACTS: [&str; 5] = [
    "cpu.cores >= 16 && cpu.threads >= 2 * cpu.sockets",
    r#"host.kernel.release.startsWith("6.")"#,
    r#"cpu.architecture in ["x86_64", "aarch64"]"#,
    "memory.total_bytes > cpu.threads * 1024 * 1024 * 1024",
    r#"!("mitigations=off" in [host.kernel.command_line])"#,
];

fn main() {
    let report = format!(
        "# Speed of judging\n\nMade by `make bench-adequacy BENCH=--write`: within one process, after parsing, \
         policies and inventories read once.\n\n{}\n{}",
        large(),
        many()
    );
    println!("{report}");
    if std::env::args().any(|word| word == "--write") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bench-adequacy.md");
        std::fs::write(path, report).expect("docs/bench-adequacy.md can be written");
    }
}

/// 200 rules on 4,096 PCI functions.
fn large() -> String {
    let root = HugeRoot::new(Scale::huge(1));
    let source = Source::at_root(root.path()).expect("the root can be read");
    let inventory = discover(&source, &Options::default()).inventory;
    let faulty = unidentified(&inventory);
    let checks = examples();
    let mut text = format!(
        "{} PCI functions, {} disks, {} interfaces, {} CPU threads; {ROUNDS} rounds.\n\n\
         | policy | median ms | least ms | most ms | demanded |\n| --- | --- | --- | --- | --- |\n",
        inventory.pci.len(),
        inventory.disks.len(),
        inventory.network.len(),
        inventory.cpu.threads.unwrap_or_default()
    );
    let scans: Vec<String> = cycled(&PCI_SCANS, 20);
    let others = cycled(&OTHER_SCANS, 10);
    let facts = cycled(&FACTS, 70);
    let all: Vec<String> = [scans.clone(), others.clone(), facts.clone(), checks.clone()].concat();
    assert_eq!(all.len(), 200, "the mix has changed");
    let of_pci = checks.iter().filter(|rule| rule.contains(".pci_")).count();
    for (name, rules, inventory, demanded) in [
        (
            format!("200 rules: the next four, {of_pci} of the checks over all PCI functions"),
            all.clone(),
            &inventory,
            "< 20",
        ),
        (
            "20 expressions over all PCI functions".to_owned(),
            scans,
            &inventory,
            "–",
        ),
        (
            "10 expressions over all disks or interfaces".to_owned(),
            others,
            &inventory,
            "–",
        ),
        (
            "70 expressions over single facts".to_owned(),
            facts,
            &inventory,
            "–",
        ),
        (
            "100 ready-made checks, of every kind".to_owned(),
            checks,
            &inventory,
            "–",
        ),
        (
            "1 expression over one PCI function: laying out the list".to_owned(),
            cycled(&[r#"pci[0].vendor_id != """#], 1),
            &inventory,
            "–",
        ),
        (
            "the 200 rules where no PCI function could be identified".to_owned(),
            all,
            &faulty,
            "–",
        ),
    ] {
        let policy = policy(&rules);
        let times = rounds(&policy, inventory);
        let most = times.iter().max().copied().unwrap_or_default();
        let least = times.iter().min().copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "| {name} | {:.2} | {:.2} | {:.2} | {demanded} |",
            ms(median(times)),
            ms(least),
            ms(most)
        );
    }
    let ready_made = examples().into_iter().take(check::kinds().count());
    let mut single: Vec<(Duration, String)> = ready_made
        .chain(cycled(&PCI_SCANS, PCI_SCANS.len()))
        .map(|rule| {
            (
                median(rounds(&policy(std::slice::from_ref(&rule)), &inventory)),
                rule,
            )
        })
        .collect();
    single.sort();
    text.push_str("\nThe slowest rules, each alone, median:\n\n");
    for (took, rule) in single.iter().rev().take(10) {
        let _ = writeln!(text, "- {:.2} ms `{rule}`", ms(*took));
    }
    text
}

/// The same machine with a warning for each PCI function instead of its numbers.
fn unidentified(inventory: &Inventory) -> Inventory {
    let mut inventory = inventory.clone();
    for function in &mut inventory.pci {
        function.vendor_id = None;
        function.device_id = None;
        function.class_code = None;
        inventory.warnings.push(Warning {
            probe: "pci".to_owned(),
            subject: function.slot.clone(),
            kind: WarningKind::Malformed,
            message: "uevent: not a PCI modalias: pci:v00008086".to_owned(),
            incomplete: None,
        });
    }
    inventory.warnings.sort();
    inventory
}

/// The default policy on the emulated server, on two threads.
fn many() -> String {
    let policy = shipped("default");
    let own = own();
    let machine = own.iter().find(|machine| machine.name == "emulated-metal");
    let inventory = &machine.expect("the emulated server").inventory;
    let mut rates: Vec<f64> = (0..15).map(|_| rate(&policy, inventory)).collect();
    rates.sort_by(f64::total_cmp);
    let at = |part: usize| {
        rates
            .get((rates.len() - 1) * part / 2)
            .copied()
            .unwrap_or_default()
    };
    format!(
        "The default policy ({} rules) on the inventory of the emulated server, {THREADS} threads, 15 rounds of \
         20,000.\n\n| median per second | least | most | demanded |\n| --- | --- | --- | --- |\n\
         | {:.0} | {:.0} | {:.0} | ≥ 10000 |\n",
        policy.rules().len(),
        at(1),
        at(0),
        at(2)
    )
}

fn rate(policy: &Policy, inventory: &Inventory) -> f64 {
    const EACH: usize = 10_000;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    black_box(judge(black_box(policy), black_box(inventory)));
                }
            });
        }
    });
    (EACH * THREADS) as f64 / begun.elapsed().as_secs_f64()
}

fn rounds(policy: &Policy, inventory: &Inventory) -> Vec<Duration> {
    let once = |_| {
        let begun = Instant::now();
        black_box(judge(black_box(policy), black_box(inventory)));
        begun.elapsed()
    };
    // The first round warms the caches.
    (0..=ROUNDS).map(once).skip(1).collect()
}

/// A hundred rules: the examples of all checks, again and again.
fn examples() -> Vec<String> {
    let kinds: Vec<String> = check::kinds()
        .map(|kind| format!("check.{} = {}", kind.name, kind.example))
        .collect();
    kinds.iter().cycle().take(100).cloned().collect()
}

fn cycled(expressions: &[&str], count: usize) -> Vec<String> {
    let rules = expressions.iter().map(|it| format!("expression = '{it}'"));
    rules
        .collect::<Vec<_>>()
        .into_iter()
        .cycle()
        .take(count)
        .collect()
}

fn policy(rules: &[String]) -> Policy {
    let mut text = String::from(
        "schema = 'muster.policy/v1'\nname = 'bench'\nversion = '1'\nroles = ['worker']\n",
    );
    for (number, decides) in rules.iter().enumerate() {
        let _ = write!(
            text,
            "[[rules]]\nid = 'rule-{number}'\ntitle = 'T'\nseverity = 'required'\nremedy = 'R'\n{decides}\n"
        );
    }
    Policy::parse(&text).unwrap_or_else(|faults| panic!("{faults}"))
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
