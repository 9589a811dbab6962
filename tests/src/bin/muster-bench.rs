//! `muster-bench fleet [--nodes N] [--interval SECONDS] [--seconds N] [--write]`: a fleet on loopback against a real controller.
//! `--write` keeps the result in docs/bench-fleet.md.

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

use muster_tests::fleet::{Plan, run};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, usual: u32| {
        let value = words.iter().skip_while(|word| *word != name).nth(1);
        value.map_or(usual, |value| value.parse().expect("a number"))
    };
    if words.first().is_none_or(|word| word != "fleet") {
        eprintln!("muster-bench fleet [--nodes N] [--interval SECONDS] [--seconds N] [--write]");
        return ExitCode::from(2);
    }
    let plan = Plan {
        nodes: number("--nodes", 1000),
        interval: Duration::from_secs(number("--interval", 10).into()),
        measured: Duration::from_secs(number("--seconds", 60).into()),
    };
    raise_file_limit(u64::from(plan.nodes) + 1000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let report = runtime.block_on(run(plan));
    let text = format!(
        "# A fleet on one machine\n\nMade by `make bench-fleet BENCH=\"{}\"`: the controller, and all nodes in one process beside it, over TLS 1.3 on \
         loopback.\n\n{}\n",
        words[1..].join(" "),
        report.text
    );
    println!("{text}");
    if words.iter().any(|word| word == "--write") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bench-fleet.md");
        std::fs::write(path, text).expect("docs/bench-fleet.md can be written");
    }
    ExitCode::from(u8::from(!report.missed.is_empty()))
}

/// A connection is a file, here and in the controller.
fn raise_file_limit(needed: u64) {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits can be read");
    let most = most.max(needed);
    if let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, most, most) {
        eprintln!("muster-bench: {needed} files are needed: {error}; run it as root");
    }
}
