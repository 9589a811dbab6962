//! `muster plan`, `muster install` and `muster uninstall`.

mod confirm;
mod controllers;
mod follow;
mod log;
mod messages;
mod observer;
mod profile;
mod report;
mod scan;
mod service;
mod stop;
mod undo;
mod unit;
mod words;

use std::io::Write as _;
use std::process::id;

use anyhow::{Context as _, bail};
use muster_discovery::{Options, Source, discover};
use muster_installer::engine::{
    Ended, Outcome, Task, confirm_network, is_unconfirmed, request_cancellation,
};
use muster_installer::host::{Host, Real};
use muster_installer::profile::{Facts, Unfit};
use muster_installer::{Installer, Plan, status};
use muster_model::Section;

use crate::cli::{
    InstallArguments, PlanArguments, PlanFormat, RootArguments, WishArguments, refuse,
};
use crate::exit::Exit;
use crate::logging;
use crate::render::{self, json};
use crate::terminal;

use observer::{Listener, Teller};
pub(crate) use service::{put_back, run as serve};
use stop::Stop;
pub(crate) use undo::uninstall;
use unit::Unit;

/// Shows what would be done.
pub(crate) fn plan(arguments: &PlanArguments) -> anyhow::Result<Exit> {
    let host = host(&arguments.wish.place)?;
    let plan = match made(&host, &arguments.wish)? {
        Ok(plan) => plan,
        Err(exit) => return Ok(exit),
    };
    match arguments.output {
        PlanFormat::Json => drop(terminal::write_plain(&json(&plan)?)?),
        PlanFormat::Report => show(&plan, &arguments.wish.place)?,
    }
    Ok(Exit::Complete)
}

/// Installs, or does with an installation what is asked for instead.
pub(crate) fn install(arguments: &InstallArguments) -> anyhow::Result<Exit> {
    let place = &arguments.wish.place;
    let mut host = host(place)?;
    let instead = &arguments.instead;
    if instead.status {
        return show_status(&host, arguments);
    }
    if instead.follow {
        return follow::follow(&host, arguments);
    }
    if instead.confirm_network {
        return confirm_what_waits(&mut host);
    }
    if instead.cancel {
        return cancel(&mut host, place);
    }
    if instead.resume {
        return perform(&mut host, place, Task::Resume);
    }
    require_nothing_unfinished(&host)?;
    let plan = match made(&host, &arguments.wish)? {
        Ok(plan) => plan,
        Err(exit) => return Ok(exit),
    };
    if !plan.has_changes() {
        show(&plan, place)?;
        return Ok(Exit::Complete);
    }
    match &arguments.confirmation.plan {
        Some(digest) if !plan.digest().starts_with(digest.as_str()) => bail!(
            "the plan would be another one now: {}; look at it with `muster plan`. Nothing was changed",
            plan.digest()
        ),
        Some(_) => {}
        None if arguments.confirmation.yes => {}
        None => {
            show(&plan, place)?;
            confirm::ask(
                "Install this?",
                "--plan DIGEST, as `muster plan` shows it, or --yes",
            )?;
        }
    }
    perform(&mut host, place, Task::Install(plan))
}

/// The host that is meant.
pub(super) fn host(place: &RootArguments) -> anyhow::Result<Real> {
    let host = match &place.root {
        Some(folder) => Real::other_root(folder),
        None => Real::machine(),
    };
    Ok(host?)
}

/// Has something done: by the service on a machine that systemd runs, by this process where there is none.
pub(super) fn perform(host: &mut Real, place: &RootArguments, task: Task) -> anyhow::Result<Exit> {
    if place.root.is_none() {
        stop::hold_back()?;
        match Unit::find() {
            Ok(Some(unit)) => return service::hand_over(host, &unit, task),
            Ok(None) => {}
            Err(why) => {
                let why = format!("this process does it, and it ends with it: {why:#}");
                let _ = writeln!(anstream::stderr(), "muster: {}", render::screen(&why));
            }
        }
    }
    finish(host, task)
}

/// The lease is held, something is done, and how it ended is told.
fn finish(host: &mut dyn Host, task: Task) -> anyhow::Result<Exit> {
    let listener = match logging::leads_to_journal() {
        true => Listener::Journal,
        false => Listener::Waiting,
    };
    let mut teller = Teller::new(listener, Stop::listen("stopping after this step")?);
    let mut installer = Installer::open(host, &holder())?;
    let ended = installer.perform(task, &mut teller);
    let has_unfinished = installer.has_unfinished();
    let closed = installer.close();
    let ended = ended.with_context(|| advice(has_unfinished))?;
    closed?;
    tell(&ended)?;
    match ended.outcome {
        Some(_) => Ok(Exit::Complete),
        None => bail!("stopped between two steps; {}", advice(true)),
    }
}

fn advice(has_unfinished: bool) -> &'static str {
    match has_unfinished {
        true => {
            "not finished: `muster install --resume` goes on, `muster install --cancel` puts back what was done"
        }
        false => "nothing was changed",
    }
}

fn tell(ended: &Ended) -> anyhow::Result<()> {
    let mut text = match ended.outcome {
        Some(Outcome::Installed) => {
            "installed; `muster uninstall` puts all back as it was\n".to_owned()
        }
        Some(Outcome::Reverted) => "put back: all is as it was before\n".to_owned(),
        Some(Outcome::Uninstalled) => "uninstalled: all is as it was before\n".to_owned(),
        None => String::new(),
    };
    if !ended.kept.is_empty() {
        text = "put back, but for this:\n".to_owned();
        for kept in &ended.kept {
            text.push_str(&format!("  {}\n", render::screen(kept)));
        }
    }
    terminal::write_plain(&text)?;
    Ok(())
}

/// The plan for what is wished; or the exit code, where what is wrong with the profile was told.
fn made(host: &Real, wish: &WishArguments) -> anyhow::Result<Result<Plan, Exit>> {
    let profile = match profile::load(wish)? {
        Ok(profile) => profile,
        Err(exit) => return Ok(Err(exit)),
    };
    let mut settings = wish.settings.iter().cloned().collect();
    if wish.place.root.is_none() {
        controllers::fill(&profile, &mut settings)?;
    }
    match profile.wishes(Some(wish.role), &settings, &facts(&wish.place)?) {
        Ok(wishes) => Ok(Ok(Plan::make(host, wishes)?)),
        Err(Unfit::Faults(faults)) => Ok(Err(profile::tell(&profile.name().name, &faults))),
        Err(unfit) => Ok(Err(refuse(&unfit.to_string()))),
    }
}

fn facts(place: &RootArguments) -> anyhow::Result<Facts> {
    let source = match &place.root {
        Some(folder) => Source::at_root(folder)?,
        None => Source::live()?,
    };
    let options = Options {
        sections: [Section::Host].into(),
        ..Options::default()
    };
    Ok(Facts::of(&discover(&source, &options).inventory))
}

fn show(plan: &Plan, place: &RootArguments) -> anyhow::Result<()> {
    let text = render::plan(plan, terminal::width());
    terminal::write_styled(&text, place.color.into())?;
    Ok(())
}

fn show_status(host: &Real, arguments: &InstallArguments) -> anyhow::Result<Exit> {
    let status = status(host)?;
    match arguments.output {
        PlanFormat::Json => terminal::write_plain(&json(&status)?)?,
        PlanFormat::Report => {
            let text = render::install_status(&status, terminal::width());
            terminal::write_styled(&text, arguments.wish.place.color.into())?
        }
    };
    Ok(Exit::Complete)
}

/// Says that the network is as it is to be, to whoever waits for that.
fn confirm_what_waits(host: &mut Real) -> anyhow::Result<Exit> {
    if status(host)?.at_work.is_none() || !is_unconfirmed(host)? {
        bail!(
            "nothing waits to be confirmed on this host: `muster install --status` says what was begun"
        );
    }
    confirm_network(host)?;
    terminal::write_plain("confirmed: the network stays as it is now\n")?;
    Ok(Exit::Complete)
}

/// Whoever is at work puts back what it did itself; where nobody is, it is done here.
fn cancel(host: &mut Real, place: &RootArguments) -> anyhow::Result<Exit> {
    let status = status(host)?;
    if let Some(holder) = status.at_work {
        request_cancellation(host)?;
        let text = format!(
            "{} puts back what it did after the step that it is at\n",
            render::screen(&holder)
        );
        terminal::write_plain(&text)?;
        return Ok(Exit::Complete);
    }
    if status.unfinished.is_none() {
        bail!(
            "there is nothing to cancel: nothing was begun here and not finished; `muster uninstall` undoes what is installed"
        );
    }
    perform(host, place, Task::Revert)
}

/// Before anything is planned and asked.
fn require_nothing_unfinished(host: &Real) -> anyhow::Result<()> {
    let status = status(host)?;
    match (status.at_work, status.unfinished) {
        (None, None) => Ok(()),
        (Some(holder), _) => bail!(
            "{holder} is at work on this host: `muster install --follow` shows what it does, `muster install --cancel` has it put back what it did"
        ),
        (None, Some(unfinished)) => bail!(
            "something was begun at {} and not finished ({} the profile {}): `muster install --resume` goes on, `muster install --cancel` puts back what was done",
            unfinished.begun_at,
            unfinished.work,
            unfinished.profile.name
        ),
    }
}

/// Who holds the lease, for those who do not get it.
fn holder() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid());
    let user = user
        .ok()
        .flatten()
        .map_or("somebody".to_owned(), |user| user.name);
    format!("muster, run by {user} as process {}", id())
}
