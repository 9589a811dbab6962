//! The commands.

mod ask;
pub(crate) mod cli;
mod force;
mod serve;
mod show;

use anyhow::Context as _;

use cli::{Cli, Command};

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(mut arguments) => {
            arguments.socket = cli.socket;
            runtime(tokio::runtime::Builder::new_multi_thread())?.block_on(serve::run(arguments))
        }
        other => runtime(tokio::runtime::Builder::new_current_thread())?
            .block_on(ask::run(&cli.socket, other)),
    }
}

fn runtime(mut builder: tokio::runtime::Builder) -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = builder.enable_all().build();
    runtime.context("the system gives no threads or files")
}
