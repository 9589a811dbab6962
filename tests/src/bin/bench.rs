//! `bench [--rounds N] [--metal] [--write]`: the program, its peers and the floor, alternating; on
//! this machine, and with `--metal` in the emulated one as well. `--write` keeps the result in
//! docs/bench.md.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool: running programs and printing is what it is for"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use muster_tests::bench::{CONTENDERS, Series, table};
use muster_tests::metal::{Guest, Hardware, Image, Machine};
use muster_tests::program::muster;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let rounds = words.iter().skip_while(|word| *word != "--rounds").nth(1);
    let rounds = rounds.and_then(|count| count.parse().ok()).unwrap_or(15);

    let mut report = String::from(
        "# Speed\n\nMade by `make bench BENCH=\"--metal --write\"`. Whole processes from start to end, as root, one \
         after the other in turns, output thrown away. Cold start means a new process each time; the \
         kernel's caches are warm for all alike.\n",
    );
    let _ = write!(
        report,
        "\n## This machine\n\n{}\n{}",
        describe(),
        here(rounds)
    );
    if has("--metal") {
        let _ = write!(
            report,
            "\n## The emulated metal\n\n{}",
            metal(rounds.min(7))
        );
    }
    println!("{report}");
    if has("--write") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bench.md");
        std::fs::write(path, report).expect("docs/bench.md can be written");
    }
}

/// The folder of the programs of this package.
fn programs() -> PathBuf {
    let own = std::env::current_exe().expect("this program has a path");
    own.parent().expect("it is in a folder").to_owned()
}

fn here(rounds: usize) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = folder.path().join("list");
    let floor = programs().join("floor");
    let written = Command::new(&floor)
        .arg("--list")
        .output()
        .expect("floor runs");
    std::fs::write(&list, &written.stdout).expect("the list can be written");

    let path = format!(
        "{}:{}:{}:/usr/sbin:/sbin",
        muster().parent().expect("a folder").display(),
        programs().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut series: Vec<Series> = CONTENDERS
        .iter()
        .map(|(name, _)| Series {
            name,
            runs: Vec::new(),
        })
        .collect();
    for round in 0..=rounds {
        for ((_, shell), series) in CONTENDERS.iter().zip(&mut series) {
            let shell = shell.replace("LIST", &list.display().to_string());
            let begun = Instant::now();
            let status = Command::new("sh")
                .args(["-c", &shell])
                .env("PATH", &path)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("sh runs");
            let took = begun.elapsed();
            assert!(
                status.success() || !shell.starts_with("exec"),
                "{shell} fails"
            );
            // The first round warms the caches.
            if round > 0 {
                series.runs.push(took);
            }
        }
    }
    table(&series)
}

fn metal(rounds: usize) -> String {
    let Some(image) = Image::prepare() else {
        return "skipped: see above\n".to_owned();
    };
    let mut machine = Machine::start(
        &image,
        &Hardware::standard(),
        &[muster(), &programs().join("floor")],
    );
    let mut guest = machine.guest();
    guest.succeed("floor --list >/run/lab/list");
    let mut series: Vec<Series> = CONTENDERS
        .iter()
        .map(|(name, _)| Series {
            name,
            runs: Vec::new(),
        })
        .collect();
    for round in 0..=rounds {
        for ((_, shell), series) in CONTENDERS.iter().zip(&mut series) {
            let took = timed(&mut guest, &shell.replace("LIST", "/run/lab/list"));
            if round > 0 {
                series.runs.push(took);
            }
        }
    }
    table(&series)
}

/// By the guest's own clock.
fn timed(guest: &mut Guest, shell: &str) -> Duration {
    let output = guest.succeed(&format!(
        "a=$EPOCHREALTIME; sh -c '{shell}' >/dev/null 2>&1; b=$EPOCHREALTIME; echo $a $b"
    ));
    let text = String::from_utf8_lossy(&output).into_owned();
    let times: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    Duration::from_secs_f64(
        times
            .get(1)
            .zip(times.first())
            .map_or(0.0, |(end, begin)| end - begin),
    )
}

fn describe() -> String {
    let say = |shell: &str| {
        let output = Command::new("sh")
            .args(["-c", shell])
            .output()
            .expect("sh runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    format!(
        "{} × {}, {} GiB, Linux {}, {}\n",
        say("nproc"),
        say("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1"),
        say("awk '/MemTotal/ { printf \"%.0f\", $2 / 1048576 }' /proc/meminfo"),
        say("uname -r"),
        say(". /etc/os-release; echo \"$PRETTY_NAME\""),
    )
}
