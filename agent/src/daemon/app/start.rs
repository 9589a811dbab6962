//! Makes the channels between the tasks, and spawns them.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{AgentError, Tasks};
use crate::daemon::clock::{BootClock, Clock as _, now_unix_ms};
use crate::daemon::connect::chain;
use crate::daemon::core::fencing::{Permit, Running};
use crate::daemon::core::report::Local;
use crate::daemon::deliver::Delivery;
use crate::daemon::endpoints::Endpoints;
use crate::daemon::events::{Events, Happened, SharedSpool, events};
use crate::daemon::facts::{Facts, Known};
use crate::daemon::fence::Fence;
use crate::daemon::heartbeat::Ports;
use crate::daemon::identity::Identity;
use crate::daemon::lease::{LeaseFile, left_running};
use crate::daemon::line::{Line, Lines};
use crate::daemon::local::{self, Desk, ResetAsked};
use crate::daemon::membership::Membership;
use crate::daemon::occurrences::{Occurrences, since_last_time};
use crate::daemon::page::{self, Page};
use crate::daemon::ports::{Desired, NoProfile, Observer, Workloads};
use crate::daemon::reporter::Reporter;
use crate::daemon::reset::Reset;
use crate::daemon::settings::Settings;
use crate::daemon::spool::{BOUNDS, Spool};
use crate::daemon::state::State;
use crate::daemon::survey::{self, Changed, Survey};
use crate::daemon::{engine, notify};

/// What local control needs of the tasks.
pub(super) struct Started {
    pub(super) desk: Desk,
    /// None where the configuration wants none.
    pub(super) page: Option<Page>,
}

/// Starts all tasks but those of local control.
pub(super) async fn start(
    settings: Settings,
    tasks: &mut Tasks,
    cancel: &CancellationToken,
    resets: mpsc::Sender<ResetAsked>,
) -> Result<Started, AgentError> {
    let mut crew = Crew { tasks, cancel };
    let state = Arc::new(State::open(&settings.state)?);
    let workloads = settings.privileges.workloads(settings.workloads).await?;
    let observer = settings.privileges.observer();
    let leases = LeaseFile::of_agent(&settings.state);
    let leases = Arc::new(leases.map_err(|source| AgentError::Lease { source })?);
    let (events, lines) = crew.deliver_events(&state)?;
    // Before anything else that takes time: what may not run any more is stopped at once.
    let (permit, running) = crew.fence(&workloads, &leases, &events);
    let identity = Arc::new(Identity::open_or_create(&state)?);
    let (facts, changed) = crew.survey(&state, &observer, &events).await?;
    let (desired, local) = crew.engine();
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
    let (codes, asks) = page::codes();
    let page = settings.page.clone().map(|of_page| Page {
        settings: of_page,
        state: settings.state.clone(),
        issue: page::issue_beside(&settings.local.socket),
        known: facts.clone(),
        changed,
        observer: Arc::clone(&observer),
        asks,
    });
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
        codes,
    };
    let membership = Membership {
        endpoints,
        settings,
        reporter,
        state,
        identity,
        facts,
        observer,
    };
    crew.spawn(notify::keep_alive(cancel.clone()));
    crew.tasks.spawn(membership.run(ports, cancel.clone()));
    Ok(Started { desk, page })
}

/// Spawns tasks, each with the channels that it has to others.
struct Crew<'a> {
    tasks: &'a mut Tasks,
    cancel: &'a CancellationToken,
}

impl Crew<'_> {
    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async {
            task.await;
            Ok(())
        });
    }

    /// What happens is kept in the spool, and delivered by the line to a controller.
    fn deliver_events(
        &mut self,
        state: &State,
    ) -> Result<(Events, watch::Sender<Option<Line>>), AgentError> {
        let spool = Spool::open(&state.spool(), BOUNDS, now_unix_ms())?;
        let spool = SharedSpool::new(spool);
        let (events, recorder, recorded) = events(&spool);
        events.tell(
            Happened::AgentStarted,
            concat!("muster ", env!("CARGO_PKG_VERSION")),
        );
        let (lines, lines_of_others) = watch::channel(None);
        let delivery = Delivery {
            spool,
            recorded,
            lines: Lines::new(lines_of_others),
        };
        self.spawn(recorder.run());
        self.spawn(delivery.run(self.cancel.clone()));
        Ok((events, lines))
    }

    /// The fence heeds the permit, that which is left of the last run of the agent first.
    fn fence(
        &mut self,
        workloads: &Arc<dyn Workloads>,
        leases: &Arc<LeaseFile>,
        events: &Events,
    ) -> (watch::Sender<Option<Permit>>, watch::Receiver<Running>) {
        let left = leases.read(BootClock.now());
        let (permit, permits) = watch::channel(left);
        let (runs, running) = watch::channel(left_running(left));
        let fence = Fence {
            clock: BootClock,
            workloads: Arc::clone(workloads),
            leases: Arc::clone(leases) as _,
            permit: permits,
            running: runs,
            events: events.clone(),
        };
        self.spawn(fence.run(self.cancel.clone()));
        (permit, running)
    }

    /// Reads the machine, and again whenever it changes.
    async fn survey(
        &mut self,
        state: &State,
        observer: &Arc<dyn Observer>,
        events: &Events,
    ) -> Result<(Known, Changed), AgentError> {
        let changed = Changed::default();
        // First: what changes while the machine is read is read again.
        let listening = survey::listen(&changed);
        let facts = tokio::task::spawn_blocking({
            let observer = Arc::clone(observer);
            move || Facts::discover(observer.as_ref())
        });
        let facts = facts.await??;
        if let Err(error) = since_last_time(state, &facts.boot_id, events) {
            tracing::warn!(
                error = chain(&error),
                "the boot of this agent cannot be kept"
            );
        }
        let occurrences = Occurrences {
            events: events.clone(),
            changed: Arc::clone(&changed),
            folder: state.folder().to_owned(),
        };
        let (known, facts) = watch::channel(Arc::new(facts));
        let survey = Survey {
            known,
            changed: Arc::clone(&changed),
            read: Arc::new({
                let observer = Arc::clone(observer);
                move |known: &Facts, sections: &_| known.read_again(observer.as_ref(), sections)
            }),
        };
        self.spawn(survey.run(listening, self.cancel.clone()));
        self.spawn(occurrences.run(self.cancel.clone()));
        Ok((facts, changed))
    }

    /// The engine makes of the node what it is to be, and tells how far it is.
    fn engine(&mut self) -> (watch::Sender<Option<Desired>>, watch::Receiver<Local>) {
        let (desired, desires) = watch::channel(None);
        let (progress, local) = watch::channel(Local::default());
        let engine = engine::run(Arc::new(NoProfile), desires, progress, self.cancel.clone());
        self.spawn(engine);
        (desired, local)
    }
}
