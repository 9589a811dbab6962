//! Puts the tasks together: the only place that makes channels and spawns.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::clock::{BootClock, Clock as _, now_unix_ms};
use super::connect::chain;
use super::core::report::Local;
use super::deliver::Delivery;
use super::endpoints::Endpoints;
use super::events::{Happened, SharedSpool, events};
use super::facts::{Facts, FactsError};
use super::fence::Fence;
use super::heartbeat::Ports;
use super::identity::{Identity, IdentityError};
use super::lease::{LeaseFile, left_running};
use super::line::Lines;
use super::local::{self, Control, Desk, ResetAsked};
use super::membership::{Membership, MembershipError};
use super::occurrences::{Occurrences, since_last_time};
use super::ports::{NoProfile, WorkloadsError};
use super::reporter::Reporter;
use super::reset::{Reset, ResetError};
use super::settings::Settings;
use super::spool::{BOUNDS, Spool};
use super::state::{State, StateError};
use super::survey::{self, Changed, Survey};
use super::{engine, notify, systemd};

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
        let desk = start(settings, &mut tasks, &cancel, resets).await?;
        control.start(&local, desk);
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

async fn start(
    settings: Settings,
    tasks: &mut Tasks,
    cancel: &CancellationToken,
    resets: mpsc::Sender<ResetAsked>,
) -> Result<Desk, AgentError> {
    let state = Arc::new(State::open(&settings.state)?);
    let workloads = systemd::choose(settings.workloads).await?;
    let leases = LeaseFile::of_agent(&settings.state);
    let leases = Arc::new(leases.map_err(|source| AgentError::Lease { source })?);
    let left = leases.read(BootClock.now());
    let (permit, permits) = watch::channel(left);
    let (runs, running) = watch::channel(left_running(left));
    let (desired, desires) = watch::channel(None);
    let (progress, local) = watch::channel(Local::default());
    let spool = Spool::open(&state.spool(), BOUNDS, now_unix_ms())?;
    let spool = SharedSpool::new(spool);
    let (events, recorder, recorded) = events(&spool);
    events.tell(Happened::AgentStarted, version());
    let (lines, lines_of_others) = watch::channel(None);
    let delivery = Delivery {
        spool,
        recorded,
        lines: Lines::new(lines_of_others),
    };
    let fence = Fence {
        clock: BootClock,
        workloads: Arc::clone(&workloads),
        leases: Arc::clone(&leases) as _,
        permit: permits,
        running: runs,
        events: events.clone(),
    };
    // Before anything else that takes time: what may not run any more is stopped at once.
    spawn(tasks, infallible(fence.run(cancel.clone())));
    let identity = Arc::new(Identity::open_or_create(&state)?);
    let changed = Changed::default();
    // First: what changes while the machine is read is read again.
    let listening = survey::listen(&changed);
    let facts = tokio::task::spawn_blocking(Facts::discover).await??;
    if let Err(error) = since_last_time(&state, &facts.boot_id, &events) {
        tracing::warn!(
            error = chain(&error),
            "the boot of this agent cannot be kept"
        );
    }
    let occurrences = Occurrences {
        events: events.clone(),
        changed: Arc::clone(&changed),
        folder: settings.state.clone(),
    };
    let (known, facts) = watch::channel(Arc::new(facts));
    let survey = Survey {
        known,
        changed: Arc::clone(&changed),
        read: Arc::new(Facts::read_again),
    };
    let engine = engine::run(Arc::new(NoProfile), desires, progress, cancel.clone());
    let ports = Ports {
        workloads: Arc::clone(&workloads),
        permit,
        running,
        desired,
        local,
        lines,
        events,
    };
    let endpoints =
        Endpoints::new(settings.controllers.clone(), &state.controllers()?).with(state.targets()?);
    let reporter = Reporter::new(Arc::clone(&state));
    let desk = Desk {
        state: Arc::clone(&state),
        endpoints: endpoints.clone(),
        board: Arc::clone(reporter.board()),
        settings: local::shown(&settings),
        outward: settings.outward.clone(),
        reset: Reset {
            state: Arc::clone(&state),
            workloads,
            leases,
        },
        resets,
    };
    let membership = Membership {
        endpoints,
        settings,
        reporter,
        state,
        identity,
        facts,
    };
    spawn(tasks, infallible(engine));
    spawn(tasks, infallible(survey.run(listening, cancel.clone())));
    spawn(tasks, infallible(occurrences.run(cancel.clone())));
    spawn(tasks, infallible(recorder.run()));
    spawn(tasks, infallible(delivery.run(cancel.clone())));
    spawn(tasks, infallible(notify::keep_alive(cancel.clone())));
    spawn(tasks, membership.run(ports, cancel.clone()));
    Ok(desk)
}

fn spawn<F>(tasks: &mut Tasks, task: F)
where
    F: Future<Output = Result<(), AgentError>> + Send + 'static,
{
    tasks.spawn(task);
}

fn version() -> String {
    format!("muster {}", env!("CARGO_PKG_VERSION"))
}

async fn infallible(task: impl Future<Output = ()>) -> Result<(), AgentError> {
    task.await;
    Ok(())
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
