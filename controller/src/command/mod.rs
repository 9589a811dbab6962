//! The commands.

mod administrators;
mod ask;
mod authority;
pub(crate) mod cli;
mod names;
mod oneline;
mod remote;
mod serve;
mod show;

use anyhow::Context as _;
use muster_terminal::output::write_plain;
use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};

use crate::exit::Exit;
use cli::{Cli, Command};

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    forbid_core_dumps();
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
        Command::ManualPages { folder } => {
            cli::manual_pages(&folder)?;
            Ok(Exit::Complete)
        }
        other => {
            let runtime = runtime(tokio::runtime::Builder::new_current_thread())?;
            runtime.block_on(ask::run(
                ask::Door::of(cli.socket, cli.remote),
                cli.color.into(),
                other,
            ))
        }
    }
}

/// A core dump would hold private keys and join tokens. The limit holds for files; a program that takes dumps from the
/// kernel (core(5)) is given none of a process that may not be dumped, nor may other processes of the same user look
/// into it.
fn forbid_core_dumps() {
    // What is not granted leaves things as they are for every program.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = set_dumpable(false);
}

fn runtime(mut builder: tokio::runtime::Builder) -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = builder.enable_all().build();
    runtime.context("the system gives no threads or files")
}

#[cfg(test)]
mod tests {
    use nix::sys::prctl::get_dumpable;
    use nix::sys::resource::getrlimit;

    use super::*;

    #[test]
    fn nobody_gets_a_dump() {
        forbid_core_dumps();
        assert_eq!(getrlimit(Resource::RLIMIT_CORE), Ok((0, 0)));
        assert_eq!(get_dumpable(), Ok(false));
    }
}
