//! The task that makes this machine a node and keeps it one: certificate first, then heartbeats.

use std::sync::Arc;

use rustls::pki_types::UnixTime;
use tokio_util::sync::CancellationToken;

use super::clock::{BootClock, Clock as _};
use super::connect::Network;
use super::credentials::Credentials;
use super::endpoints::Endpoints;
use super::enroll::{EnrollError, Enroller};
use super::events::{Events, Happened};
use super::facts::Facts;
use super::gauges::Meter;
use super::heartbeat::{Heartbeats, Ports};
use super::identity::Identity;
use super::reporter::Reporter;
use super::settings::Settings;
use super::state::{State, StateError};
use super::tls;

/// What the task needs.
pub(crate) struct Membership {
    pub(crate) settings: Settings,
    pub(crate) state: Arc<State>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) facts: Facts,
    pub(crate) endpoints: Endpoints,
    pub(crate) reporter: Reporter,
}

/// Why this machine is no node.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MembershipError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    #[error("{why}, and there is no join token; give one with --token-file FILE")]
    NoToken { why: &'static str },
    #[error("TLS cannot be set up")]
    Tls {
        #[from]
        source: rustls::Error,
    },
}

impl Membership {
    /// Runs until `cancel`.
    pub(crate) async fn run<E>(mut self, ports: Ports, cancel: CancellationToken) -> Result<(), E>
    where
        E: From<MembershipError>,
    {
        // Asking for a certificate can be dropped at any time.
        let credentials = tokio::select! {
            () = cancel.cancelled() => return Ok(()),
            credentials = self.credentials(&ports.events) => credentials?,
        };
        self.keep(&credentials, ports, cancel).await?;
        Ok(())
    }

    async fn keep(
        self,
        credentials: &Credentials,
        ports: Ports,
        cancel: CancellationToken,
    ) -> Result<(), MembershipError> {
        let tls = tls::enrolled(&self.identity, credentials)?;
        let heartbeats = Heartbeats {
            clock: BootClock,
            dial: Arc::new(Network { tls }),
            endpoints: self.endpoints,
            facts: self.facts,
            state: self.state,
            reporter: self.reporter,
            meter: Some(Meter::new(BootClock.now())),
            ports,
        };
        Ok(heartbeats.run(cancel).await?)
    }

    /// Those that are kept, unless they have ended; else those that enrolment gives.
    async fn credentials(&mut self, events: &Events) -> Result<Credentials, MembershipError> {
        let kept = match self.state.enrolment()? {
            Some(enrolment) => Credentials::kept(&enrolment, &self.identity.public_key())
                .map(Some)
                .map_err(|error| self.state.damaged_enrolment(&error.to_string()))?,
            None => None,
        };
        let why = match kept {
            None => "this machine is not enrolled",
            Some(kept) if kept.validity().has_ended(UnixTime::now()) => {
                "this node's certificate has ended"
            }
            Some(kept) => return Ok(kept),
        };
        tracing::info!(reason = why, "asking to be enrolled");
        // Taken out, so that it is wiped once it was used.
        let token = self.settings.token.take();
        let enroller = Enroller {
            state: Arc::clone(&self.state),
            identity: Arc::clone(&self.identity),
            token: token.ok_or(MembershipError::NoToken { why })?,
            facts: self.facts.clone(),
            asked: self.settings.asked.clone(),
            endpoints: self.endpoints.clone(),
        };
        let credentials = enroller.run(&mut self.reporter).await?;
        events.tell(Happened::Enrolled, why);
        Ok(credentials)
    }
}
