//! Discovers this machine in a process of its own, `muster discover`: what it takes of memory, and of the program's file, goes with it, so
//! that the agent, or its helper, stays small on machines of any size; and one that hangs is killed.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use muster_model::{Inventory, NoInventory, Section};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::runtime::Handle;

use super::connect::chain;
use super::ports::{Observer, ObserverError};

/// This very program, also after another was put in its place.
const PROGRAM: &str = "/proc/self/exe";
/// Discovery has a deadline for each device; this is beyond all of them together.
pub(crate) const LONGEST: Duration = Duration::from_mins(5);
/// An inventory of the largest machine is a few MiB of JSON.
const LARGEST: u64 = 64 << 20;

/// Why nothing was observed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObserveError {
    #[error(transparent)]
    Observer(#[from] ObserverError),
    #[error("what was discovered cannot be read")]
    Output {
        #[from]
        source: NoInventory,
    },
}

/// Why the process did not discover.
#[derive(Debug, thiserror::Error)]
enum ProcessError {
    #[error("the process that discovers cannot be run")]
    Run {
        #[from]
        source: std::io::Error,
    },
    #[error("the process that discovers failed: {0}")]
    Failed(std::process::ExitStatus),
    #[error("the process that discovers did not end within {} s", LONGEST.as_secs())]
    Hangs,
}

/// Discovers these sections, or what is usual without any. Blocks, for seconds when a device hangs; on a thread of a tokio runtime that may block.
pub(crate) fn observe(
    observer: &dyn Observer,
    sections: &BTreeSet<Section>,
) -> Result<Inventory, ObserveError> {
    let json = Handle::current().block_on(observer.inventory(sections))?;
    Ok(Inventory::from_json(&json)?)
}

/// What this process may see by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnRights;

#[async_trait]
impl Observer for OwnRights {
    async fn inventory(&self, sections: &BTreeSet<Section>) -> Result<Vec<u8>, ObserverError> {
        let output = tokio::time::timeout(LONGEST, output(sections)).await;
        let output = output.unwrap_or(Err(ProcessError::Hangs));
        output.map_err(|error| ObserverError {
            what: chain(&error),
        })
    }

    async fn workloads(&self) -> Option<muster_model::Workloads> {
        None
    }
}

/// Dropping it kills the process.
async fn output(sections: &BTreeSet<Section>) -> Result<Vec<u8>, ProcessError> {
    let mut command = Command::new(PROGRAM);
    command.args(["discover", "--quiet", "--output", "json"]);
    if !sections.is_empty() {
        let names: Vec<_> = sections.iter().map(|section| section.key()).collect();
        command.arg("--section").arg(names.join(","));
    }
    // Nothing of the agent's own: neither its configuration nor where systemd hears it.
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut process = command.spawn()?;
    let mut json = Vec::new();
    if let Some(output) = process.stdout.take() {
        output.take(LARGEST).read_to_end(&mut json).await?;
    }
    let status = process.wait().await?;
    match status.success() {
        true => Ok(json),
        false => Err(ProcessError::Failed(status)),
    }
}
