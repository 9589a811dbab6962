//! What systemd is asked, as org.freedesktop.systemd1(5) describes it.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_stream::StreamExt as _;
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedObjectPath};

use crate::host::{Enablement, HostError};
use crate::value::UnitName;

/// How long a unit may take to start or stop: longer than systemd's own 90 seconds.
const JOB: Duration = Duration::from_secs(120);
/// systemd answers within milliseconds, or something is badly wrong.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// A connection to systemd, made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Systemd(OnceLock<(Runtime, ManagerProxy<'static>)>);

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;
    fn reload(&self) -> zbus::Result<()>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn get_unit_file_state(&self, name: &str) -> zbus::Result<String>;
    fn enable_unit_files(
        &self,
        names: &[&str],
        runtime: bool,
        force: bool,
    ) -> zbus::Result<(bool, Changes)>;
    fn disable_unit_files(&self, names: &[&str], runtime: bool) -> zbus::Result<Changes>;
    fn mask_unit_files(&self, names: &[&str], runtime: bool, force: bool) -> zbus::Result<Changes>;
    fn unmask_unit_files(&self, names: &[&str], runtime: bool) -> zbus::Result<Changes>;
    #[zbus(signal)]
    fn job_removed(
        &self,
        id: u32,
        job: OwnedObjectPath,
        unit: String,
        result: String,
    ) -> zbus::Result<()>;
}

/// What was done, the link and where it leads to.
type Changes = Vec<(String, String, String)>;

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Unit",
    default_service = "org.freedesktop.systemd1"
)]
trait Unit {
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
}

/// What a job does with a unit.
#[derive(Clone, Copy)]
pub(super) enum Job {
    Start,
    Stop,
}

/// Whether systemd runs this machine, as sd_booted(3) has it.
pub(super) fn is_booted() -> bool {
    std::path::Path::new("/run/systemd/system").is_dir()
}

impl Systemd {
    pub(super) fn enablement(&self, unit: &UnitName) -> Result<Enablement, HostError> {
        let (runtime, manager) = self.connected()?;
        let state = runtime.block_on(in_time(ANSWER, manager.get_unit_file_state(unit.as_str())));
        match state {
            Ok(state) => Ok(enablement(&state)),
            Err(error) if is_not_found(&error) => Ok(Enablement::Absent),
            Err(error) => Err(failed("look at", unit, &error)),
        }
    }

    pub(super) fn set_enablement(&self, unit: &UnitName, to: Enablement) -> Result<(), HostError> {
        let now = self.enablement(unit)?;
        let (runtime, manager) = self.connected()?;
        let names = [unit.as_str()];
        let done = runtime.block_on(in_time(ANSWER, async {
            if to == Enablement::Masked {
                manager.mask_unit_files(&names, false, false).await?;
            } else if now == Enablement::Masked {
                manager.unmask_unit_files(&names, false).await?;
            }
            manager.reload().await
        }));
        done.map_err(|error| failed("mask or unmask", unit, &error))?;
        let now = self.enablement(unit)?;
        let done = runtime.block_on(in_time(ANSWER, async {
            match (to, now) {
                (Enablement::Enabled, Enablement::Disabled) => {
                    drop(manager.enable_unit_files(&names, false, false).await?);
                }
                (Enablement::Disabled, Enablement::Enabled) => {
                    drop(manager.disable_unit_files(&names, false).await?);
                }
                _ => {}
            }
            manager.reload().await
        }));
        done.map_err(|error| failed("enable or disable", unit, &error))
    }

    pub(super) fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        let (runtime, manager) = self.connected()?;
        let state = runtime.block_on(in_time(ANSWER, async {
            let path = manager.load_unit(unit.as_str()).await?;
            let unit = UnitProxy::builder(manager.inner().connection());
            let unit = unit
                .path(path)
                .cache_properties(CacheProperties::No)
                .build()
                .await?;
            unit.active_state().await
        }));
        let state = state.map_err(|error| failed("look at", unit, &error))?;
        Ok(matches!(
            state.as_str(),
            "active" | "activating" | "reloading"
        ))
    }

    pub(super) fn reload(&self) -> Result<(), HostError> {
        let (runtime, manager) = self.connected()?;
        let done = runtime.block_on(in_time(ANSWER, manager.reload()));
        done.map_err(|error| failed("have read anew", "the units", &error))
    }

    /// Has a job done and waits for its end.
    pub(super) fn run(&self, job: Job, unit: &UnitName) -> Result<(), HostError> {
        let (runtime, manager) = self.connected()?;
        let name = unit.as_str();
        let result = runtime.block_on(in_time(JOB, async {
            let mut removed = manager.receive_job_removed().await?;
            let ours = match job {
                Job::Start => manager.start_unit(name, "replace").await?,
                Job::Stop => manager.stop_unit(name, "replace").await?,
            };
            while let Some(signal) = removed.next().await {
                let ended = signal.args()?;
                if ended.job == ours {
                    return Ok(ended.result.clone());
                }
            }
            Err(zbus::Error::Failure("systemd went away".to_owned()))
        }));
        let operation = match job {
            Job::Start => "start",
            Job::Stop => "stop",
        };
        match result.as_deref() {
            Ok("done") => Ok(()),
            Ok(result) => {
                let why =
                    format!("its job ended with {result:?}; `journalctl -u {unit}` says more");
                Err(HostError::because(operation, unit, &why))
            }
            Err(error) => Err(failed(operation, unit, error)),
        }
    }

    /// For services besides systemd's manager.
    pub(super) fn connection(&self) -> Result<(&Runtime, &Connection), HostError> {
        let (runtime, manager) = self.connected()?;
        Ok((runtime, manager.inner().connection()))
    }

    fn connected(&self) -> Result<&(Runtime, ManagerProxy<'static>), HostError> {
        if let Some(connected) = self.0.get() {
            return Ok(connected);
        }
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| HostError::failed("reach", "systemd", error))?;
        let manager = runtime.block_on(in_time(ANSWER, async {
            let connection = Connection::system().await?;
            let manager = ManagerProxy::builder(&connection);
            let manager = manager
                .cache_properties(CacheProperties::No)
                .build()
                .await?;
            // Once for a connection: without it systemd tells nobody of jobs.
            manager.subscribe().await?;
            Ok(manager)
        }));
        let manager = manager.map_err(|error| failed("reach", "systemd", &error))?;
        Ok(self.0.get_or_init(|| (runtime, manager)))
    }
}

/// As systemctl(1) has it under `is-enabled`.
pub(super) fn enablement(state: &str) -> Enablement {
    match state {
        "enabled" => Enablement::Enabled,
        "disabled" => Enablement::Disabled,
        "static" => Enablement::Static,
        "masked" => Enablement::Masked,
        "not-found" => Enablement::Absent,
        _ => Enablement::Other,
    }
}

/// What is said of a unit that has no file: one error among D-Bus' own, another among systemd's.
fn is_not_found(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::FDO(error) => matches!(**error, zbus::fdo::Error::FileNotFound(_)),
        zbus::Error::MethodError(name, ..) => *name == "org.freedesktop.systemd1.NoSuchUnit",
        _ => false,
    }
}

pub(super) async fn in_time<T>(
    limit: Duration,
    asked: impl Future<Output = zbus::Result<T>>,
) -> zbus::Result<T> {
    let answer = tokio::time::timeout(limit, asked).await;
    let late = |_| zbus::Error::Failure(format!("no answer within {} s", limit.as_secs()));
    answer.map_err(late)?
}

pub(super) fn failed(
    operation: &'static str,
    subject: impl std::fmt::Display,
    error: &zbus::Error,
) -> HostError {
    HostError::because(operation, subject, &error.to_string())
}
