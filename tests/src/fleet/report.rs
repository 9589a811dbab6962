//! A document of what was measured, and whether it is what was demanded.

use std::fmt::Write as _;
use std::time::Duration;

use super::bench::{Outcome, Plan};

/// What is demanded of a fleet of 20,000 on one small machine.
const SLOWEST_P99: Duration = Duration::from_millis(100);
const LONGEST_AWAY: Duration = Duration::from_secs(60);
const MOST_KIB_A_NODE: f64 = 40.0;

/// A document, and what is not as it has to be.
#[derive(Debug)]
pub struct Report {
    /// As Markdown.
    pub text: String,
    /// What was demanded and is not so.
    pub missed: Vec<&'static str>,
}

type Row = (&'static str, fn(Plan, &Outcome) -> String);
type Demand = (&'static str, fn(Plan, &Outcome) -> bool);

/// Of one run or more, side by side; each has to be as demanded.
pub fn report(plan: Plan, outcomes: &[Outcome]) -> Report {
    let mut text = String::from("| what |");
    for number in 1..=outcomes.len() {
        let _ = write!(text, " run {number} |");
    }
    let _ = writeln!(text, "\n| --- |{}", " --- |".repeat(outcomes.len()));
    for (what, value) in ROWS {
        let values = outcomes.iter().map(|outcome| value(plan, outcome));
        let values: Vec<String> = values.collect();
        let _ = writeln!(text, "| {what} | {} |", values.join(" | "));
    }
    let _ = writeln!(text, "\n| demanded | met |\n| --- | --- |");
    let mut missed = Vec::new();
    for (what, is_met) in DEMANDS {
        let is_met = outcomes.iter().all(|outcome| is_met(plan, outcome));
        let met = if is_met { "yes" } else { "**no**" };
        let _ = writeln!(text, "| {what} | {met} |");
        missed.extend((!is_met).then_some(what));
    }
    Report { text, missed }
}

/// A demand.
pub const NO_WRITE: &str = "no store write per heartbeat";
/// A demand.
pub const ALL_BACK: &str = "all back within 60 s of the controller's kill";
/// A demand.
pub const NOBODY_FENCED: &str = "nobody falsely fenced";
/// A demand.
pub const ALL_FENCED: &str = "everybody fenced who was cut off";

const DEMANDS: [Demand; 6] = [
    ("99 of 100 heartbeats within 100 ms", |_, outcome| {
        outcome.steady.p99 < SLOWEST_P99
    }),
    (
        "at most 40 KiB of controller memory a node, before its restart and after",
        |plan, outcome| {
            let bytes = [
                outcome.steady.controller.resident_bytes,
                outcome.back.resident_bytes,
            ];
            let mut kibs = bytes
                .map(|bytes| kib_a_node(plan, outcome, bytes))
                .into_iter();
            kibs.all(|kib| kib <= MOST_KIB_A_NODE)
        },
    ),
    (NO_WRITE, |_, outcome| !outcome.steady.wrote),
    (ALL_BACK, |_, outcome| outcome.back.all < LONGEST_AWAY),
    (NOBODY_FENCED, |_, outcome| outcome.back.fenced == 0),
    (ALL_FENCED, |_, outcome| outcome.fencing.is_some()),
];

const ROWS: [Row; 19] = [
    ("nodes, each with a connection of its own", |plan, _| {
        plan.nodes.to_string()
    }),
    ("interval", |plan, _| format!("{:?}", plan.interval)),
    (
        "joined: judged, accepted, certified, connected anew, active",
        |plan, outcome| {
            let rate = f64::from(plan.nodes) / outcome.joined.as_secs_f64();
            format!("{rate:.0} nodes a second")
        },
    ),
    ("heartbeats", |_, outcome| {
        let beats = count(outcome.steady.beats);
        format!(
            "{:.0} a second",
            beats / outcome.steady.passed.as_secs_f64()
        )
    }),
    ("heartbeat, median", |_, outcome| {
        milliseconds(outcome.steady.p50)
    }),
    ("heartbeat, 99 of 100 within", |_, outcome| {
        milliseconds(outcome.steady.p99)
    }),
    ("heartbeat, longest", |_, outcome| {
        milliseconds(outcome.steady.most)
    }),
    ("controller, processor", |_, outcome| {
        format!("{:.1} % of one", outcome.steady.controller.percent)
    }),
    ("controller, memory without nodes", |_, outcome| {
        mib(outcome.empty_bytes)
    }),
    ("controller, memory", |_, outcome| {
        mib(outcome.steady.controller.resident_bytes)
    }),
    ("controller, memory a node", |plan, outcome| {
        let bytes = outcome.steady.controller.resident_bytes;
        format!("{:.1} KiB", kib_a_node(plan, outcome, bytes))
    }),
    ("the same after its restart", |plan, outcome| {
        let bytes = outcome.back.resident_bytes;
        format!("{:.1} KiB", kib_a_node(plan, outcome, bytes))
    }),
    ("generator, processor", |_, outcome| {
        format!("{:.1} % of one", outcome.steady.generator.percent)
    }),
    ("store written while heartbeats came", |_, outcome| {
        (if outcome.steady.wrote { "yes" } else { "no" }).to_owned()
    }),
    (
        "half the nodes back after kill -9 and start",
        |_, outcome| seconds(outcome.back.half),
    ),
    ("all nodes back", |_, outcome| seconds(outcome.back.all)),
    ("nodes fenced until then", |_, outcome| {
        outcome.back.fenced.to_string()
    }),
    (
        "all cut off at a time: from the first one fenced to the last, whose last heartbeats were up to an interval apart",
        |_, outcome| outcome.fencing.map_or("not all".to_owned(), seconds),
    ),
    (
        "load of the machine over 1, 5 and 15 minutes, before and after",
        |_, outcome| outcome.load.join("; "),
    ),
];

fn kib_a_node(plan: Plan, outcome: &Outcome, resident_bytes: u64) -> f64 {
    let of_nodes = resident_bytes.saturating_sub(outcome.empty_bytes);
    kib(of_nodes) / f64::from(plan.nodes)
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", kib(bytes) / 1024.0)
}

#[allow(clippy::cast_precision_loss, reason = "shown to three digits")]
fn kib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}

#[allow(clippy::cast_precision_loss, reason = "shown to three digits")]
fn count(number: usize) -> f64 {
    number as f64
}
