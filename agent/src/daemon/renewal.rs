//! The task that replaces the node's certificate in time, together with its key.
//!
//! The new key is on disk before it is asked for, and the certificate decides which of two keys counts: so that a crash at any instant leaves a
//! pair that fits. The controller takes the old certificate until it has seen the new one.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use muster_proto::v1;
use rustls::pki_types::UnixTime;
use tokio::sync::watch;

use super::connect::{ConnectError, Network, chain, connect, told};
use super::core::backoff::Backoff;
use super::core::renewal::Plan;
use super::credentials::{Credentials, CredentialsError, Validity};
use super::events::{Events, Happened};
use super::identity::{Identity, IdentityError};
use super::line::{Line, Lines};
use super::state::{State, StateError};
use super::{random, tls};

/// The clock on the wall is looked at so often: it may have been set.
const LOOK_AGAIN: Duration = Duration::from_mins(5);

/// What the task needs.
pub(crate) struct Renewal<'a> {
    pub(crate) state: &'a State,
    pub(crate) identity: &'a mut Arc<Identity>,
    pub(crate) credentials: &'a mut Credentials,
    pub(crate) network: &'a Network,
    pub(crate) lines: Lines,
    /// A controller says that it is time.
    pub(crate) hints: watch::Receiver<bool>,
    pub(crate) events: &'a Events,
}

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
enum NotRenewed {
    #[error("{controller} refuses: {reason}")]
    Refused { controller: String, reason: String },
    #[error("what {controller} issued is wrong")]
    Wrong {
        controller: String,
        source: CredentialsError,
    },
    #[error("the roots that came with it do not lead to the controller that sent them")]
    Astray { source: ConnectError },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("TLS cannot be set up")]
    Tls {
        #[from]
        source: rustls::Error,
    },
}

impl Renewal<'_> {
    /// Runs until it is dropped, which may be at any time.
    pub(crate) async fn run(mut self) -> Infallible {
        let (validity, roots) = self.held();
        let mut plan = Plan::found(validity, roots, random::share());
        loop {
            self.wait(plan).await;
            let mut backoff = Backoff::default();
            while let Err(error) = self.try_to_renew().await {
                let wait = backoff.lost(random::share());
                tracing::warn!(
                    reason = chain(&error),
                    retry_ms = wait.as_millis(),
                    "the certificate is not renewed yet"
                );
                tokio::time::sleep(wait).await;
            }
            let (validity, roots) = self.held();
            plan = Plan::renewed(validity, roots, random::share(), now_s());
            // What is issued to the old certificate is revoked with it, as soon as the new one is seen.
            self.lines.other().await;
        }
    }

    /// When the certificate is good, and how many roots came with it.
    fn held(&self) -> (Validity, usize) {
        let credentials = &self.credentials;
        (credentials.validity(), credentials.roots().len())
    }

    /// Until it is time, by the clock on the wall or by a controller.
    async fn wait(&mut self, plan: Plan) {
        loop {
            let is_asked = *self.hints.borrow_and_update();
            let left = plan.due(is_asked).saturating_sub(now_s());
            let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else {
                return;
            };
            let left = Duration::from_secs(left).min(LOOK_AGAIN);
            // Both can be dropped at any time.
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                Ok(()) = self.hints.changed() => {}
            }
        }
    }

    async fn try_to_renew(&mut self) -> Result<(), NotRenewed> {
        let line = self.lines.up().await;
        let controller = line.target.to_string();
        let successor = Identity::successor(self.state, self.identity.id())?;
        let issued = ask(line.clone(), &successor).await?;
        let public_key = successor.public_key();
        let credentials = Credentials::issued(&issued, &public_key, UnixTime::now());
        let credentials = credentials.map_err(|source| NotRenewed::Wrong {
            controller: controller.clone(),
            source,
        })?;
        let config = tls::enrolled(&successor, &credentials)?;
        // Roots that do not lead to a controller would lock this node out. No call is made: none must be before the certificate is on disk.
        let trial = connect(&line.target, Arc::clone(&config), self.network.outward()).await;
        trial.map_err(|source| NotRenewed::Astray { source })?;
        self.state
            .keep_enrolment(&credentials.to_enrolment(controller))?;
        self.state.promote_key()?;
        self.lines.mark();
        self.network.renew(config, credentials.validity());
        let until = jiff::Timestamp::from_second(credentials.validity().not_after_unix_s);
        let until = until.map_or_else(
            |_| "a time that is out of range".to_owned(),
            |at| at.to_string(),
        );
        tracing::info!(until, "the certificate is renewed");
        self.events
            .tell(Happened::CertificateRenewed, format!("good until {until}"));
        *self.identity = Arc::new(successor);
        *self.credentials = credentials;
        Ok(())
    }
}

async fn ask(mut line: Line, successor: &Identity) -> Result<v1::Issued, NotRenewed> {
    let request = v1::RenewCertificateRequest {
        certificate_request: successor.certificate_request()?,
    };
    let answered = line.client.renew_certificate(request).await;
    let answer = answered.map_err(|status| NotRenewed::Refused {
        controller: line.target.to_string(),
        reason: told(&status),
    })?;
    let answer = answer.into_inner();
    Ok(v1::Issued {
        certificate_chain: answer.certificate_chain,
        roots: answer.roots,
    })
}

fn now_s() -> i64 {
    i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX)
}
