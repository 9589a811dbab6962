//! `muster-install.service`: goes on with what a command line wrote down, whatever becomes of that command line.

use anyhow::Context as _;
use muster_installer::engine::{
    Ended, EngineError, Follower, Past, Task, is_at_work, is_unconfirmed,
};
use muster_installer::host::{Host as _, Real};
use muster_installer::{Installer, status};

use super::log::{log_failure, log_stop};
use super::observer::{Listener, Teller};
use super::report::Report;
use super::stop::Stop;
use super::unit::{Unit, at_work};
use super::{advice, follow, holder, tell};
use crate::exit::Exit;

/// What somebody is told who presses Ctrl-C while the service does the work.
const LEAVING: &str = "leaving: muster-install.service goes on without this";

/// The service's own process: resumes, and leaves word how that ended.
pub(crate) fn run() -> anyhow::Result<Exit> {
    let mut host = Real::machine()?;
    let mut teller = Teller::new(Listener::Journal, Stop::listen("stopping after this step")?);
    Report::forget()?;
    let plan = status(&host).ok().and_then(|status| status.unfinished);
    let plan = plan.map(|unfinished| unfinished.plan);
    let ended = match go_on(&mut host, &mut teller) {
        Ok(None) => return Ok(Exit::Complete),
        Ok(Some(ended)) => Ok(ended),
        Err(error) => Err(error),
    };
    let digest = plan.clone().unwrap_or_default();
    let exit = match &ended {
        Ok(Ended { outcome: None, .. }) => {
            log_stop(&digest);
            Exit::Complete
        }
        Ok(_) => Exit::Complete,
        Err(error) => {
            log_failure(&digest, &format!("{error:#}"));
            Exit::Failed
        }
    };
    Report::of(host.now(), plan, &ended).keep()?;
    Ok(exit)
}

/// After the service has ended, however it has: what it could not confirm any more is put back at once, and not only at the next boot.
pub(crate) fn put_back() -> anyhow::Result<Exit> {
    let host = Real::machine()?;
    if is_at_work(&host)? || !is_unconfirmed(&host)? {
        return Ok(Exit::Complete);
    }
    run()
}

/// None where it had ended already, and a loss of power left word of it.
fn go_on(host: &mut Real, teller: &mut Teller) -> anyhow::Result<Option<Ended>> {
    let mut installer = Installer::open(host, "muster-install.service")?;
    let ended = installer.resume(teller);
    let has_unfinished = installer.has_unfinished();
    let closed = match &ended {
        // The machine goes down, as a rule: it is gone on with when it is up again.
        Ok(Ended { outcome: None, .. }) => installer.leave(),
        _ => installer.close(),
    };
    if let Err(EngineError::NothingUnfinished(_)) = ended {
        closed?;
        return Ok(None);
    }
    let ended = ended.with_context(|| advice(has_unfinished))?;
    closed?;
    Ok(Some(ended))
}

/// Writes down what is to be done, has the service do it, and follows to the end.
///
/// # Errors
/// It cannot be begun; it failed; somebody did not want to follow any more.
pub(super) fn hand_over(host: &mut Real, unit: &Unit, task: Task) -> anyhow::Result<Exit> {
    // From here on Ctrl-C is an end to following, and to nothing else.
    let mut teller = Teller::new(Listener::Waiting, Stop::listen(LEAVING)?);
    if !is_at_work(host)? {
        unit.wait_until_idle()?;
    }
    let installer = Installer::open(host, &holder())?;
    Report::forget()?;
    if let Some(ended) = installer.hand_over(task)? {
        tell(&ended)?;
        return Ok(Exit::Complete);
    }
    let follower = Follower::attach(host, Past::Skipped, &mut teller)?;
    unit.start().with_context(|| advice(true))?;
    let mut is_busy = || at_work(host, Some(unit));
    let followed = follower.run(&mut is_busy, &mut teller)?;
    follow::conclude(followed, Report::last()?)
}
