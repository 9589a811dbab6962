//! Runs the command given, its output thrown away, and prints what it cost: nanoseconds of wall
//! clock, nanoseconds of processor, bytes of peak memory. A program of its own, because the kernel
//! counts the memory of whoever starts a program until the program takes over.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a tool of the tests: running programs and printing is what it is for"
)]

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status();
    let wall = begun.elapsed().as_nanos();
    let (Ok(status), Ok(usage)) = (status, getrusage(UsageWho::RUSAGE_CHILDREN)) else {
        return ExitCode::FAILURE;
    };
    if !status.success() {
        return ExitCode::FAILURE;
    }
    let processor = (usage.user_time() + usage.system_time()).num_nanoseconds();
    // Linux gives kibibytes: getrusage(2).
    println!("{wall} {processor} {}", usage.max_rss() * 1024);
    ExitCode::SUCCESS
}
