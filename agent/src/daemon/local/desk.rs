//! What the running agent answers.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use muster_model::Role;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::metrics::{self, Measured};
use super::protocol::{Answer, Call, Connected, Forgetting, Outcome};
use crate::daemon::board::{Board, Sight};
use crate::daemon::clock::{BootClock, Clock as _};
use crate::daemon::connect::chain;
use crate::daemon::endpoints::{Endpoints, Origin};
use crate::daemon::look::{ConnectionSeen, Seen, Source, TargetSeen, look};
use crate::daemon::outward::Outward;
use crate::daemon::page::{Codes, Opening};
use crate::daemon::reset::{Reset, ResetError};
use crate::daemon::settings::Settings;
use crate::daemon::state::{State, StateError, Targets};
use crate::value::Target;

/// How long `muster connect` waits to hear how it went.
const TRIAL: Duration = Duration::from_secs(8);
/// So often it looks.
const LOOK: Duration = Duration::from_millis(50);

/// Somebody wants the node reset.
pub(crate) struct ResetAsked {
    reset: Reset,
    /// Whether it went well, and if not why.
    done: oneshot::Sender<Result<(), String>>,
}

impl ResetAsked {
    /// Resets the node and says what came of it. The agent's other tasks ended so: where that went wrong nothing is done.
    pub(crate) async fn run<E>(self, ended: Result<(), E>) -> Result<(), E>
    where
        E: std::error::Error + From<ResetError> + 'static,
    {
        let done = match ended {
            Ok(()) => self.reset.run().await.map_err(E::from),
            Err(error) => Err(error),
        };
        let told = done.as_ref().map_err(|error| chain(error)).copied();
        // Who asked may have gone.
        let _ = self.done.send(told);
        done
    }
}

/// Answers calls.
pub(crate) struct Desk {
    pub(crate) state: Arc<State>,
    pub(crate) endpoints: Endpoints,
    pub(crate) board: Arc<Board>,
    /// For `muster inspect`.
    pub(crate) settings: serde_json::Value,
    pub(crate) outward: Outward,
    pub(crate) reset: Reset,
    pub(crate) resets: mpsc::Sender<ResetAsked>,
    pub(crate) codes: Codes,
}

impl Desk {
    /// Does what is asked for, and says what came of it.
    pub(super) async fn answer(&self, call: Call) -> Answer {
        let answered = match call {
            Call::Status => self.seen().map(|seen| Answer::Status(Box::new(seen))),
            Call::Inspect => self.inspect().map(Answer::Inspect),
            Call::Metrics => self.metrics().map(Answer::Metrics),
            Call::Connect { target } => self.connect(&target).await.map(Answer::Connect),
            Call::Forget { target } => self.forget(&target).map(Answer::Forget),
            Call::PageCode => self.page_code().await.map(Answer::PageCode),
            Call::Reset => self.reset().await.map(|()| Answer::Reset),
        };
        answered.unwrap_or_else(|reason| Answer::Refused { reason })
    }

    /// How the agent is doing: its state on disk, and beyond it what only the running agent knows.
    pub(in crate::daemon) fn seen(&self) -> Result<Seen, String> {
        let sight = self.board.sight();
        let mut seen = look(self.state.folder(), &[]).map_err(|error| chain(&error))?;
        let connected = sight.connection.as_ref();
        let is_connected = |controller: &str| {
            connected.is_some_and(|connection| connection.controller == controller)
        };
        seen.source = Source::Agent;
        seen.targets = self.targets(is_connected);
        for peer in &mut seen.peers {
            peer.connected = Some(is_connected(&peer.controller));
        }
        seen.connections = Some(self.connections(&sight));
        if let Some(agent) = &mut seen.agent {
            agent.running = true;
        }
        Ok(seen)
    }

    fn targets(&self, is_connected: impl Fn(&str) -> bool) -> Vec<TargetSeen> {
        let known = self.endpoints.known().into_iter();
        let targets = known.map(|known| {
            let controller = known.target.to_string();
            TargetSeen {
                connected: Some(is_connected(&controller)),
                controller,
                origin: known.origin,
                attempts: Some(known.tries.attempts),
                failures: Some(known.tries.failures),
                last_attempt: known.tries.last_unix_ms.and_then(moment),
                error: known.tries.error,
            }
        });
        targets.collect()
    }

    fn connections(&self, sight: &Sight) -> Vec<ConnectionSeen> {
        let connection = sight.connection.iter();
        let seen = connection.map(|connection| ConnectionSeen {
            controller: connection.controller.clone(),
            proxy: self.proxy_for(&connection.controller),
            since: moment(connection.since_unix_ms),
            last_answer: sight.answered_unix_ms.and_then(moment),
            round_trip_us: u64::try_from(connection.round_trip.as_micros()).unwrap_or(u64::MAX),
            heartbeats: connection.heartbeats,
            lease_left_ms: lease_left_ms(sight),
        });
        seen.collect()
    }

    fn proxy_for(&self, controller: &str) -> Option<String> {
        let proxy = self.outward.proxy_for(&controller.parse().ok()?)?;
        Some(proxy.to_string())
    }

    fn inspect(&self) -> Result<serde_json::Value, String> {
        let sight = self.board.sight();
        let told = self.state.told().map_err(|error| chain(&error))?;
        Ok(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "process": std::process::id(),
            "started": moment(self.board.started_unix_ms()),
            "status": self.seen()?,
            "settings": self.settings,
            "told": told,
            "kept_targets": self.endpoints.kept(),
            "heartbeats": {
                "answered": sight.heartbeats_answered,
                "lost": sight.heartbeats_lost,
                "last_answer": sight.answered_unix_ms.and_then(moment),
                "lease_left_ms": lease_left_ms(&sight),
            },
        }))
    }

    /// What the agent measures of itself, as Prometheus reads it.
    pub(super) fn metrics(&self) -> Result<String, String> {
        let seen = self.seen()?;
        let sight = self.board.sight();
        let known = self.endpoints.known();
        Ok(metrics::text(&Measured {
            told: self.state.told().map_err(|error| chain(&error))?,
            node_id: seen.node_id,
            started_unix_ms: self.board.started_unix_ms(),
            certificate_ends_unix_s: seen.certificate.map(|it| it.not_after.as_second()),
            targets: known.len(),
            connection_attempts: known.iter().map(|known| known.tries.attempts).sum(),
            connection_failures: known.iter().map(|known| known.tries.failures).sum(),
            lease_left: lease_left_ms(&sight).map(Duration::from_millis),
            sight,
        }))
    }

    async fn connect(&self, text: &str) -> Result<Connected, String> {
        let target = target(text)?;
        let mut kept = self.endpoints.kept();
        let is_known = self.endpoints.has(&target);
        let before = self.attempts(&target);
        // One that is asked already is not kept twice, but for one that a controller may take back.
        if !self.is_configured(&target) && kept.add(&target) {
            self.keep(kept, Some(&target))?;
        }
        let outcome = match self.board.sight().connection {
            Some(now) if now.controller == target.to_string() => Outcome::Reached,
            Some(now) => Outcome::InReserve {
                behind: now.controller,
            },
            None => self.trial(&target, before).await,
        };
        Ok(Connected {
            is_new: !is_known,
            outcome,
        })
    }

    /// Waits until it was tried more often than `before`.
    async fn trial(&self, target: &Target, before: u64) -> Outcome {
        let tried = async {
            while self.attempts(target) <= before {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(TRIAL, tried).await.is_err() {
            return Outcome::Later;
        }
        let known = self.endpoints.known();
        let known = known.into_iter().find(|known| known.target == *target);
        match known.and_then(|known| known.tries.error) {
            Some(reason) => Outcome::Failed { reason },
            None => Outcome::Reached,
        }
    }

    fn attempts(&self, target: &Target) -> u64 {
        let known = self.endpoints.known();
        let known = known.iter().find(|known| known.target == *target);
        known.map_or(0, |known| known.tries.attempts)
    }

    fn is_configured(&self, target: &Target) -> bool {
        let known = self.endpoints.known();
        let mut configured = known
            .iter()
            .filter(|known| known.origin == Origin::Configuration);
        configured.any(|known| known.target == *target)
    }

    fn forget(&self, text: &str) -> Result<Forgetting, String> {
        let target = target(text)?;
        if self.is_configured(&target) {
            return Ok(Forgetting::Configured);
        }
        let is_known = self.endpoints.has(&target);
        let mut kept = self.endpoints.kept();
        if is_known && kept.forget(&target) {
            self.keep(kept, None)?;
        }
        Ok(match is_known {
            true => Forgetting::Done,
            false => Forgetting::Unknown,
        })
    }

    /// On disk first: what was answered is so after a crash, too.
    fn keep(&self, kept: Targets, first: Option<&Target>) -> Result<(), String> {
        let written = self.state.keep_targets(&kept);
        written.map_err(|error: StateError| chain(&error))?;
        self.endpoints.keep(kept, first);
        Ok(())
    }

    async fn page_code(&self) -> Result<Opening, String> {
        let off = "this machine has no page: say with listen in [page] of the configuration where it is to be served, and start the agent anew; when it does so already, the agent's log says why not";
        self.codes.make().await.ok_or_else(|| off.to_owned())
    }

    async fn reset(&self) -> Result<(), String> {
        let (done, ended) = oneshot::channel();
        let ending = || "the agent is ending already".to_owned();
        let asked = ResetAsked {
            reset: self.reset.clone(),
            done,
        };
        self.resets.try_send(asked).map_err(|_| ending())?;
        ended.await.map_err(|_| ending())?
    }
}

/// What `muster inspect` shows of the settings. There is no secret among them: the token is left out.
pub(crate) fn shown(settings: &Settings) -> serde_json::Value {
    let controllers = settings.controllers.iter().map(ToString::to_string);
    json!({
        "controllers": controllers.collect::<Vec<_>>(),
        "state": settings.state,
        "socket": settings.local.socket,
        "local_read": settings.local.local_read == super::LocalRead::Allowed,
        "metrics": settings.local.metrics,
        "proxy": settings.outward.proxy().map(ToString::to_string),
        "name": settings.asked.name,
        "role": settings.asked.role.map(Role::key),
        "labels": settings.asked.labels,
        "has_token": settings.token.is_some(),
    })
}

fn lease_left_ms(sight: &Sight) -> Option<u64> {
    let left = sight.lease_until?.saturating_sub(BootClock.now());
    u64::try_from(left.as_millis()).ok()
}

fn moment(unix_ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(unix_ms).ok()
}

fn target(text: &str) -> Result<Target, String> {
    text.parse::<Target>().map_err(|error| error.to_string())
}
