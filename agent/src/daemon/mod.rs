//! `muster agent`: makes this machine a node of a cluster, and keeps it one.
//!
//! Map: `core` decides and is pure; `app` alone makes channels and spawns; each task has a file: [`membership`] (which enrols by `enroll`, then
//! goes on to `heartbeat`), `fence`, `engine`, `notify`. `ports` is what the tasks need of the host; `privileges` says whether the agent itself or the helper does what takes root. `state` is on disk;
//! `identity`, `credentials`, `tls`, `connect` and `outward` say who talks to whom, and which way. `survey` keeps true what is known of the machine,
//! `occurrences` tells what happens to it. `board` is what the running agent knows of itself, and
//! `local` the socket on which it tells, `page` the page for people in front of it.
//!
//! Invariants: the private key and the join token are in no log, error or argument; nothing is trusted but what the token pins, then what
//! enrolment gave; when the lease ends, workloads are stopped, whatever else goes wrong.

mod app;
mod board;
mod clock;
mod clocks;
pub(crate) mod config;
pub(crate) mod connect;
mod core;
pub(crate) mod credentials;
mod deliver;
mod endpoints;
mod engine;
mod enroll;
mod events;
mod facts;
mod fence;
mod fingerprint;
mod gauges;
pub(crate) mod guard;
mod heartbeat;
pub(crate) mod identity;
#[cfg(test)]
mod journey;
mod lease;
mod line;
pub(crate) mod local;
pub(crate) mod look;
mod membership;
mod news;
pub(crate) mod notify;
pub(crate) mod observe;
mod occupancy;
mod occurrences;
pub(crate) mod outward;
pub(crate) mod page;
pub(crate) mod ports;
pub(crate) mod privileges;
mod random;
mod renewal;
mod reporter;
mod reset;
mod settings;
#[cfg(test)]
mod simulation;
mod spool;
mod state;
mod survey;
pub(crate) mod systemd;
pub(crate) mod tls;
pub(crate) mod token;

use std::sync::Arc;

use anyhow::Context as _;
use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::geteuid;

use crate::cli::AgentArguments;
use crate::exit::Exit;
use lease::LeaseFile;
use privileges::Privileges;
use reset::{Reset, ResetError};
use settings::Settings;
pub(crate) use settings::{Place, lenient_place, place, shown, variable};
pub(crate) use state::{State, StateError};

/// Runs until SIGTERM or SIGINT.
pub(crate) fn run(arguments: &AgentArguments) -> anyhow::Result<Exit> {
    forbid_core_dumps();
    let settings = Settings::of(arguments)?;
    let owner = privileges::service_user(&settings.state);
    if owner.is_some_and(|owner| owner.uid != geteuid()) {
        anyhow::bail!(
            "{} is the state of muster-agent.service: start that, or give this agent another with --state DIR",
            settings.state.display()
        );
    }
    // One thread: the agent waits nearly always, and has to be small.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(app::run(settings))?;
    Ok(Exit::Complete)
}

/// Resets this machine when no agent runs.
pub(crate) async fn reset_here(place: &Place) -> Result<(), ResetError> {
    // With the rights of who asks: they stay the connection's.
    let workloads = Privileges::Own.workloads(place.workloads).await?;
    let became = privileges::become_owner(&place.state);
    became.map_err(|error| ResetError::Owner {
        source: error.into(),
    })?;
    let leases = LeaseFile::of_machine(&place.state);
    let reset = Reset {
        state: Arc::new(State::open(&place.state)?),
        workloads,
        leases: Arc::new(leases.map_err(|source| ResetError::Lease { source })?),
    };
    reset.run().await
}

/// A core dump would hold the private key. The kernel makes none of a process that may not be dumped, nor may others of the same user
/// look into it. The limit is for what it starts; under a unit that sets it already, it may not.
fn forbid_core_dumps() {
    if let Err(error) = set_dumpable(false) {
        tracing::warn!(error = %error, "core dumps cannot be forbidden");
    }
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        tracing::debug!(error = %error, "the limit of core dumps cannot be set");
    }
}
