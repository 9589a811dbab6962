//! The `muster` program: reads a command line, runs one command, answers with an [`exit::Exit`].
//!
//! Map: `cli` is the command line and its documentation; each command has a module named as it
//! (`check`, `diff`, `discover`, `policy`, `schema`; `daemon` is `muster agent`, `control` what looks at that and controls it, `helper` does for the agent what takes root, `doctor` what finds out why that does not work; `install` changes this machine, and puts it back); `machine_file` takes
//! a machine from a file; `render` turns documents into text and does no I/O; `terminal` is what is known of standard
//! output; `exit` lists the exit codes.
//!
//! Invariants: data goes to standard output, everything else to standard error; text that came from
//! firmware, a disk or the wire is screened before a terminal sees it; a reader that went away is
//! not an error.

#![forbid(unsafe_code)]

mod check;
mod cli;
mod control;
mod daemon;
mod diff;
mod discover;
mod doctor;
mod exit;
mod helper;
mod install;
mod logging;
mod machine_file;
mod policy;
mod render;
mod schema;
mod systemd;
mod value;
mod workloads;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use exit::Exit;
use muster_terminal::output as terminal;

fn main() -> ExitCode {
    let done = match Cli::try_parse() {
        Ok(cli) => run(cli),
        Err(refusal) => Ok(refuse(&refusal)),
    };
    done.unwrap_or_else(|error| {
        // Nobody is left to tell when standard error is closed too.
        let _ = writeln!(anstream::stderr(), "muster: {error:#}");
        Exit::Failed
    })
    .into()
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    // A service's log says what it does without being asked.
    let least = u8::from(match cli.command {
        Command::Agent(_)
        | Command::FenceGuard(_)
        | Command::Helper
        | Command::InstallService { .. } => true,
        Command::Install(_) | Command::Uninstall(_) => logging::leads_to_journal(),
        _ => false,
    });
    logging::start(cli.verbose.max(least));
    match cli.command {
        Command::Agent(arguments) => daemon::run(&arguments),
        Command::FenceGuard(arguments) => daemon::guard::run(&arguments.lease),
        Command::Helper => helper::run(),
        Command::Discover(arguments) => discover::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Policy(arguments) => policy::run(arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Workloads(arguments) => workloads::run(&arguments),
        Command::Status(arguments) => control::status(&arguments),
        Command::Connect(arguments) => control::connect(&arguments),
        Command::Forget(arguments) => control::forget(&arguments),
        Command::Inspect(arguments) => control::inspect(&arguments),
        Command::Metrics(arguments) => control::metrics(&arguments),
        Command::Page(command) => control::page(&command),
        Command::Wait(arguments) => control::wait(&arguments),
        Command::Reset(arguments) => control::reset(&arguments),
        Command::Config(command) => control::config(&command),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Logs(arguments) => control::logs(&arguments),
        Command::SupportBundle(arguments) => control::support_bundle(&arguments),
        Command::Plan(arguments) => install::plan(&arguments),
        Command::Install(arguments) => install::install(&arguments),
        Command::InstallService { put_back: true } => install::put_back(),
        Command::InstallService { put_back: false } => install::serve(),
        Command::Uninstall(arguments) => install::uninstall(&arguments),
        Command::Schema { document } => schema::print(document),
        Command::Completions { shell } => cli::print_completions(shell),
        Command::ManualPages { folder } => cli::write_manual_pages(&folder),
    }
}

/// Help and version come this way too, and are no error.
fn refuse(refusal: &clap::Error) -> Exit {
    let _ = refusal.print();
    if refusal.use_stderr() {
        Exit::Usage
    } else {
        Exit::Complete
    }
}
