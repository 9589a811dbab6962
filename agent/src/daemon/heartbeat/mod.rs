//! The task that keeps the node's lease: a heartbeat an interval, to one controller after the other until one answers.
//!
//! Beside the heartbeats the controller may tell at once that there is something new. That is only a reason to send the next
//! heartbeat now: its answer alone counts.
//!
//! Map: `connection` is on what they go, `report` what they tell, `heed` what an answer means.

mod connection;
mod heed;
mod report;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::connection::{Connection, Lost, news};
use crate::daemon::clock::Clock;
use crate::daemon::connect::{Dial, chain, is_ended, told};
use crate::daemon::core::backoff::{Backoff, spread};
use crate::daemon::core::fencing::{Permit, Running};
use crate::daemon::core::report::Local;
use crate::daemon::endpoints::Endpoints;
use crate::daemon::events::{Events, Happened};
use crate::daemon::facts::Known;
use crate::daemon::gauges::Meter;
use crate::daemon::line::Line;
use crate::daemon::occupancy::Occupancy;
use crate::daemon::ports::{Desired, Workloads};
use crate::daemon::random;
use crate::daemon::reporter::Reporter;
use crate::daemon::state::{Link, State, StateError, Told};

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

/// Why the heartbeats ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Cancelled,
    /// The node's certificate has ended, by its own clock or by a controller's.
    Certificate,
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
            occupancy.look().await;
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
        if answer.send_workloads {
            self.send_workloads(line).await;
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
}
