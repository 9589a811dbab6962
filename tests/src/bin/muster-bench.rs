//! `muster-bench fleet [--nodes N] [--interval SECONDS] [--seconds N] [--rounds N] [--write]`: a fleet on loopback against a real controller.
//! `muster-bench agent [--seconds N] [--write]`: the agent when nothing happens, beside prometheus-node-exporter.
//! `--write` keeps the result in docs/bench-fleet.md or docs/bench-agent.md. Fails when something is not as demanded.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool: running programs and printing is what it is for"
)]

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use muster_tests::fleet::{Plan, report, run};
use muster_tests::idle::idle;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What the controller and the generator have open besides connections; those that join have two for a moment.
const OTHER_FILES: u64 = 100;

const USAGE: &str =
    "muster-bench fleet [--nodes N] [--interval SECONDS] [--seconds N] [--rounds N] [--write]
muster-bench agent [--seconds N] [--write]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((bench, options)) = words.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (title, text, missed) = match bench.as_str() {
        "fleet" => runtime.block_on(fleet(options)),
        "agent" => runtime.block_on(agent(options)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let text = format!(
        "# {title}\n\nMade by `make bench-{bench} BENCH=\"{}\"`: {text}",
        options.join(" ")
    );
    println!("{text}");
    if options.iter().any(|word| word == "--write") {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let path = docs.join(format!("bench-{bench}.md"));
        std::fs::write(path, text).expect("the document can be written");
    }
    for what in &missed {
        eprintln!("muster-bench: not as demanded: {what}");
    }
    ExitCode::from(u8::from(!missed.is_empty()))
}

type Made = (&'static str, String, Vec<&'static str>);

async fn fleet(options: &[String]) -> Made {
    let plan = Plan {
        nodes: number(options, "--nodes", 1000),
        interval: Duration::from_secs(number(options, "--interval", 10).into()),
        measured: Duration::from_secs(number(options, "--seconds", 60).into()),
    };
    raise_file_limit(plan.nodes);
    let mut outcomes = Vec::new();
    for _ in 0..number(options, "--rounds", 1) {
        outcomes.push(run(plan).await);
    }
    let report = report(plan, &outcomes);
    let text = format!(
        "the controller, and all nodes in one process beside it, over TLS 1.3 on loopback.\n\n{}",
        report.text
    );
    ("A fleet on one machine", text, report.missed)
}

async fn agent(options: &[String]) -> Made {
    let measured = Duration::from_secs(number(options, "--seconds", 300).into());
    let idle = idle(measured).await;
    let text = format!("two processes on one machine.\n\n{}", idle.text);
    ("The agent when nothing happens", text, idle.missed)
}

fn number(options: &[String], name: &str, usual: u32) -> u32 {
    let value = options.iter().skip_while(|word| *word != name).nth(1);
    value.map_or(usual, |value| value.parse().expect("a number"))
}

/// A connection is a file, here and in the controller, and each of them has some more. Nobody but root may have more than the hard
/// limit; where root may not either, a fleet that does not fit is not begun.
fn raise_file_limit(nodes: u32) {
    let needed = u64::from(nodes) + OTHER_FILES;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits can be read");
    let most = hard.max(needed);
    let raised = setrlimit(Resource::RLIMIT_NOFILE, most, most)
        .or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    raised.expect("the limit of files can be raised to what is allowed");
    let (allowed, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits can be read");
    assert!(
        needed <= allowed,
        "a process may have {allowed} files open here: at most {} nodes; `ulimit -Hn` as root, or a machine that allows more",
        allowed.saturating_sub(OTHER_FILES),
    );
}
