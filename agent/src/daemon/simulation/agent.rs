//! An agent's process on a simulated machine: the tasks of the daemon, but for enrolment and the host.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use muster_proto::v1;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::certificate::Certificate;
use super::gate::Gate;
use super::host::{BootTime, GRACE, Host};
use super::network::Way;
use super::spool::Spool;
use crate::daemon::clock::Clock as _;
use crate::daemon::connect::Dial;
use crate::daemon::core::fencing::{Permit, Running};
use crate::daemon::core::report::Local;
use crate::daemon::core::standing::Standing;
use crate::daemon::endpoints::Endpoints;
use crate::daemon::engine;
use crate::daemon::events::Events;
use crate::daemon::facts::Facts;
use crate::daemon::fence::Fence;
use crate::daemon::heartbeat::{Heartbeats, Ports};
use crate::daemon::lease::left_running;
use crate::daemon::line::Lines;
use crate::daemon::ports::{Leases, NoProfile, Workloads, WorkloadsError};
use crate::daemon::reporter::Reporter;
use crate::daemon::state::{State, StateError};
use crate::value::Target;

/// The agent of one machine, running or not.
pub(super) struct Agent {
    pub(super) host: Arc<Host>,
    pub(super) way: Arc<dyn Dial>,
    pub(super) spool: Arc<Spool>,
    /// Closed while the process hangs.
    pub(super) turns: Gate,
    pub(super) lease: LeaseFrom,
    pub(super) certificate: Arc<Certificate>,
    tasks: Mutex<Option<JoinSet<()>>>,
}

/// From when the agent counts a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeaseFrom {
    /// From when the heartbeat was sent, as it has to.
    Sent,
    /// From when the answer came: wrong.
    Answered,
}

/// Of a process.
const SLOWEST_START: Duration = Duration::from_millis(500);

impl Agent {
    pub(super) fn new(host: Arc<Host>, way: Way, lease: LeaseFrom) -> Self {
        Self {
            spool: Arc::new(Spool::default()),
            certificate: Arc::clone(&way.certificate),
            host,
            way: Arc::new(way),
            turns: Gate::default(),
            lease,
            tasks: Mutex::default(),
        }
    }

    /// How it is doing, by its own account.
    pub(super) fn doing(&self) -> String {
        let state = State::look(self.host.folder.path());
        let status = state.status().unwrap();
        let link = status.map(|status| status.link.to_string());
        format!("{}: {}", self.host.id, link.unwrap_or_default())
    }

    /// The newest that a controller told it, as it is on its disk.
    pub(super) fn told(&self) -> Standing {
        let state = State::look(self.host.folder.path());
        state.told().unwrap().standing
    }

    /// Ends it at once, as `kill -9` does.
    pub(super) fn kill(&self) {
        self.turns.open();
        drop(self.tasks.lock().unwrap().take());
    }

    /// Starts it, unless it runs, or the machine is off.
    pub(super) async fn start(&self) {
        // A new process takes its time, and the one before is gone by then.
        tokio::time::sleep(Duration::from_millis(10) + self.host.chance.up_to(SLOWEST_START)).await;
        let mut running = self.tasks.lock().unwrap();
        if running.is_none() && self.host.is_on() {
            let mut tasks = JoinSet::new();
            self.spawn(&mut tasks);
            *running = Some(tasks);
        }
    }

    fn spawn(&self, tasks: &mut JoinSet<()>) {
        let state = Arc::new(open(self.host.folder.path()));
        let left = self.host.kept_lease();
        let (permit, permits) = watch::channel(left);
        let (runs, running) = watch::channel(left_running(left));
        let (desired, desires) = watch::channel(None);
        let (progress, local) = watch::channel(Local::default());
        let of_host = Arc::new(OfHost {
            host: Arc::clone(&self.host),
            running: running.clone(),
        });
        let workloads: Arc<dyn Workloads> = Arc::clone(&of_host) as _;
        let (taken, takes) = watch::channel(left);
        let (lines, lines_of_others) = watch::channel(None);
        let lines_of_others = Lines::new(lines_of_others);
        let fence = Fence {
            clock: BootTime(Arc::clone(&self.host)),
            workloads: Arc::clone(&workloads),
            leases: of_host,
            permit: takes,
            running: runs,
            events: Events::unheard(),
        };
        let mut heartbeats = Heartbeats {
            clock: BootTime(Arc::clone(&self.host)),
            dial: Arc::clone(&self.way),
            endpoints: Endpoints::new(vec![controller()], &[]),
            facts: watch::Sender::new(Arc::new(facts().clone())).subscribe(),
            reporter: Reporter::new(Arc::clone(&state)),
            state,
            meter: None,
            occupancy: None,
            hints: watch::Sender::new(false),
            ports: Ports {
                workloads,
                permit,
                running,
                desired,
                local,
                lines,
                events: Events::unheard(),
            },
        };
        let cancel = CancellationToken::new();
        let engine = engine::run(Arc::new(NoProfile), desires, progress, cancel.clone());
        let lease = hand_on(Arc::clone(&self.host), self.lease, permits, taken);
        let spool = deliver(Arc::clone(&self.spool), lines_of_others.clone());
        let certificate = Arc::clone(&self.certificate);
        let renewal = certificate.renew(lines_of_others, self.host.chance.clone());
        self.keep(tasks, fence.run(cancel.clone()));
        self.keep(tasks, lease);
        self.keep(tasks, engine);
        self.keep(tasks, spool);
        self.keep(tasks, renewal);
        self.keep(tasks, async move {
            heartbeats.run(&cancel).await.unwrap();
        });
    }

    fn keep(&self, tasks: &mut JoinSet<()>, task: impl Future<Output = ()> + Send + 'static) {
        let turns = self.turns.keep(task);
        tasks.spawn(self.host.awake.keep(turns));
    }
}

/// Hands a permit on to the fence, and sees to it that epochs never go back.
async fn hand_on(
    host: Arc<Host>,
    lease: LeaseFrom,
    mut permits: watch::Receiver<Option<Permit>>,
    taken: watch::Sender<Option<Permit>>,
) {
    let clock = BootTime(Arc::clone(&host));
    let mut newest = 0;
    while permits.changed().await.is_ok() {
        let permit = *permits.borrow_and_update();
        let Some(mut permit) = permit else { continue };
        if permit.epoch < newest {
            host.ledger
                .broken(format_args!("{}: it obeys an older epoch", host.id));
        }
        newest = permit.epoch;
        if lease == LeaseFrom::Answered {
            permit.until = clock.now() + Duration::from_secs(30);
        }
        taken.send_replace(Some(permit));
    }
}

/// Hands over what is in the spool, as long as the agent runs.
async fn deliver(spool: Arc<Spool>, mut lines: Lines) {
    const AGAIN: Duration = Duration::from_secs(5);
    loop {
        spool.filled().await;
        let mut line = lines.up().await;
        let delivery = v1::DeliverEventsRequest {
            events: spool.oldest(),
            spool: "5".repeat(32),
            oldest: 1,
        };
        match line.client.deliver_events(delivery).await {
            Ok(answer) => spool.forget(answer.into_inner().acknowledged),
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

/// The workloads of a simulated machine.
struct OfHost {
    host: Arc<Host>,
    running: watch::Receiver<Running>,
}

#[async_trait]
impl Workloads for OfHost {
    async fn count(&self) -> Option<u32> {
        Some(u32::from(self.host.runs()))
    }

    async fn stop_all(&self, _grace: Duration) -> Result<(), WorkloadsError> {
        if !self.host.runs() {
            return Ok(());
        }
        // Many take as long as they may.
        let takes = match self.host.chance.one_of(3) {
            true => GRACE * 2,
            false => self.host.chance.up_to(GRACE * 2),
        };
        self.host.stop_within(takes);
        // Systemd goes on stopping when the connection to it is lost.
        if self.host.chance.one_of(10) {
            let what = "the connection to systemd was lost".to_owned();
            return Err(WorkloadsError { what });
        }
        self.host.stopped().await;
        Ok(())
    }

    async fn allow(&self) -> Result<(), WorkloadsError> {
        if let Running::Epoch(epoch) = *self.running.borrow() {
            self.host.run_workloads(epoch);
        }
        Ok(())
    }
}

impl Leases for OfHost {
    fn keep(&self, permit: Permit) -> std::io::Result<()> {
        self.host.keep_lease(Some(permit));
        Ok(())
    }

    fn forget(&self) -> std::io::Result<()> {
        self.host.keep_lease(None);
        Ok(())
    }
}

fn controller() -> Target {
    "controller.example:7443".parse().unwrap()
}

/// The same for all: they only have to be there.
pub(super) fn facts() -> &'static Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS.get_or_init(|| Facts {
        inventory: v1::Document::pack("muster.inventory/v1", b"{}").unwrap(),
        boot_id: vec![7; 16],
        fingerprint: vec![8; 32],
        stable: [0; 32],
    })
}

/// Opens the state, which may still be locked for a moment of real time: a child that another test starts holds every open file
/// until it runs its program.
#[allow(
    clippy::disallowed_methods,
    reason = "nothing tells when the lock is free, and the simulation's own clock stands still"
)]
fn open(folder: &std::path::Path) -> State {
    let until = std::time::Instant::now() + Duration::from_secs(10);
    loop {
        match State::open(folder) {
            Err(StateError::InUse { .. }) if std::time::Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(1));
            }
            opened => return opened.unwrap(),
        }
    }
}
