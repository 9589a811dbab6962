//! `muster-install.service`, as systemd is asked for it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use muster_installer::engine::{EngineError, is_at_work};
use muster_installer::host::Real;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::systemd::{self, ManagerProxy, UnitProxy};

const NAME: &str = "muster-install.service";
/// systemd answers within milliseconds, or something is badly wrong.
const ANSWER: Duration = Duration::from_secs(10);
/// From when the lease was given back to when systemd has seen that the process ended.
const LAST_WORDS: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A connection to systemd, which knows the unit.
#[derive(Debug)]
pub(super) struct Unit {
    runtime: Runtime,
    manager: ManagerProxy<'static>,
    unit: UnitProxy<'static>,
}

impl Unit {
    /// None where systemd does not run this machine.
    ///
    /// # Errors
    /// systemd does not answer, or does not know the unit.
    pub(super) fn find() -> anyhow::Result<Option<Self>> {
        // As sd_booted(3) has it.
        if !Path::new("/run/systemd/system").is_dir() {
            return Ok(None);
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let found = runtime.block_on(in_time(async {
            let manager = systemd::manager().await?;
            let unit = systemd::unit(&manager, NAME).await?;
            let state = unit.load_state().await?;
            Ok((manager, unit, state))
        }));
        let (manager, unit, state) = found.context("systemd cannot be asked")?;
        match state.as_str() {
            "loaded" => Ok(Some(Self {
                runtime,
                manager,
                unit,
            })),
            "not-found" => bail!("systemd does not know {NAME}"),
            state => bail!("{NAME} is {state}"),
        }
    }

    /// Has it started, and does not wait for its end.
    pub(super) fn start(&self) -> anyhow::Result<()> {
        let started = in_time(self.manager.start_unit(NAME, "replace"));
        let started = self.runtime.block_on(started);
        started.with_context(|| format!("systemd does not start {NAME}"))?;
        Ok(())
    }

    /// Whether it is to be started, runs, or is still ending.
    pub(super) fn is_busy(&self) -> anyhow::Result<bool> {
        let state = self.runtime.block_on(in_time(async {
            let (job, _) = self.unit.job().await?;
            Ok((job, self.unit.active_state().await?))
        }));
        let (job, state) = state.with_context(|| format!("systemd does not tell of {NAME}"))?;
        Ok(job != 0 || matches!(state.as_str(), "activating" | "deactivating"))
    }

    /// Waits until a run that has given its lease back has ended for systemd, too: it would not be started anew before.
    pub(super) fn wait_until_idle(&self) -> anyhow::Result<()> {
        let until = Instant::now() + LAST_WORDS;
        while self.is_busy()? {
            if Instant::now() > until {
                bail!("{NAME} runs; `muster install --follow` shows what it does");
            }
            self.runtime.block_on(async { sleep(LOOK_AGAIN).await });
        }
        Ok(())
    }
}

/// Whether somebody changes this host, or is just about to. Where systemd does not answer, as while it is upgraded, the lease tells.
pub(super) fn at_work(host: &Real, unit: Option<&Unit>) -> Result<bool, EngineError> {
    let is_busy = unit.is_some_and(|unit| unit.is_busy().unwrap_or(false));
    Ok(is_busy || is_at_work(host)?)
}

async fn in_time<T>(asked: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    let late = |_| zbus::Error::Failure(format!("no answer within {} s", ANSWER.as_secs()));
    timeout(ANSWER, asked).await.map_err(late)?
}
