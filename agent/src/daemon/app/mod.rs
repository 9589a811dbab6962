//! Puts the tasks together: the only place that makes channels and spawns. `start` does that; here they are run and ended.

mod start;

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::facts::FactsError;
use super::identity::IdentityError;
use super::local::{self, Control};
use super::membership::MembershipError;
use super::notify;
use super::ports::WorkloadsError;
use super::reset::ResetError;
use super::settings::Settings;
use super::state::StateError;
use start::start;

/// How long tasks may take to end.
const DRAIN: Duration = Duration::from_secs(10);

/// Why the agent ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    #[error("signals cannot be heard")]
    Signals { source: std::io::Error },
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error(transparent)]
    Membership(#[from] MembershipError),
    #[error("the kept lease cannot be used")]
    Lease { source: std::io::Error },
    #[error(transparent)]
    Workloads(#[from] WorkloadsError),
    #[error(transparent)]
    Reset(#[from] ResetError),
    #[error("a task ended where it should not")]
    Task {
        #[from]
        source: JoinError,
    },
    #[error("tasks did not end within {} s", DRAIN.as_secs())]
    Drain,
}

type Tasks = JoinSet<Result<(), AgentError>>;

/// Runs until SIGTERM or SIGINT, or until a task fails.
pub(crate) async fn run(settings: Settings) -> Result<(), AgentError> {
    let mut signals = Signals::listen().map_err(|source| AgentError::Signals { source })?;
    let cancel = CancellationToken::new();
    let mut tasks = Tasks::new();
    let mut control = Control::default();
    let (resets, mut asked) = local::resets();
    let work = async {
        let local = settings.local.clone();
        let started = start(settings, &mut tasks, &cancel, resets).await?;
        control.start(&local, started.desk, started.page);
        notify::ready();
        until_one_fails(&mut tasks).await
    };
    // Whatever was spawned before the signal is in `tasks`, and is drained.
    let (ended, reset) = tokio::select! {
        name = signals.next() => {
            tracing::info!(signal = name, "ending");
            (Ok(()), None)
        }
        Some(asked) = asked.recv() => (Ok(()), Some(asked)),
        ended = work => (ended, None),
    };
    notify::stopping();
    cancel.cancel();
    let drained = tokio::time::timeout(DRAIN, until_one_fails(&mut tasks)).await;
    let drained = drained.unwrap_or(Err(AgentError::Drain));
    // What the tasks used is free once they have ended.
    let ended = match reset {
        None => ended.and(drained),
        Some(asked) => asked.run(drained).await,
    };
    control.end().await;
    ended
}

/// Until all have ended, or the first has failed.
async fn until_one_fails(tasks: &mut Tasks) -> Result<(), AgentError> {
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// What ends the agent from outside.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
