//! What the agent asks of systemd about units and what runs in them.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;

use crate::systemd::{self, ManagerProxy, Process, UnitProxy};

/// What is not there any more when it is asked for.
const NO_SUCH_UNIT: &str = "org.freedesktop.systemd1.NoSuchUnit";

/// A connection to the manager of the machine's services.
#[derive(Debug)]
pub(super) struct Manager {
    manager: ManagerProxy<'static>,
}

impl Manager {
    /// Over the system's message bus.
    pub(super) async fn connect() -> zbus::Result<Self> {
        let manager = systemd::manager().await?;
        Ok(Self { manager })
    }

    /// Whether there is such a unit.
    pub(super) async fn is_loaded(&self, unit: &str) -> zbus::Result<bool> {
        let unit = self.unit(unit).await?;
        Ok(unit.load_state().await? == "loaded")
    }

    /// Whether it runs or is on its way up.
    pub(super) async fn is_up(&self, unit: &str) -> zbus::Result<bool> {
        let state = self.unit(unit).await?.active_state().await?;
        Ok(matches!(
            state.as_str(),
            "active" | "activating" | "reloading"
        ))
    }

    /// The units that another one starts, or that stop with it; but for slices.
    pub(super) async fn members(&self, of: &str) -> zbus::Result<Vec<String>> {
        let unit = self.unit(of).await?;
        let mut members = BTreeSet::new();
        members.extend(unit.wants().await?);
        members.extend(unit.requires().await?);
        members.extend(unit.consists_of().await?);
        members.extend(unit.bound_by().await?);
        members.extend(unit.required_by().await?);
        members.retain(|name| !name.ends_with(".slice"));
        Ok(members.into_iter().collect())
    }

    /// Begins to start it.
    pub(super) async fn start(&self, unit: &str) -> zbus::Result<()> {
        self.manager.start_unit(unit, "replace").await.map(drop)
    }

    /// Begins to stop it.
    pub(super) async fn stop(&self, unit: &str) -> zbus::Result<()> {
        let stopped = self.manager.stop_unit(unit, "replace").await;
        unless_gone(stopped.map(drop))
    }

    /// Kills every process of it.
    pub(super) async fn kill(&self, unit: &str) -> zbus::Result<()> {
        let signal = Signal::SIGKILL as i32;
        unless_gone(self.manager.kill_unit(unit, "all", signal).await)
    }

    /// Whether nothing of it runs, will run without being started, or is still to be stopped.
    pub(super) async fn has_ended(&self, unit: &str) -> zbus::Result<bool> {
        let state = self.unit(unit).await?.active_state().await?;
        let has_ended = matches!(state.as_str(), "inactive" | "failed");
        Ok(has_ended && self.processes(unit).await?.is_empty())
    }

    /// How many units of the slice have processes.
    pub(super) async fn running(&self, slice: &str) -> zbus::Result<u32> {
        let processes = self.processes(slice).await?;
        let inside = format!("/{slice}/");
        let units: BTreeSet<&str> = processes
            .iter()
            .filter_map(|(group, ..)| group.split_once(&inside)?.1.split('/').next())
            .collect();
        Ok(u32::try_from(units.len()).unwrap_or(u32::MAX))
    }

    async fn processes(&self, unit: &str) -> zbus::Result<Vec<Process>> {
        unless_gone(self.manager.get_unit_processes(unit).await)
    }

    async fn unit(&self, name: &str) -> zbus::Result<UnitProxy<'static>> {
        systemd::unit(&self.manager, name).await
    }
}

/// A unit that is not there has nothing, and nothing has to be done to it.
fn unless_gone<T: Default>(answer: zbus::Result<T>) -> zbus::Result<T> {
    match answer {
        Err(zbus::Error::MethodError(name, ..)) if name == NO_SUCH_UNIT => Ok(T::default()),
        answer => answer,
    }
}
