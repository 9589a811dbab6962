//! `muster-controller authority`: the roots, and replacing the root.

use muster_proto::v1;
use muster_proto::v1::rotate_authority_request::Step;

use super::cli::{AuthorityCommand, RotateArguments};
use super::remote::{Client, told};
use super::show::{self, Sheet, Text};

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
        step: wanted(&step).into(),
        cut_off: step.cut_off,
    };
    let rotated = client.rotate_authority(request).await.map_err(told)?;
    let v1::RotateAuthorityResponse { authority, advice } = rotated.into_inner();
    let authority = authority.unwrap_or_default();
    show::authority(&authority, &advice, &Sheet::new(step.output))
}

fn wanted(arguments: &RotateArguments) -> Step {
    match (arguments.start, arguments.abort) {
        (true, _) => Step::Start,
        (false, true) => Step::Abort,
        (false, false) => Step::Finish,
    }
}
