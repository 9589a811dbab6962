//! The command lines of `muster plan`, `install` and `uninstall`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use muster_model::Role;

use super::Color;

pub(super) const PLAN_HELP: &str = "\
Examples:
  sudo muster plan                          what would be changed to make this machine a worker
  sudo muster plan --role control           … a control node
  sudo muster plan --set data_folder=/data  … with another value of a parameter
  sudo muster plan -o json                  for programs; the same machine gives the same bytes
  muster plan --root /mnt/image             of another root directory

Nothing is changed. A line that is marked ! cannot be undone.

Exit codes:
  0  shown, also when there is nothing to do
  1  failed; standard error says why
  2  the command line is wrong
  6  the profile is faulty or cannot be read";

pub(super) const INSTALL_HELP: &str = "\
Examples:
  sudo muster install                       shows the plan, asks, and does it
  sudo muster install --plan 3f2a91c04be7   does the plan with this digest, if it is still what would be done
  sudo muster install --yes                 does it without asking
  sudo muster install --status              what was begun and what is installed
  sudo muster install --follow              each step as it is done, until the end; -o json for programs
  sudo muster install --resume              goes on after a crash, a failure or Ctrl-C
  sudo muster install --confirm-network     the network is right: it is not put back
  sudo muster install --cancel              puts back what was done of it

All that is changed is in a journal before, with what was there: after a crash at any instant --resume completes it and
--cancel puts it back. Without a terminal to ask on, --plan or --yes is needed.

On a machine that systemd runs, muster-install.service does it, and the command line shows how far it is: Ctrl-C, or a connection that
breaks, ends the showing alone, and what was begun goes on, also after a loss of power. Elsewhere the command line does it
itself, and Ctrl-C stops after the step that it is at.

Exit codes:
  0  installed, or shown
  1  failed, or stopped; standard error says why, and what to do
  2  the command line is wrong
  6  the profile is faulty or cannot be read";

pub(super) const UNINSTALL_HELP: &str = "\
Examples:
  sudo muster uninstall --dry-run           what would be put back, and what would stay
  sudo muster uninstall                     asks, and puts back all that muster changed
  sudo muster uninstall --purge --yes       also what somebody edited since
  sudo muster uninstall --scan              what is left of muster when its records are damaged

What somebody changed since it was installed stays, and is told of. A directory with somebody's files in it stays in any case.

A receipt that is damaged is not undone by guesses: --scan reads what can be read of it, and looks for what the known profiles would have made,
with the defaults of their parameters. What to do about it a person decides.

Exit codes:
  0  all is as it was, but for what is told of
  1  failed; standard error says why
  2  the command line is wrong";

/// Which profile, for which host.
#[derive(Debug, Args)]
pub(crate) struct WishArguments {
    /// What the machine is to be.
    #[arg(long, value_name = "control|worker", default_value = "worker", value_parser = role)]
    pub(crate) role: Role,

    /// A profile by name or file: what has a / or ends in .toml is a file. The role's own, where none is named.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) profile: Option<String>,

    /// Look for named profiles there instead of in /etc/muster/profiles.
    #[arg(long, value_name = "DIR")]
    pub(crate) profiles: Option<PathBuf>,

    /// The value of a parameter of the profile; as often as needed.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,

    #[command(flatten)]
    pub(crate) place: RootArguments,
}

/// Which host.
#[derive(Debug, Args)]
pub(crate) struct RootArguments {
    /// Another root directory instead of this machine: only files are looked at and changed.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    /// When to colour the output; `auto` also heeds NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// What `muster plan` is asked for.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) wish: WishArguments,

    /// How to show it.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report"
    )]
    pub(crate) output: PlanFormat,
}

/// How to show a plan or a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people.
    Report,
    /// The document, indented by two spaces.
    Json,
}

/// What `muster install` is asked for.
#[derive(Debug, Args)]
pub(crate) struct InstallArguments {
    #[command(flatten)]
    pub(crate) wish: WishArguments,

    #[command(flatten)]
    pub(crate) confirmation: Confirmation,

    #[command(flatten)]
    pub(crate) instead: Instead,

    /// How to show the status, or what is followed: as JSON it is a line for each event.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report",
        requires = "Instead",
        conflicts_with_all = ["resume", "cancel"]
    )]
    pub(crate) output: PlanFormat,
}

/// How a plan is confirmed.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Confirmation {
    /// Do the plan with this digest, of which the first 12 digits are enough; refuse if the plan would be another one now.
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    pub(crate) plan: Option<String>,

    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// What else is asked for.
#[derive(Debug, Args)]
#[group(multiple = false, conflicts_with = "Confirmation")]
pub(crate) struct Instead {
    /// Show what was begun and what is installed. Nothing is changed.
    #[arg(long)]
    pub(crate) status: bool,

    /// Show what is being done right now, each step as it is done, until it ends. Ctrl-C ends the showing and nothing else.
    #[arg(long)]
    pub(crate) follow: bool,

    /// Go on with what was begun and not finished.
    #[arg(long)]
    pub(crate) resume: bool,

    /// Say that the network is as it is to be, while a step that changes it waits for that; otherwise it is put back as it was.
    #[arg(long)]
    pub(crate) confirm_network: bool,

    /// Put back what was done of an installation that is not finished, also of one that runs right now.
    #[arg(long)]
    pub(crate) cancel: bool,
}

/// What `muster uninstall` is asked for.
#[derive(Debug, Args)]
pub(crate) struct UninstallArguments {
    /// Show what would be put back and what would stay. Nothing is changed.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,

    /// Also put back what somebody edited since.
    #[arg(long)]
    pub(crate) purge: bool,

    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// Show what can be read of damaged records, and what of the known profiles this host has. Nothing is changed.
    #[arg(long, conflicts_with_all = ["dry_run", "purge", "yes"])]
    pub(crate) scan: bool,

    /// Look for what this profile would have made, too: by name or file, as for `muster install`; as often as needed.
    #[arg(long = "profile", value_name = "NAME|FILE", requires = "scan")]
    pub(crate) profiles: Vec<String>,

    /// How to show what was found.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report",
        requires = "scan"
    )]
    pub(crate) output: PlanFormat,

    #[command(flatten)]
    pub(crate) place: RootArguments,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_key(text).ok_or_else(|| "there is control and worker".to_owned())
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// Of a digest at least as much as nobody hits by chance.
fn digest(text: &str) -> Result<String, String> {
    const LEAST: usize = 12;
    const WHOLE: usize = 64;
    let is_digest = text
        .bytes()
        .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    match is_digest && (LEAST..=WHOLE).contains(&text.len()) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "a digest is {LEAST} to {WHOLE} digits 0-9 and a-f, as `muster plan` shows it"
        )),
    }
}
