//! The task that keeps the node's lease: a heartbeat an interval, to one controller after the other until one answers.
//!
//! Beside the heartbeats the controller may tell at once that there is something new. That is only a reason to send the next
//! heartbeat now: its answer alone counts.

use std::sync::Arc;
use std::time::Duration;

use muster_proto::v1;
use muster_proto::v1::node_client::NodeClient;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use super::clock::Clock;
use super::connect::{Dial, chain, told};
use super::core::backoff::{Backoff, spread};
use super::core::fencing::{Permit, Running, SinceBoot};
use super::core::report::{self, Local};
use super::core::standing::Stale;
use super::endpoints::Endpoints;
use super::events::{Events, Happened};
use super::facts::Facts;
use super::gauges::Meter;
use super::line::Line;
use super::ports::{Desired, Workloads};
use super::random;
use super::reporter::Reporter;
use super::state::{Link, State, StateError, Told};

/// What the controller asks for instead counts, down to this.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(250);

/// What the task needs.
pub(crate) struct Heartbeats<C> {
    pub(crate) clock: C,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) endpoints: Endpoints,
    pub(crate) facts: Facts,
    pub(crate) state: Arc<State>,
    pub(crate) reporter: Reporter,
    /// None sends no gauges.
    pub(crate) meter: Option<Meter>,
    pub(crate) ports: Ports,
}

/// What a heartbeat came to, for the events.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Talk {
    /// None was tried yet.
    Nothing,
    With(String),
    Lost,
}

/// The ends of the other tasks' channels.
pub(crate) struct Ports {
    pub(crate) workloads: Arc<dyn Workloads>,
    /// For the fence.
    pub(crate) permit: watch::Sender<Option<Permit>>,
    /// Of the fence.
    pub(crate) running: watch::Receiver<Running>,
    /// For the engine.
    pub(crate) desired: watch::Sender<Option<Desired>>,
    /// Of the engine.
    pub(crate) local: watch::Receiver<Local>,
    /// For who else talks to the controller.
    pub(crate) lines: watch::Sender<Option<Line>>,
    pub(crate) events: Events,
}

/// Why a heartbeat came to nothing.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("no controller is known")]
    NoController,
    #[error(transparent)]
    Connect(#[from] super::connect::ConnectError),
    #[error("{controller} does not take the heartbeat: {reason}")]
    Refused { controller: String, reason: String },
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error(transparent)]
    State(#[from] StateError),
}

/// A connection on which heartbeats go.
struct Open {
    line: Line,
    /// What the controller tells at once, while it does.
    news: Option<Streaming<v1::WatchResponse>>,
}

/// What is counted from one heartbeat to the next.
struct Count {
    sequence: u64,
    told: Told,
    backoff: Backoff,
    talk: Talk,
}

impl<C: Clock> Heartbeats<C> {
    /// Runs until `cancel`.
    pub(crate) async fn run(mut self, cancel: CancellationToken) -> Result<(), StateError> {
        let mut count = Count {
            sequence: 0,
            told: self.state.told()?,
            backoff: Backoff::default(),
            talk: Talk::Nothing,
        };
        let mut open = None;
        loop {
            // Dropping a heartbeat half-way loses at most an answer, and with it a lease that nobody relies on.
            let wait = tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                wait = self.beat(&mut open, &mut count) => wait,
            };
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                () = self.pause(wait, &mut open, count.told.standing.generation) => {}
            }
        }
        self.reporter
            .tell(Link::Stopped, *self.ports.desired.borrow());
        Ok(())
    }

    /// Sends one heartbeat and heeds the answer; how long to wait until the next.
    async fn beat(&mut self, open: &mut Option<Open>, count: &mut Count) -> Duration {
        match self.try_to_beat(open, count).await {
            Ok(wait) => {
                count.backoff.answered(self.clock.now());
                wait
            }
            Err(lost) => {
                *open = None;
                self.ports.lines.send_replace(None);
                let reason = chain(&lost);
                self.talks(count, Talk::Lost, &reason);
                let wait = count.backoff.lost(random::share());
                tracing::warn!(reason, retry_ms = wait.as_millis(), "no answer");
                self.reporter
                    .tell(Link::Lost { reason }, *self.ports.desired.borrow());
                wait
            }
        }
    }

    async fn try_to_beat(
        &mut self,
        open: &mut Option<Open>,
        count: &mut Count,
    ) -> Result<Duration, Lost> {
        let Open { line, .. } = match open {
            Some(open) => open,
            None => open.insert(self.connect().await?),
        };
        let before = count.told.standing;
        let report = self.report(before.epoch).await;
        count.sequence += 1;
        // The lease counts from here, before anything is sent.
        let sent = self.clock.now();
        let request = self.request(count, report.clone(), sent);
        let answered = line.client.heartbeat(request).await;
        let answer = answered.map_err(|status| Lost::Refused {
            controller: line.target.to_string(),
            reason: told(&status),
        })?;
        let answer = answer.into_inner();
        self.heed(&answer, sent, count)?;
        let controller = line.target.to_string();
        self.talks(count, Talk::With(controller.clone()), &controller);
        self.reporter
            .tell(Link::Connected { controller }, *self.ports.desired.borrow());
        if answer.send_inventory {
            self.send_inventory(line).await;
        }
        let interval = Duration::from_millis(u64::from(answer.interval_ms)).max(SHORTEST_INTERVAL);
        let standing = count.told.standing;
        let as_told = standing == before && self.report(standing.epoch).await == report;
        Ok(match as_told {
            true => spread(interval, random::share()),
            // The answer made something else true: the controller waits to hear it.
            false => SHORTEST_INTERVAL,
        })
    }

    async fn connect(&mut self) -> Result<Open, Lost> {
        let target = self.endpoints.next().ok_or(Lost::NoController)?;
        let wire = self.dial.dial(&target).await?;
        tracing::info!(controller = %target, "connected");
        let client = NodeClient::new(wire);
        let line = Line { target, client };
        self.ports.lines.send_replace(Some(line.clone()));
        Ok(Open { line, news: None })
    }

    /// Tells when it is another controller than before, or none.
    fn talks(&self, count: &mut Count, talk: Talk, detail: &str) {
        if count.talk == talk {
            return;
        }
        let happened = match talk {
            Talk::With(_) => Happened::ControllerConnected,
            Talk::Nothing | Talk::Lost => Happened::ControllerLost,
        };
        self.ports.events.tell(happened, detail);
        count.talk = talk;
    }

    /// Waits, but not when there is something new to report, or to be told.
    async fn pause(&mut self, wait: Duration, open: &mut Option<Open>, generation: u64) {
        tokio::time::sleep(wait.min(SHORTEST_INTERVAL)).await;
        let changed = async {
            // All can be dropped at any time.
            tokio::select! {
                biased;
                Ok(()) = self.ports.running.changed() => {}
                Ok(()) = self.ports.local.changed() => {}
                () = something_new(open.as_mut(), generation) => {}
            }
        };
        let rest = wait.saturating_sub(SHORTEST_INTERVAL);
        // Either way it is time for the next heartbeat.
        let _ = tokio::time::timeout(rest, changed).await;
    }

    async fn report(&mut self, epoch: u64) -> v1::NodeReport {
        let status = self
            .ports
            .desired
            .borrow()
            .and_then(|desired| desired.status);
        let local = self.ports.local.borrow_and_update().clone();
        let running = *self.ports.running.borrow_and_update();
        v1::NodeReport {
            progress: report::progress(status, &local).into(),
            reason: match local {
                Local::Failed(reason) => reason,
                _ => String::new(),
            },
            workloads: self.ports.workloads.count().await,
            nothing_of_old_epoch_runs: running.is_clean(epoch),
            workload_summary: None,
        }
    }

    fn request(
        &mut self,
        count: &Count,
        report: v1::NodeReport,
        now: SinceBoot,
    ) -> v1::HeartbeatRequest {
        v1::HeartbeatRequest {
            boot_id: self.facts.boot_id.clone(),
            sequence: count.sequence,
            epoch: count.told.standing.epoch,
            generation: count.told.standing.generation,
            inventory_digest: self.facts.digest(),
            gauges: self.meter.as_mut().map(|meter| meter.measure(now)),
            report: Some(report),
        }
    }

    /// Keeps what is new on disk first, then lets the others know.
    fn heed(
        &mut self,
        answer: &v1::HeartbeatResponse,
        sent: SinceBoot,
        count: &mut Count,
    ) -> Result<(), Lost> {
        let generation = answer.desired.as_ref().map(|desired| desired.generation);
        let standing = count.told.standing.heard(answer.epoch, generation)?;
        let mut told = Told::new(standing, count.told.endpoints.clone());
        if !answer.endpoints.is_empty() {
            told.endpoints.clone_from(&answer.endpoints);
        }
        if told != count.told {
            self.state.keep_told(&told)?;
            if told.endpoints != count.told.endpoints {
                self.endpoints.hear(&told.endpoints);
            }
            count.told = told;
        }
        if let Some(desired) = &answer.desired {
            self.want(desired);
        }
        let lease = Duration::from_millis(u64::from(answer.lease_ms));
        let run = self
            .ports
            .desired
            .borrow()
            .is_some_and(|desired| desired.run_workloads);
        let permit = Permit::granted(sent, lease, answer.epoch, run);
        self.ports.permit.send_replace(Some(permit));
        Ok(())
    }

    fn want(&self, desired: &v1::DesiredState) {
        let wanted = Desired {
            generation: desired.generation,
            status: desired.status().known(),
            role: desired.role().known(),
            run_workloads: desired.run_workloads,
        };
        self.ports.desired.send_if_modified(|before| {
            let is_new = *before != Some(wanted);
            if is_new {
                let status = wanted.status.map_or("unknown", |status| status.key());
                tracing::info!(status, generation = wanted.generation, "this node is to be");
                *before = Some(wanted);
            }
            is_new
        });
    }

    /// It is asked for again when it does not get there.
    async fn send_inventory(&self, line: &mut Line) {
        let request = v1::ReportInventoryRequest {
            inventory: Some(self.facts.inventory.clone()),
        };
        match line.client.report_inventory(request).await {
            Ok(_) => tracing::info!("the controller has the inventory"),
            Err(status) => {
                tracing::warn!(reason = told(&status), "the inventory cannot be sent");
            }
        }
    }
}

/// Until the controller tells at once that this node is to be something else than what it knows of. Controllers and ways that do
/// not carry that are asked again after the next heartbeat, and no sooner.
async fn something_new(open: Option<&mut Open>, generation: u64) {
    let Some(Open { line, news }) = open else {
        return std::future::pending().await;
    };
    if news.is_none() {
        let asked = line.client.watch(v1::WatchRequest { generation }).await;
        *news = asked.ok().map(tonic::Response::into_inner);
    }
    while let Some(stream) = news {
        match stream.message().await {
            Ok(Some(told)) => {
                let is_known = |desired: v1::DesiredState| desired.generation == generation;
                if !told.desired.is_none_or(is_known) {
                    return;
                }
            }
            Ok(None) | Err(_) => *news = None,
        }
    }
    std::future::pending::<()>().await;
}
