//! What can be seen of the agent from its state, while it runs or not.

use std::path::Path;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use serde::Serialize;

use super::credentials::validity_of;
pub(crate) use super::state::Link;
use super::state::{AgentStatus, Enrolment, State, StateError};

/// The agent of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Seen {
    /// None before the agent's first start.
    pub(crate) node_id: Option<String>,
    /// None before the machine is enrolled.
    pub(crate) certificate: Option<Certificate>,
    /// The controllers that are known here, `host:port`.
    pub(crate) controllers: Vec<String>,
    /// None before the agent's first start.
    pub(crate) agent: Option<Agent>,
}

/// The node's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Certificate {
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) expired: bool,
}

/// The agent's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// Looks at the state in `folder`.
pub(crate) fn look(folder: &Path) -> Result<Seen, StateError> {
    let state = State::look(folder);
    let enrolment = state.enrolment()?;
    let mut controllers = state.told()?.endpoints;
    let issuer = enrolment.as_ref().map(|enrolment| &enrolment.controller);
    if let Some(issuer) = issuer.filter(|issuer| !controllers.contains(issuer)) {
        controllers.push(issuer.clone());
    }
    Ok(Seen {
        node_id: state.node_id()?,
        certificate: match enrolment {
            Some(enrolment) => Some(certificate(&state, &enrolment)?),
            None => None,
        },
        controllers,
        agent: state.status()?.map(agent),
    })
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
        running: status.link != Link::Stopped && process.exists(),
        since: Timestamp::from_millisecond(status.since_unix_ms).ok(),
        summary: status.link.to_string(),
        link: status.link,
        status: status.status,
        role: status.role,
        run_workloads: status.run_workloads,
    }
}
