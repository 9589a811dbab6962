//! The commands.

mod ask;
pub(crate) mod cli;
mod serve;
mod show;

use anyhow::Context as _;
use muster_terminal::output::write_plain;

use crate::exit::Exit;
use cli::{Cli, Command};

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Serve(mut arguments) => {
            arguments.socket = cli.socket;
            let runtime = runtime(tokio::runtime::Builder::new_multi_thread())?;
            runtime.block_on(serve::run(arguments))?;
            Ok(Exit::Complete)
        }
        Command::Completions { shell } => {
            write_plain(&cli::completions(shell))?;
            Ok(Exit::Complete)
        }
        other => {
            let runtime = runtime(tokio::runtime::Builder::new_current_thread())?;
            runtime.block_on(ask::run(&cli.socket, cli.color.into(), other))
        }
    }
}

fn runtime(mut builder: tokio::runtime::Builder) -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = builder.enable_all().build();
    runtime.context("the system gives no threads or files")
}
