//! The `muster-controller` program: serves, or asks one that serves.
//!
//! Map: `command/cli` is the command line; `command/serve` starts the services; `command/ask` asks a running
//! controller over its local socket and shows the answer by `command/show`; `exit` lists the exit codes.

#![forbid(unsafe_code)]

mod command;
mod exit;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use command::cli::Cli;
use exit::{Ended, Exit};
use tikv_jemallocator::Jemalloc;

/// A connection keeps buffers of 4, 8 and 16 KiB that it hardly fills. The C library's allocator cuts them from memory that
/// handshakes have used, so that all of it counts; this one gives them pages of their own, of which those count that are used:
/// 36 KiB a node, not 42 (docs/scale.md).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            let _ = refusal.print();
            return ExitCode::from(match refusal.use_stderr() {
                true => Exit::Usage,
                false => Exit::Complete,
            });
        }
    };
    match command::run(cli) {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(anstream::stderr(), "muster-controller: {error:#}");
            ExitCode::from(Ended::exit_of(&error))
        }
    }
}
