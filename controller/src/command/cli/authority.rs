//! `muster-controller authority`.

use clap::{ArgGroup, Args, Subcommand};

use super::Output;

/// The certificate authority.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthorityCommand {
    /// Show the roots: pins, when they end, who has certificates of them, who does not know the new one.
    Show {
        #[command(flatten)]
        output: Output,
    },
    /// Replace the root, so that no node is cut off: start, wait until all nodes know the new root, finish; or go back.
    Rotate(RotateArguments),
}

/// Which step.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("step").required(true).args(["start", "finish", "abort"]))]
pub(crate) struct RotateArguments {
    /// Make a new root, hand it to all, and issue certificates from it.
    #[arg(long)]
    pub(crate) start: bool,
    /// Forget the root that does not sign; refused while somebody would be cut off.
    #[arg(long)]
    pub(crate) finish: bool,
    /// Go back before the end: issue from the root before again. --finish then forgets the new one.
    #[arg(long)]
    pub(crate) abort: bool,
    /// With --finish: cut off whoever does not know the root that signs.
    #[arg(long, requires = "finish", conflicts_with_all = ["start", "abort"])]
    pub(crate) cut_off: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}
