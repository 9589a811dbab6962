//! The calls.

use std::collections::BTreeSet;
use std::time::Duration;

use muster_discovery::{Source, workloads};
use muster_model::Section;
use tokio::sync::{Mutex, watch};
use tokio::task::spawn_blocking;

use crate::daemon::connect::chain;
use crate::daemon::observe::OwnRights;
use crate::daemon::ports::{Observer as _, Workloads as _};
use crate::daemon::systemd::SystemdWorkloads;

/// On the system's message bus.
pub(super) const NAME: &str = "io.muster.Helper1";
pub(super) const PATH: &str = "/io/muster/Helper1";

/// A message of the bus has 32 MiB at the most (dbus-daemon(1), system bus). The inventory of the largest machine is a few.
const LARGEST_BYTES: usize = 24 << 20;
/// No lease gives workloads longer to end.
const LONGEST_GRACE: Duration = Duration::from_mins(10);

/// The agent makes a few.
const MOST_CALLS: usize = 16;

/// How many calls run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Calls(usize);

/// One that runs, until this is dropped.
pub(super) struct Call<'a>(&'a watch::Sender<Calls>);

impl Calls {
    /// Refused where as many run as may.
    pub(super) fn begin(calls: &watch::Sender<Self>) -> Result<Call<'_>, Failure> {
        let has_room = calls.send_if_modified(|calls| {
            let has_room = calls.0 < MOST_CALLS;
            calls.0 += usize::from(has_room);
            has_room
        });
        match has_room {
            true => Ok(Call(calls)),
            false => Err(Failure::Refused("too many calls at a time".to_owned())),
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|calls| calls.0 -= 1);
    }
}

/// Why a call failed.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "io.muster.Helper1.Error")]
pub(super) enum Failure {
    #[zbus(error)]
    Bus(zbus::Error),
    /// It cannot be asked for that.
    Refused(String),
    /// It could not be done.
    Failed(String),
}

/// The object.
pub(super) struct Service {
    calls: watch::Sender<Calls>,
    /// Locked by a discovery, of which there is one at a time.
    discovering: Mutex<()>,
    workloads: SystemdWorkloads,
}

impl Service {
    /// One that tells how many calls run.
    pub(super) fn new(calls: watch::Sender<Calls>) -> Self {
        Self {
            calls,
            discovering: Mutex::default(),
            workloads: SystemdWorkloads::default(),
        }
    }
}

/// Several calls run at a time: none borrows the service for itself alone.
#[zbus::interface(name = "io.muster.Helper1")]
impl Service {
    /// These sections of the inventory, or what is usual without any, as JSON.
    async fn discover(&self, sections: Vec<String>) -> Result<String, Failure> {
        let _call = Calls::begin(&self.calls)?;
        let sections = known(&sections)?;
        let _alone = self.discovering.lock().await;
        let discovered = OwnRights.inventory(&sections).await;
        let json = discovered.map_err(|error| Failure::Failed(chain(&error)))?;
        let json = String::from_utf8(json).map_err(|error| Failure::Failed(error.to_string()))?;
        bounded(json)
    }

    /// What runs, `muster.workloads/v1` as JSON.
    async fn workloads(&self) -> Result<String, Failure> {
        let _call = Calls::begin(&self.calls)?;
        let failed = |error: &dyn std::error::Error| Failure::Failed(error.to_string());
        let looked = spawn_blocking(|| Source::live().map(|source| workloads(&source)));
        let found = looked.await.map_err(|error| failed(&error))?;
        let found = found.map_err(|error| failed(&error))?;
        bounded(serde_json::to_string(&found).map_err(|error| failed(&error))?)
    }

    /// Has systemd start what belongs to `muster-workload.target`.
    async fn allow_workloads(&self) -> Result<(), Failure> {
        let _call = Calls::begin(&self.calls)?;
        let allowed = self.workloads.allow().await;
        allowed.map_err(|error| Failure::Failed(error.to_string()))
    }

    /// Stops all of `muster-workload.target` and `muster-workload.slice`, kills what has not ended within so many milliseconds, and looks that
    /// nothing is left.
    async fn stop_workloads(&self, grace_ms: u64) -> Result<(), Failure> {
        let _call = Calls::begin(&self.calls)?;
        let grace = Duration::from_millis(grace_ms).min(LONGEST_GRACE);
        let stopped = self.workloads.stop_all(grace).await;
        stopped.map_err(|error| Failure::Failed(error.to_string()))
    }
}

fn known(sections: &[String]) -> Result<BTreeSet<Section>, Failure> {
    let known = sections.iter().map(|name| {
        let refused = || Failure::Refused("there is no such section".to_owned());
        let mut all = Section::ALL.into_iter();
        all.find(|section| section.key() == name)
            .ok_or_else(refused)
    });
    known.collect()
}

fn bounded(json: String) -> Result<String, Failure> {
    match json.len() {
        0..=LARGEST_BYTES => Ok(json),
        bytes => Err(Failure::Failed(format!(
            "{bytes} bytes are more than the bus carries"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_sections_can_be_named() {
        let named = |name: &str| known(&[name.to_owned()]);
        assert_eq!(named("disks").unwrap(), [Section::Disks].into());
        for name in ["", "--root=/", "disks,network", "/etc/shadow"] {
            assert!(matches!(named(name), Err(Failure::Refused(_))), "{name}");
        }
    }

    #[test]
    fn calls_are_bounded() {
        let (calls, _running) = watch::channel(Calls::default());
        let mut begun: Vec<_> = (0..MOST_CALLS)
            .map(|_| Calls::begin(&calls).unwrap())
            .collect();
        assert!(matches!(Calls::begin(&calls), Err(Failure::Refused(_))));
        begun.pop();
        assert!(Calls::begin(&calls).is_ok());
    }

    #[test]
    fn answers_fit_into_a_message() {
        assert!(bounded("x".repeat(LARGEST_BYTES)).is_ok());
        assert!(bounded("x".repeat(LARGEST_BYTES + 1)).is_err());
    }
}
