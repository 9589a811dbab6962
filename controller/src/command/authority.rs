//! `muster-controller authority`: the roots, and replacing the root.

use std::fmt::Write as _;

use clap::{ArgGroup, Args, Subcommand};
use muster_proto::v1;
use muster_proto::v1::rotate_authority_request::Step;
use muster_terminal::screen;

use super::remote::{Client, day, told};

/// The certificate authority.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthorityCommand {
    /// Show the roots: pins, when they end, who has certificates of them, who does not know the new one.
    Show,
    /// Replace the root, so that no node is cut off: start, wait until all nodes know the new root, finish.
    Rotate(RotateArguments),
}

/// Which step.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("step").required(true).args(["start", "finish"]))]
pub(crate) struct RotateArguments {
    /// Make a new root, hand it to all, and issue certificates from it.
    #[arg(long)]
    start: bool,
    /// Forget the old root; refused while somebody would be cut off.
    #[arg(long)]
    finish: bool,
    /// With --finish: cut off whoever does not know the new root.
    #[arg(long, requires = "finish", conflicts_with = "start")]
    cut_off: bool,
}

pub(super) async fn run(client: &mut Client, command: AuthorityCommand) -> anyhow::Result<String> {
    let step = match command {
        AuthorityCommand::Show => {
            let shown = client.get_authority(v1::GetAuthorityRequest {}).await;
            return Ok(text(&shown.map_err(told)?.into_inner()));
        }
        AuthorityCommand::Rotate(arguments) => arguments,
    };
    let request = v1::RotateAuthorityRequest {
        step: match step.start {
            true => Step::Start,
            false => Step::Finish,
        }
        .into(),
        cut_off: step.cut_off,
    };
    let rotated = client.rotate_authority(request).await.map_err(told)?;
    let rotated = rotated.into_inner();
    let mut text = text(&rotated.authority.unwrap_or_default());
    for line in rotated.advice {
        let _ = writeln!(text, "advice: {line}");
    }
    Ok(text)
}

fn text(authority: &v1::GetAuthorityResponse) -> String {
    let mut text = String::new();
    for root in &authority.roots {
        let use_now = match (root.signs, authority.roots.len()) {
            (true, 1) => "signs",
            (true, _) => "new, signs",
            (false, _) => "old",
        };
        let _ = writeln!(text, "{} ({use_now})", root.subject);
        let _ = writeln!(text, "  pin            {}", root.pin);
        let _ = writeln!(text, "  ends           {}", day(root.ends_unix_ms));
        let ends = day(root.intermediate_ends_unix_ms);
        let _ = writeln!(text, "  intermediate   ends {ends}");
        let _ = writeln!(text, "  nodes          {}", root.nodes);
        let _ = writeln!(text, "  administrators {}", root.administrators);
    }
    for behind in &authority.behind {
        let what = match behind.node.as_str() {
            "" => "administrator",
            _ => "node",
        };
        let _ = writeln!(
            text,
            "does not know the new root: {what} {}",
            screen(&behind.name)
        );
    }
    let named = u32::try_from(authority.behind.len()).unwrap_or(u32::MAX);
    let more = authority.behind_total.saturating_sub(named);
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown() {
        let root = |pin: &str, signs| v1::Root {
            pin: pin.to_owned(),
            subject: format!("CN=muster root {pin}"),
            ends_unix_ms: 1_790_000_000_000,
            intermediate_ends_unix_ms: 1_780_000_000_000,
            signs,
            nodes: 2,
            administrators: 1,
        };
        let behind = |node: &str, name: &str| v1::Behind {
            node: node.to_owned(),
            name: name.to_owned(),
        };
        let authority = v1::GetAuthorityResponse {
            roots: vec![root("aa", true), root("bb", false)],
            behind: vec![behind("1", "n1"), behind("", "ada")],
            behind_total: 5,
        };
        insta::assert_snapshot!(text(&authority));
    }
}
