//! The workloads of a node under systemd: what belongs to `muster-workload.target`, and all that runs in `muster-workload.slice`.
//!
//! The target, once started, starts what is wanted by it; both live only while `muster-fence.service` does, the [guard](super::guard) of the lease.
//! Stopping is believed when systemd knows no process of the slice and of no unit that belongs to the target any more.

mod manager;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};

use self::manager::Manager;
use super::ports::{Workloads, WorkloadsError};

pub(super) const TARGET: &str = "muster-workload.target";
pub(super) const SLICE: &str = "muster-workload.slice";

/// systemd answers within milliseconds, or something is badly wrong.
const ANSWER: Duration = Duration::from_secs(3);
/// A killed process is gone within this, unless it waits for a device.
pub(crate) const KILLED: Duration = Duration::from_secs(5);
/// What is left is looked at again after this. The jobs that systemd tells of say less: a job may end and a process stay.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Over the system's message bus.
#[derive(Debug, Default)]
pub(crate) struct SystemdWorkloads {
    /// None before the first question, and after one that failed.
    manager: Mutex<Option<Manager>>,
}

/// Whether systemd runs this machine, as sd_booted(3) has it.
pub(super) fn is_booted() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

impl SystemdWorkloads {
    /// Whether systemd knows the target.
    pub(super) async fn has_target(&self) -> Result<bool, WorkloadsError> {
        let mut manager = self.manager.lock().await;
        answered(
            "the target",
            connected(&mut manager).await?.is_loaded(TARGET),
        )
        .await
    }

    /// Whether the target runs or is on its way up.
    pub(crate) async fn are_allowed(&self) -> Result<bool, WorkloadsError> {
        let mut manager = self.manager.lock().await;
        let is_up = async {
            let manager = connected(&mut manager).await?;
            answered("the target", manager.is_up(TARGET)).await
        };
        let is_up = is_up.await;
        if is_up.is_err() {
            *manager = None;
        }
        is_up
    }
}

#[async_trait]
impl Workloads for SystemdWorkloads {
    async fn count(&self) -> Option<u32> {
        let mut manager = self.manager.lock().await;
        let counted = async {
            let manager = connected(&mut manager).await?;
            answered("what runs", manager.running(SLICE)).await
        };
        match counted.await {
            Ok(count) => Some(count),
            Err(error) => {
                *manager = None;
                tracing::warn!(error = %error, "workloads cannot be counted");
                None
            }
        }
    }

    async fn stop_all(&self, grace: Duration) -> Result<(), WorkloadsError> {
        let mut manager = self.manager.lock().await;
        let stopped = async { stop_and_prove(connected(&mut manager).await?, grace).await };
        let stopped = stopped.await;
        if stopped.is_err() {
            *manager = None;
        }
        stopped
    }

    async fn allow(&self) -> Result<(), WorkloadsError> {
        if self.are_allowed().await? {
            return Ok(());
        }
        let mut manager = self.manager.lock().await;
        tracing::info!(unit = TARGET, "starting");
        let started = async {
            let manager = connected(&mut manager).await?;
            answered("starting", manager.start(TARGET)).await
        };
        let started = started.await;
        if started.is_err() {
            *manager = None;
        }
        started
    }
}

async fn connected(manager: &mut Option<Manager>) -> Result<&Manager, WorkloadsError> {
    match manager {
        Some(manager) => Ok(manager),
        none => Ok(none.insert(answered("a connection", Manager::connect()).await?)),
    }
}

/// Stops, kills what does not end within `grace`, and looks that nothing is left.
async fn stop_and_prove(manager: &Manager, grace: Duration) -> Result<(), WorkloadsError> {
    let patience = Instant::now() + grace;
    let mut units = answered("what belongs to the target", manager.members(TARGET)).await?;
    // Stopped first, so that it starts nothing meanwhile; the slice at last, with all that is still in it.
    units.insert(0, TARGET.to_owned());
    units.push(SLICE.to_owned());
    for unit in &units {
        answered("stopping", manager.stop(unit)).await?;
    }
    let mut left = left_at(manager, &units, patience).await?;
    if !left.is_empty() {
        tracing::warn!(left = left.join(", "), "killing what did not stop");
        for unit in &left {
            // A target has no processes to kill. What counts is what is left then.
            if let Err(error) = answered("killing", manager.kill(unit)).await {
                tracing::debug!(error = %error, unit, "not killed");
            }
        }
        left = left_at(manager, &units, Instant::now() + KILLED).await?;
    }
    match left.is_empty() {
        true => Ok(()),
        false => Err(WorkloadsError {
            what: format!("still there although killed: {}", left.join(", ")),
        }),
    }
}

/// The units that have not ended at `patience`; none as soon as all have.
async fn left_at(
    manager: &Manager,
    units: &[String],
    patience: Instant,
) -> Result<Vec<String>, WorkloadsError> {
    loop {
        let mut left = Vec::new();
        for unit in units {
            if !answered("what runs", manager.has_ended(unit)).await? {
                left.push(unit.clone());
            }
        }
        let now = Instant::now();
        if left.is_empty() || now >= patience {
            return Ok(left);
        }
        sleep_until(patience.min(now + LOOK_AGAIN)).await;
    }
}

async fn answered<T>(
    what: &'static str,
    question: impl Future<Output = zbus::Result<T>>,
) -> Result<T, WorkloadsError> {
    let told = |why: String| WorkloadsError {
        what: format!("systemd was asked for {what}: {why}"),
    };
    match timeout(ANSWER, question).await {
        Ok(answer) => answer.map_err(|error| told(error.to_string())),
        Err(_) => Err(told(format!("no answer within {} s", ANSWER.as_secs()))),
    }
}
