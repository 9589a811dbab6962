//! The task that makes this machine a node: it asks with the join token until a certificate comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use muster_model::Role;
use muster_proto::v1::enroll_response::Outcome;
use muster_proto::v1::enrollment_client::EnrollmentClient;
use muster_proto::{JoinToken, v1};
use rustls::ClientConfig;
use rustls::pki_types::UnixTime;
use tonic::Code;

use super::connect::{chain, connect, told};
use super::core::backoff::Backoff;
use super::credentials::Credentials;
use super::endpoints::Endpoints;
use super::facts::Known;
use super::identity::{Identity, IdentityError};
use super::outward::Outward;
use super::random;
use super::reporter::Reporter;
use super::state::{Link, State, StateError};
use crate::render::screen;
use crate::value::Target;

/// However far off a controller puts it, a machine asks again once an hour.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// For people who have to say one.
pub(crate) const NO_CONTROLLER: &str =
    "no controller is known; give one with `muster connect HOST:PORT`";

/// What the operator asked for on this machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) name: Option<String>,
    pub(crate) role: Option<Role>,
    pub(crate) labels: HashMap<String, String>,
    pub(crate) taints: Vec<v1::Taint>,
}

/// What the task needs.
pub(crate) struct Enroller {
    pub(crate) state: Arc<State>,
    pub(crate) identity: Arc<Identity>,
    /// None where the node comes back whose certificate has ended: it proves its key, and the controller's side decides.
    pub(crate) token: Option<JoinToken>,
    /// Whom to trust.
    pub(crate) tls: Arc<ClientConfig>,
    /// Asking is over when these have not ended after all: the clock was set.
    pub(crate) until: Option<Credentials>,
    pub(crate) facts: Known,
    pub(crate) asked: Asked,
    pub(crate) endpoints: Endpoints,
    pub(crate) outward: Outward,
}

/// Why this machine will not be enrolled however long it asks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnrollError {
    #[error(
        "{controller} refuses to enrol this machine: {reason}; check the join token, or have another one made"
    )]
    Refused { controller: String, reason: String },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    State(#[from] StateError),
}

/// What came of asking once.
enum Tried {
    Issued(Credentials),
    Pending(v1::Pending),
    Refused(String),
    Lost(String),
}

impl Enroller {
    /// Asks until a certificate is on disk. Can be dropped at any time: asking again changes nothing.
    pub(crate) async fn run(mut self, reporter: &mut Reporter) -> Result<Credentials, EnrollError> {
        let mut backoff = Backoff::default();
        let mut pending = String::new();
        reporter.tell(Link::Enrolling, None);
        loop {
            match self.until.take() {
                Some(kept) if !kept.validity().has_ended(UnixTime::now()) => return Ok(kept),
                ended => self.until = ended,
            }
            let target = self.target(reporter).await;
            let controller = target.to_string();
            let wait = match self.ask(&target, Arc::clone(&self.tls)).await? {
                Tried::Issued(credentials) => return self.keep(credentials, controller),
                Tried::Refused(reason) => {
                    let link = Link::Refused {
                        controller: controller.clone(),
                        reason: reason.clone(),
                    };
                    reporter.tell(link, None);
                    return Err(EnrollError::Refused { controller, reason });
                }
                Tried::Pending(answer) => {
                    if pending != answer.reason {
                        tracing::info!(controller, reason = answer.reason, "not admitted yet");
                        pending.clone_from(&answer.reason);
                    }
                    let reason = screen(&answer.reason).into_owned();
                    reporter.tell(Link::Pending { controller, reason }, None);
                    backoff = Backoff::default();
                    patience(answer.retry_after_s, random::share())
                }
                Tried::Lost(reason) => {
                    tracing::warn!(controller, reason, "cannot ask to be enrolled");
                    pending.clear();
                    reporter.tell(Link::Lost { reason }, None);
                    backoff.lost(random::share())
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.endpoints.changed() => {}
            }
        }
    }

    /// Whom to ask; where none is known, once the operator says one.
    async fn target(&self, reporter: &mut Reporter) -> Target {
        loop {
            if let Some(target) = self.endpoints.next() {
                return target;
            }
            let reason = NO_CONTROLLER.to_owned();
            tracing::warn!(reason, "cannot ask to be enrolled");
            reporter.tell(Link::Lost { reason }, None);
            self.endpoints.changed().await;
        }
    }

    fn keep(
        &self,
        credentials: Credentials,
        controller: String,
    ) -> Result<Credentials, EnrollError> {
        tracing::info!(
            controller,
            node_id = self.identity.id(),
            "this machine is enrolled"
        );
        self.state
            .keep_enrolment(&credentials.to_enrolment(controller))?;
        Ok(credentials)
    }

    async fn ask(&self, target: &Target, tls: Arc<ClientConfig>) -> Result<Tried, EnrollError> {
        let request = self.request()?;
        let connected = connect(target, tls, &self.outward).await;
        self.endpoints.tried(target, &connected);
        let channel = match connected {
            Ok(channel) => channel,
            Err(error) => return Ok(Tried::Lost(chain(&error))),
        };
        let answered = EnrollmentClient::new(channel).enroll(request).await;
        Ok(match answered {
            Ok(response) => self.heed(response.into_inner()),
            Err(status) if is_final(status.code()) => Tried::Refused(told(&status)),
            Err(status) => Tried::Lost(told(&status)),
        })
    }

    fn heed(&self, response: v1::EnrollResponse) -> Tried {
        match response.outcome {
            Some(Outcome::Issued(issued)) => {
                let public_key = self.identity.public_key();
                match Credentials::issued(&issued, &public_key, UnixTime::now()) {
                    Ok(credentials) => Tried::Issued(credentials),
                    Err(error) => {
                        Tried::Lost(format!("what it issued is wrong: {}", chain(&error)))
                    }
                }
            }
            Some(Outcome::Pending(pending)) => Tried::Pending(pending),
            None => Tried::Lost("it answers what this agent does not know".to_owned()),
        }
    }

    fn request(&self) -> Result<v1::EnrollRequest, IdentityError> {
        let facts = Arc::clone(&self.facts.borrow());
        Ok(v1::EnrollRequest {
            token: match &self.token {
                Some(token) => token.reveal().to_string(),
                None => String::new(),
            },
            certificate_request: self.identity.certificate_request()?,
            node_id: self.identity.id().to_owned(),
            hardware_fingerprint: facts.fingerprint.clone(),
            inventory: Some(facts.inventory.clone()),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            role: self
                .asked
                .role
                .map_or(v1::Role::Unspecified, Into::into)
                .into(),
            name: self.asked.name.clone().unwrap_or_default(),
            address: String::new(),
            labels: self.asked.labels.clone(),
            taints: self.asked.taints.clone(),
        })
    }
}

/// Whether asking again would be answered the same.
fn is_final(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Unimplemented
            | Code::Unauthenticated
    )
}

/// Not before the controller said, and up to a tenth later.
fn patience(retry_after_s: u32, share: f64) -> Duration {
    let asked_for = Duration::from_secs(u64::from(retry_after_s.max(1))).min(LONGEST_WAIT);
    asked_for.mul_f64(1.0 + 0.1 * share.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_asks_again_no_sooner_than_told() {
        assert_eq!(patience(30, 0.0), Duration::from_secs(30));
        assert_eq!(patience(30, 1.0), Duration::from_secs(33));
        assert_eq!(patience(0, 0.0), Duration::from_secs(1));
        assert_eq!(patience(u32::MAX, 0.0), LONGEST_WAIT);
    }
}
