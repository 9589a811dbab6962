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

use super::clock::Clock;
use super::connect::{Dial, chain, is_ended, told};
use super::core::backoff::{Backoff, spread};
use super::core::fencing::{Allowed, Permit, Running, SinceBoot};
use super::core::report::{self, Local};
use super::core::standing::Stale;
use super::endpoints::Endpoints;
use super::enroll::NO_CONTROLLER;
use super::events::{Events, Happened};
use super::facts::Known;
use super::gauges::Meter;
use super::line::Line;
use super::news::News;
use super::occupancy::Occupancy;
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
    pub(crate) facts: Known,
    pub(crate) state: Arc<State>,
    pub(crate) reporter: Reporter,
    /// None sends no gauges.
    pub(crate) meter: Option<Meter>,
    /// None takes the word of the port for what runs.
    pub(crate) occupancy: Option<Occupancy>,
    /// A controller says that the certificate should be renewed.
    pub(crate) hints: watch::Sender<bool>,
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
    #[error("{NO_CONTROLLER}")]
    NoController,
    #[error(transparent)]
    Connect(#[from] super::connect::ConnectError),
    #[error("{controller} does not take the heartbeat: {reason}")]
    Refused {
        controller: String,
        reason: String,
        is_ended: bool,
    },
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Lost {
    /// The certificate has ended: asking on and on is no use.
    fn is_ended(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_ended,
            Self::Refused { is_ended, .. } => *is_ended,
            Self::NoController | Self::Stale(_) | Self::State(_) => false,
        }
    }
}

/// Why the heartbeats ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Cancelled,
    /// The node's certificate has ended, by its own clock or by a controller's.
    Certificate,
}

/// A connection on which heartbeats go.
struct Connection {
    line: Line,
    /// The other tasks have it.
    is_shared: bool,
    /// Of who dialled.
    generation: u64,
    news: News,
}

/// What is counted from one heartbeat to the next.
struct Count {
    sequence: u64,
    told: Told,
    backoff: Backoff,
    talk: Talk,
}

impl<C: Clock> Heartbeats<C> {
    /// Runs until `cancel`, or until the certificate has ended.
    pub(crate) async fn run(&mut self, cancel: &CancellationToken) -> Result<Ended, StateError> {
        let mut count = Count {
            sequence: 0,
            told: self.state.told()?,
            backoff: Backoff::default(),
            talk: Talk::Nothing,
        };
        let ended = self.beat_on(&mut count, cancel).await;
        self.ports.lines.send_replace(None);
        if ended == Ended::Cancelled {
            self.reporter
                .tell(Link::Stopped, *self.ports.desired.borrow());
        }
        Ok(ended)
    }

    async fn beat_on(&mut self, count: &mut Count, cancel: &CancellationToken) -> Ended {
        let mut connection = None;
        loop {
            // Dropping a heartbeat half-way loses at most an answer, and with it a lease that nobody relies on.
            let beat = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ended::Cancelled,
                beat = self.beat(&mut connection, count) => beat,
            };
            let wait = match beat {
                Ok(wait) => wait,
                Err(ended) => return ended,
            };
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ended::Cancelled,
                () = self.pause(wait, &mut connection, count.told.standing.generation) => {}
            }
        }
    }

    /// Sends one heartbeat and heeds the answer; how long to wait until the next.
    async fn beat(
        &mut self,
        connection: &mut Option<Connection>,
        count: &mut Count,
    ) -> Result<Duration, Ended> {
        let is_old = |made: &Connection| made.generation != self.dial.generation();
        if connection.as_ref().is_some_and(is_old) {
            *connection = None;
        }
        match self.try_to_beat(connection, count).await {
            Ok(wait) => {
                count.backoff.answered(self.clock.now());
                Ok(wait)
            }
            Err(lost) => {
                *connection = None;
                self.reporter.board().lost();
                self.ports.lines.send_replace(None);
                let reason = chain(&lost);
                self.talks(count, Talk::Lost, &reason);
                let wait = count.backoff.lost(random::share());
                tracing::warn!(reason, retry_ms = wait.as_millis(), "no answer");
                self.reporter
                    .tell(Link::Lost { reason }, *self.ports.desired.borrow());
                match lost.is_ended() {
                    true => Err(Ended::Certificate),
                    false => Ok(wait),
                }
            }
        }
    }

    async fn try_to_beat(
        &mut self,
        connection: &mut Option<Connection>,
        count: &mut Count,
    ) -> Result<Duration, Lost> {
        let Connection {
            line, is_shared, ..
        } = match connection {
            Some(connection) if self.endpoints.has(&connection.line.target) => connection,
            // None, or one that the operator wants forgotten.
            _ => connection.insert(self.connect().await?),
        };
        let before = count.told.standing;
        if let Some(occupancy) = &mut self.occupancy {
            occupancy.look();
        }
        let report = self.report(before.epoch).await;
        count.sequence += 1;
        // The lease counts from here, before anything is sent.
        let sent = self.clock.now();
        let request = self.request(count, report.clone(), sent);
        let answered = line.client.heartbeat(request).await;
        let answer = answered.map_err(|status| Lost::Refused {
            controller: line.target.to_string(),
            reason: told(&status),
            is_ended: is_ended(&status),
        })?;
        let took = self.clock.now().saturating_sub(sent);
        let answer = answer.into_inner();
        self.hints.send_if_modified(|before| {
            std::mem::replace(before, answer.renew_certificate) != answer.renew_certificate
        });
        self.heed(&answer, sent, count)?;
        // Not before: what a stale controller is told, the living one never hears.
        if !std::mem::replace(is_shared, true) {
            self.ports.lines.send_replace(Some(line.clone()));
        }
        let controller = line.target.to_string();
        let lease = self.ports.permit.borrow().map(|permit| permit.until);
        self.reporter.board().answered(&controller, took, lease);
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

    async fn connect(&mut self) -> Result<Connection, Lost> {
        let target = self.endpoints.next().ok_or(Lost::NoController)?;
        let generation = self.dial.generation();
        let dialled = self.dial.dial(&target).await;
        self.endpoints.tried(&target, &dialled);
        let wire = dialled?;
        tracing::info!(controller = %target, "connected");
        let client = NodeClient::new(wire);
        let line = Line { target, client };
        let news = News::default();
        Ok(Connection {
            line,
            is_shared: false,
            generation,
            news,
        })
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
    async fn pause(
        &mut self,
        wait: Duration,
        connection: &mut Option<Connection>,
        generation: u64,
    ) {
        tokio::time::sleep(wait.min(SHORTEST_INTERVAL)).await;
        let changed = async {
            // All can be dropped at any time.
            tokio::select! {
                biased;
                Ok(()) = self.ports.running.changed() => {}
                Ok(()) = self.ports.local.changed() => {}
                Ok(()) = self.facts.changed() => {}
                () = self.endpoints.changed() => {}
                () = news(connection.as_mut(), generation) => {}
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
        let seen = self.occupancy.as_ref().and_then(Occupancy::last);
        v1::NodeReport {
            progress: report::progress(status, &local).into(),
            reason: match local {
                Local::Failed(reason) => reason,
                _ => String::new(),
            },
            workloads: match seen {
                Some(seen) => Some(seen.count),
                None => self.ports.workloads.count().await,
            },
            nothing_of_old_epoch_runs: running.is_clean(epoch),
            workload_summary: seen.map(|seen| seen.summary),
        }
    }

    fn request(
        &mut self,
        count: &Count,
        report: v1::NodeReport,
        now: SinceBoot,
    ) -> v1::HeartbeatRequest {
        let facts = Arc::clone(&self.facts.borrow_and_update());
        v1::HeartbeatRequest {
            boot_id: facts.boot_id.clone(),
            sequence: count.sequence,
            epoch: count.told.standing.epoch,
            generation: count.told.standing.generation,
            inventory_digest: facts.digest(),
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
        count.backoff.keep(lease);
        let desired = *self.ports.desired.borrow();
        let allowed = desired.map_or(Allowed::None, Desired::allowed);
        let permit = Permit::granted(sent, lease, answer.epoch, allowed);
        self.ports.permit.send_replace(Some(permit));
        Ok(())
    }

    fn want(&self, desired: &v1::DesiredState) {
        let wanted = Desired {
            generation: desired.generation,
            status: desired.status().known(),
            role: desired.role().known(),
            run_workloads: desired.run_workloads,
            drain: desired.drain,
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
        let facts = Arc::clone(&self.facts.borrow());
        let request = v1::ReportInventoryRequest {
            inventory: Some(facts.inventory.clone()),
        };
        match line.client.report_inventory(request).await {
            Ok(_) => tracing::info!("the controller has the inventory"),
            Err(status) => {
                tracing::warn!(reason = told(&status), "the inventory cannot be sent");
            }
        }
    }
}

async fn news(connection: Option<&mut Connection>, generation: u64) {
    match connection {
        Some(Connection { line, news, .. }) => news.of_other(generation, &mut line.client).await,
        None => std::future::pending().await,
    }
}
