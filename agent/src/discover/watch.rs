//! `--watch`: a line of JSON for each change, until the reader goes away or a signal ends it.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Duration;

use anyhow::Context as _;
use muster_discovery::{Options, Source, Watcher};

use crate::cli::DiscoverArguments;
use crate::exit::Exit;
use crate::terminal::{self, Reader};

/// The watcher is asked again after so long; in between it sleeps until the kernel tells something.
const WAIT: Duration = Duration::from_hours(1);

/// Follows this machine.
pub(super) fn run(arguments: &DiscoverArguments, options: Options) -> anyhow::Result<Exit> {
    let source = Source::live().context("cannot read this machine")?;
    let mut watcher = Watcher::new(source, options).context("cannot watch this machine")?;
    if stderr().is_terminal() && !arguments.quiet {
        let _ = writeln!(anstream::stderr(), "muster: watching; Ctrl-C ends it");
    }
    loop {
        for change in watcher.next(WAIT).context("cannot watch any more")? {
            let mut line = serde_json::to_string(&change)?;
            line.push('\n');
            if terminal::write_plain(&line)? == Reader::Gone {
                return Ok(Exit::Complete);
            }
        }
    }
}
