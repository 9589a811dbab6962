//! The `muster-controller` program: serves, or asks one that serves.
//!
//! Map: `command/cli` is the command line; `command/serve` starts the services; `command/ask` asks a running
//! controller over its local socket and shows the answer by `command/show`.

#![forbid(unsafe_code)]

mod command;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use command::cli::Cli;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            let _ = refusal.print();
            return ExitCode::from(if refusal.use_stderr() { 2 } else { 0 });
        }
    };
    match command::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(anstream::stderr(), "muster-controller: {error:#}");
            ExitCode::FAILURE
        }
    }
}
