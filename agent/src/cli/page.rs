//! The command line of `muster page`.

use clap::Subcommand;

use super::PlaceArguments;

pub(super) const HELP: &str = "\
Examples:
  sudo muster page code                     where the page is, and a code that opens it once

The page is served by the agent where [page] of its configuration says so:
  [page]
  listen = \"0.0.0.0:8443\"

Exit codes:
  0  a code was made
  1  failed; standard error says why
  2  the command line is wrong";

/// What is asked of the page.
#[derive(Debug, Subcommand)]
pub(crate) enum PageCommand {
    /// Make a one-time code to sign in with, good for an hour; the one from before is void.
    #[command(after_help = HELP)]
    Code(PlaceArguments),
}
