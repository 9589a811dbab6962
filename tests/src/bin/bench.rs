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

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use muster_tests::bench::compare;
use muster_tests::measure::cost;
use muster_tests::metal::{Guest, Hardware, Image, Machine};
use muster_tests::program::muster;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let rounds = words.iter().skip_while(|word| *word != "--rounds").nth(1);
    let rounds = rounds.and_then(|count| count.parse().ok()).unwrap_or(15);

    let mut report = format!(
        "# Speed\n\nMade by `make bench BENCH=\"{}\"`. Whole processes from start to end, as root, one after the \
         other in turns, output thrown away, started by a small program without a shell between. Cold start \
         means a new process each time; the kernel's caches are warm for all alike.\n",
        words.join(" ")
    );
    let _ = write!(
        report,
        "\n## This machine\n\n{}\n{}",
        describe(),
        here(rounds)
    );
    if has("--metal") {
        let _ = write!(report, "\n## The emulated metal\n\n{}", metal(rounds));
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
    let list = list.display().to_string();
    let path = |name: &str| match name {
        "muster" => muster().to_owned(),
        "floor" => floor.clone(),
        name => PathBuf::from(name),
    };
    let measurer = programs().join("measure");
    compare(rounds, |command| {
        let mut words = command.split(' ');
        let program = path(words.next().expect("a command has a name"));
        let words = words.map(|word| if word == "LIST" { &list } else { word });
        let mut command = vec![program.into_os_string()];
        command.extend(words.map(OsString::from));
        cost(&measurer, &command).wall
    })
}

fn metal(rounds: usize) -> String {
    let Some(image) = Image::prepare() else {
        return "skipped: see above\n".to_owned();
    };
    let own = ["floor", "measure"].map(|name| programs().join(name));
    let [floor, measure] = &own;
    let programs = [muster(), floor, measure];
    let (_machine, mut guest) = Machine::boot(&image, &Hardware::standard(), &programs);
    guest.succeed("floor --list >/run/lab/list");
    // Where the guest's C library will not do for the programs, their wrappers cost time too.
    let starter = match guest.run("/run/lab/measure true").code {
        0 => "PATH=/run/lab:$PATH measure",
        _ => "/run/lab/lib/loader --library-path /run/lab/lib /run/lab/measure",
    };
    let random = compare(rounds, |command| timed(&mut guest, starter, command));
    guest.succeed("echo 0 >/proc/sys/kernel/randomize_va_space");
    let fixed = compare(rounds, |command| timed(&mut guest, starter, command));
    format!("{random}\n{FIXED}\n{fixed}")
}

/// Above the second table of the emulated machine.
const FIXED: &str = "\
### The same with programs at the same addresses each time

The emulator translates code anew when it comes to lie at another address, as the kernel has it do in each
process; no processor does that. In the same boot, for all alike, with `kernel.randomize_va_space = 0`:
";

/// By the guest's own clock.
fn timed(guest: &mut Guest, starter: &str, command: &str) -> Duration {
    let command = command.replace("LIST", "/run/lab/list");
    let output = guest.succeed(&format!("{starter} {command}"));
    let text = String::from_utf8_lossy(&output).into_owned();
    let wall = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(wall.expect("the measuring program says nanoseconds"))
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
