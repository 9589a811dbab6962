//! `muster install --follow`, and how what was followed ended.

use anyhow::bail;
use muster_installer::engine::{Ended, Followed, Follower, Outcome, Past, Status};
use muster_installer::host::Real;
use muster_installer::status;
use serde_json::json;

use super::observer::{Listener, Teller};
use super::report::Report;
use super::stop::{Stop, hold_back};
use super::unit::{Unit, at_work};
use super::{advice, tell};
use crate::cli::{InstallArguments, PlanFormat};
use crate::exit::Exit;
use crate::render::screen;
use crate::terminal;

/// Shows what is done to this host until it is done; or, where nothing is, how it ended the last time.
pub(super) fn follow(host: &Real, arguments: &InstallArguments) -> anyhow::Result<Exit> {
    let is_machine = arguments.wish.place.root.is_none();
    hold_back()?;
    // Without systemd the lease tells.
    let unit = match is_machine {
        true => Unit::find().ok().flatten(),
        false => None,
    };
    let report = || match is_machine {
        true => Report::last(),
        false => Ok(None),
    };
    if !at_work(host, unit.as_ref())? {
        return idle(&status(host)?, report()?, arguments.output);
    }
    let listener = match arguments.output {
        PlanFormat::Json => Listener::Program,
        PlanFormat::Report => Listener::Looking,
    };
    let mut teller = Teller::new(listener, Stop::listen("not following any more")?);
    let follower = Follower::attach(host, Past::Told, &mut teller)?;
    let mut is_busy = || at_work(host, unit.as_ref());
    let followed = follower.run(&mut is_busy, &mut teller)?;
    let status = status(host)?;
    if followed == Followed::default() && status.unfinished.is_none() {
        // It was over too soon for any of it to be seen.
        return idle(&status, report()?, arguments.output);
    }
    match (followed.is_left, arguments.output) {
        (true, _) => Ok(Exit::Complete),
        (false, PlanFormat::Report) => conclude(followed, report()?),
        (false, PlanFormat::Json) => result(&followed, report()?),
    }
}

/// The end of what was followed, as the one that did it would have told.
///
/// # Errors
/// It was not done, or is not seen to its end.
pub(super) fn conclude(followed: Followed, report: Option<Report>) -> anyhow::Result<Exit> {
    if followed.is_left {
        bail!(
            "not finished: `muster install --follow` shows how it goes on, `muster install --cancel` puts back what was done"
        );
    }
    let ended = match report {
        Some(Report {
            error: Some(why), ..
        }) => bail!("{why}"),
        Some(report) => Ended {
            outcome: report.outcome,
            kept: report.kept,
        },
        None if followed.outcome.is_some() => Ended {
            outcome: followed.outcome,
            kept: followed.kept,
        },
        None => bail!("{}: {}", advice(true), cause(&followed)),
    };
    if ended.outcome.is_none() {
        bail!("stopped between two steps; {}", advice(true));
    }
    tell(&ended)?;
    Ok(Exit::Complete)
}

/// A last line for programs.
fn result(followed: &Followed, report: Option<Report>) -> anyhow::Result<Exit> {
    let (outcome, kept, why) = match report {
        Some(report) => (report.outcome, report.kept, report.error),
        None => {
            let why = followed.outcome.is_none().then(|| cause(followed));
            (followed.outcome, followed.kept.clone(), why)
        }
    };
    let line = json!({"event": "result", "outcome": outcome, "kept": kept, "why": why});
    terminal::write_plain(&format!("{line}\n"))?;
    Ok(match outcome {
        Some(_) => Exit::Complete,
        None => Exit::Failed,
    })
}

fn cause(followed: &Followed) -> String {
    match followed.failed.is_empty() {
        true => "it ended before it was done; `muster logs install` says more".to_owned(),
        false => followed.failed.join("; "),
    }
}

/// Nothing is done right now.
fn idle(status: &Status, report: Option<Report>, output: PlanFormat) -> anyhow::Result<Exit> {
    let text = match output {
        PlanFormat::Json => {
            let line = json!({
                "event": "idle",
                "last": report,
                "is_unfinished": status.unfinished.is_some(),
            });
            format!("{line}\n")
        }
        PlanFormat::Report => format!(
            "nothing is being changed on this host right now\n{}\n",
            screen(&last(status, report))
        ),
    };
    terminal::write_plain(&text)?;
    Ok(Exit::Complete)
}

/// How it ended the last time, in words.
fn last(status: &Status, report: Option<Report>) -> String {
    if let Some(report) = report {
        let how = match (report.error, report.outcome) {
            (Some(why), _) => why,
            (None, Some(Outcome::Installed)) => "installed".to_owned(),
            (None, Some(Outcome::Reverted)) => "put back".to_owned(),
            (None, Some(Outcome::Uninstalled)) => "uninstalled".to_owned(),
            (None, None) => format!("stopped between two steps; {}", advice(true)),
        };
        return format!("the last time ended at {}: {how}", report.at);
    }
    match (&status.unfinished, status.installed.last()) {
        (Some(unfinished), _) => format!(
            "begun at {} ({} the profile {}) and {}",
            unfinished.begun_at,
            unfinished.work,
            unfinished.profile.name,
            advice(true)
        ),
        (None, Some(installed)) => format!(
            "installed at {}: the profile {} {}",
            installed.installed_at, installed.profile.name, installed.profile.version
        ),
        (None, None) => "nothing is installed on this host by muster".to_owned(),
    }
}
