//! What can be seen of the agent from its state, while it runs or not.

use std::path::Path;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use serde::{Deserialize, Serialize};

use super::credentials::validity_of;
use super::endpoints::Endpoints;
pub(crate) use super::endpoints::Origin;
pub(crate) use super::state::Link;
use super::state::{AgentStatus, Enrolment, State, StateError, Told};
use crate::value::Target;

/// The agent of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Who says all this.
    pub(crate) source: Source,
    /// None before the agent's first start.
    pub(crate) node_id: Option<String>,
    /// None before the machine is enrolled.
    pub(crate) certificate: Option<Certificate>,
    /// None before the agent's first start.
    pub(crate) agent: Option<Agent>,
    /// The controllers that the agent asks, or will.
    pub(crate) targets: Vec<TargetSeen>,
    /// Those that answer. None when nobody could be asked.
    pub(crate) connections: Option<Vec<ConnectionSeen>>,
    /// The controllers that are known to be of the cluster.
    pub(crate) peers: Vec<Peer>,
}

/// Who says what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// The running agent.
    Agent,
    /// The files that it left.
    State,
}

/// The node's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) expired: bool,
}

/// The agent's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub(crate) running: bool,
    /// Since when the rest is so.
    pub(crate) since: Option<Timestamp>,
    /// Its link to the controllers, for people.
    pub(crate) summary: String,
    #[serde(flatten)]
    pub(crate) link: Link,
    /// What the controller says the node is; none before it said so.
    pub(crate) status: Option<String>,
    /// What the node is for, likewise.
    pub(crate) role: Option<String>,
    /// Whether workloads may run here, likewise.
    pub(crate) run_workloads: Option<bool>,
}

/// A controller that is asked. What only the running agent knows is none without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TargetSeen {
    /// `host:port`.
    pub(crate) controller: String,
    pub(crate) origin: Origin,
    pub(crate) connected: Option<bool>,
    /// Since the agent started.
    pub(crate) attempts: Option<u64>,
    /// How many of those failed.
    pub(crate) failures: Option<u64>,
    pub(crate) last_attempt: Option<Timestamp>,
    /// Why the last attempt failed; none when it did not.
    pub(crate) error: Option<String>,
}

/// A connection on which heartbeats are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConnectionSeen {
    /// `host:port`.
    pub(crate) controller: String,
    /// The proxy through which it goes; none where it goes directly.
    #[serde(default)]
    pub(crate) proxy: Option<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) last_answer: Option<Timestamp>,
    /// How long the last answer took.
    pub(crate) round_trip_us: u64,
    /// Answered on it.
    pub(crate) heartbeats: u64,
    /// How long workloads may run without another answer.
    pub(crate) lease_left_ms: Option<u64>,
}

/// A controller of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Peer {
    /// `host:port`.
    pub(crate) controller: String,
    /// Whether the agent is connected to it; none when the agent could not be asked.
    pub(crate) connected: Option<bool>,
    /// Whether it issued this node's certificate.
    pub(crate) issued_certificate: bool,
}

/// Looks at the state in `folder`; the configuration gives those controllers.
pub(crate) fn look(folder: &Path, given: &[Target]) -> Result<Seen, StateError> {
    let state = State::look(folder);
    let enrolment = state.enrolment()?;
    let told = state.told()?;
    let endpoints = Endpoints::new(given.to_vec(), &state.controllers()?).with(state.targets()?);
    Ok(Seen {
        source: Source::State,
        node_id: state.node_id()?,
        peers: peers(&told, enrolment.as_ref()),
        certificate: match enrolment {
            Some(enrolment) => Some(certificate(&state, &enrolment)?),
            None => None,
        },
        agent: state.status()?.map(agent),
        targets: targets(&endpoints),
        connections: None,
    })
}

fn targets(endpoints: &Endpoints) -> Vec<TargetSeen> {
    let known = endpoints.known().into_iter();
    let targets = known.map(|known| TargetSeen {
        controller: known.target.to_string(),
        origin: known.origin,
        connected: None,
        attempts: None,
        failures: None,
        last_attempt: None,
        error: None,
    });
    targets.collect()
}

fn peers(told: &Told, enrolment: Option<&Enrolment>) -> Vec<Peer> {
    let issuer = enrolment.map(|enrolment| &enrolment.controller);
    let told = told.endpoints.iter();
    let others = issuer.filter(|issuer| !told.clone().any(|told| told == *issuer));
    let all = told.chain(others);
    let peers = all.map(|controller| Peer {
        controller: controller.clone(),
        connected: None,
        issued_certificate: issuer == Some(controller),
    });
    peers.collect()
}

fn certificate(state: &State, enrolment: &Enrolment) -> Result<Certificate, StateError> {
    let damaged = |why: &str| state.damaged_enrolment(why);
    let validity = validity_of(enrolment).map_err(|error| damaged(&error.to_string()))?;
    let at = |seconds| Timestamp::from_second(seconds).map_err(|_| damaged("damaged"));
    Ok(Certificate {
        not_before: at(validity.not_before_unix_s)?,
        not_after: at(validity.not_after_unix_s)?,
        expired: validity.has_ended(UnixTime::now()),
    })
}

fn agent(status: AgentStatus) -> Agent {
    let process = Path::new("/proc").join(status.process.to_string());
    Agent {
        running: !matches!(status.link, Link::Stopped | Link::Refused { .. }) && process.exists(),
        since: Timestamp::from_millisecond(status.since_unix_ms).ok(),
        summary: status.link.to_string(),
        link: status.link,
        status: status.status,
        role: status.role,
        run_workloads: status.run_workloads,
    }
}
