//! `muster-controller authority`: the roots, and replacing the root.

use clap::{ArgGroup, Args, Subcommand};
use muster_proto::v1;
use muster_proto::v1::rotate_authority_request::Step;

use super::cli::Output;
use super::remote::{Client, told};
use super::show::{self, Sheet, Text};

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
    start: bool,
    /// Forget the root that does not sign; refused while somebody would be cut off.
    #[arg(long)]
    finish: bool,
    /// Go back before the end: issue from the root before again. --finish then forgets the new one.
    #[arg(long)]
    abort: bool,
    /// With --finish: cut off whoever does not know the root that signs.
    #[arg(long, requires = "finish", conflicts_with_all = ["start", "abort"])]
    cut_off: bool,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(client: &mut Client, command: AuthorityCommand) -> anyhow::Result<Text> {
    let step = match command {
        AuthorityCommand::Show { output } => {
            let shown = client.get_authority(v1::GetAuthorityRequest {}).await;
            let shown = shown.map_err(told)?.into_inner();
            return show::authority(&shown, &[], &Sheet::new(output));
        }
        AuthorityCommand::Rotate(arguments) => arguments,
    };
    let request = v1::RotateAuthorityRequest {
        step: step.wanted().into(),
        cut_off: step.cut_off,
    };
    let rotated = client.rotate_authority(request).await.map_err(told)?;
    let v1::RotateAuthorityResponse { authority, advice } = rotated.into_inner();
    let authority = authority.unwrap_or_default();
    show::authority(&authority, &advice, &Sheet::new(step.output))
}

impl RotateArguments {
    fn wanted(&self) -> Step {
        match (self.start, self.abort) {
            (true, _) => Step::Start,
            (false, true) => Step::Abort,
            (false, false) => Step::Finish,
        }
    }
}
