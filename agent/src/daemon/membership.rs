//! The task that makes this machine a node and keeps it one: certificate first, then heartbeats.

use std::sync::Arc;

use rustls::pki_types::UnixTime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::clock::{BootClock, Clock as _};
use super::connect::{Dial, Network, connect};
use super::credentials::Credentials;
use super::endpoints::Endpoints;
use super::enroll::{EnrollError, Enroller};
use super::events::{Events, Happened};
use super::facts::Known;
use super::gauges::Meter;
use super::heartbeat::{Ended, Heartbeats, Ports};
use super::identity::Identity;
use super::line::Lines;
use super::notify;
use super::occupancy::Occupancy;
use super::ports::Observer;
use super::renewal::Renewal;
use super::reporter::Reporter;
use super::settings::Settings;
use super::state::{Link, State, StateError};
use super::tls;

/// What the task needs.
pub(crate) struct Membership {
    pub(crate) settings: Settings,
    pub(crate) state: Arc<State>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) facts: Known,
    pub(crate) observer: Arc<dyn Observer>,
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

/// Why a certificate is asked for.
enum Need {
    /// There is none.
    First,
    /// The one that there is has ended: by this machine's clock.
    Ended(Credentials),
    /// By a controller's.
    Refused(Credentials),
    /// It is of a root that was replaced while this node was off.
    Replaced,
}

impl Membership {
    /// Runs until `cancel`.
    pub(crate) async fn run<E>(mut self, ports: Ports, cancel: CancellationToken) -> Result<(), E>
    where
        E: From<MembershipError>,
    {
        let events = ports.events.clone();
        // Asking for a certificate can be dropped at any time.
        let mut credentials = tokio::select! {
            () = cancel.cancelled() => return Ok(()),
            credentials = self.credentials(&events) => credentials?,
        };
        let network = Arc::new(self.network(&credentials)?);
        let lines = Lines::new(ports.lines.subscribe());
        let (hints, hinted) = watch::channel(false);
        let mut heartbeats = Heartbeats {
            clock: BootClock,
            dial: Arc::clone(&network) as Arc<dyn Dial>,
            endpoints: self.endpoints.clone(),
            facts: self.facts.clone(),
            state: Arc::clone(&self.state),
            reporter: self.reporter.clone(),
            occupancy: Some(Occupancy::live(Arc::clone(&self.observer))),
            meter: Some(Meter::new(BootClock.now())),
            hints,
            ports,
        };
        loop {
            let renewal = Renewal {
                state: &self.state,
                identity: &mut self.identity,
                credentials: &mut credentials,
                network: &network,
                lines: lines.clone(),
                hints: hinted.clone(),
                events: &events,
            };
            let ended = tokio::select! {
                ended = heartbeats.run(&cancel) => ended.map_err(MembershipError::from)?,
                never = renewal.run() => match never {},
            };
            if ended == Ended::Cancelled {
                return Ok(());
            }
            let need = match credentials.validity().has_ended(UnixTime::now()) {
                true => Need::Ended(credentials),
                false => Need::Refused(credentials),
            };
            credentials = tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                credentials = self.enrol(need, &events) => credentials?,
            };
            let tls = tls::enrolled(&self.identity, &credentials).map_err(MembershipError::from)?;
            network.renew(tls, credentials.validity());
        }
    }

    fn network(&self, credentials: &Credentials) -> Result<Network, MembershipError> {
        let tls = tls::enrolled(&self.identity, credentials)?;
        let outward = self.settings.outward.clone();
        Ok(Network::new(outward, tls, credentials.validity()))
    }

    /// Those that are kept, unless they have ended; else those that enrolment gives.
    async fn credentials(&mut self, events: &Events) -> Result<Credentials, MembershipError> {
        let need = match self.state.enrolment()? {
            None => Need::First,
            Some(enrolment) => {
                let kept = Credentials::kept(&enrolment, &self.identity.public_key());
                let kept =
                    kept.map_err(|error| self.state.damaged_enrolment(&error.to_string()))?;
                match kept.validity().has_ended(UnixTime::now()) {
                    true => Need::Ended(kept),
                    false if self.is_replaced(&kept).await? => Need::Replaced,
                    false => return Ok(kept),
                }
            }
        };
        self.enrol(need, events).await
    }

    /// Whether the root of these was replaced while this node was off: a controller proves the root that the join token is for, and
    /// none that is known here. A token that is left over from joining proves nothing.
    async fn is_replaced(&self, kept: &Credentials) -> Result<bool, rustls::Error> {
        let token = self.settings.token.as_ref();
        let Some(token) = token.filter(|token| !kept.has_root(token.pin())) else {
            return Ok(false);
        };
        let (by_token, by_kept) = (tls::enrolling(*token.pin())?, tls::returning(kept)?);
        for known in self.endpoints.known() {
            let proves = async |tls: &Arc<_>| {
                let made = connect(&known.target, Arc::clone(tls), &self.settings.outward);
                made.await.is_ok()
            };
            if proves(&by_token).await && !proves(&by_kept).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks for a certificate, by a join token where there is one. Without, only who had a certificate can: it asks to be let back.
    async fn enrol(&mut self, need: Need, events: &Events) -> Result<Credentials, MembershipError> {
        let why = need.in_words();
        tracing::info!(reason = why, "asking to be enrolled");
        if need.ended().is_some() {
            events.tell(Happened::CertificateEnded, why);
        }
        // Taken out, so that it is wiped once it was used.
        let token = self.settings.token.take();
        let tls = match (&token, need.ended()) {
            (Some(token), _) => tls::enrolling(*token.pin())?,
            (None, Some(ended)) => tls::returning(ended)?,
            (None, None) => return self.without_token(why).await,
        };
        let enroller = Enroller {
            state: Arc::clone(&self.state),
            identity: Arc::clone(&self.identity),
            token,
            tls,
            until: match need {
                Need::Ended(kept) => Some(kept),
                Need::First | Need::Refused(_) | Need::Replaced => None,
            },
            facts: self.facts.clone(),
            asked: self.settings.asked.clone(),
            endpoints: self.endpoints.clone(),
            outward: self.settings.outward.clone(),
        };
        let credentials = enroller.run(&mut self.reporter).await?;
        events.tell(Happened::Enrolled, why);
        Ok(credentials)
    }
}

impl Membership {
    /// Whoever started the agent is told. A service has nobody to tell, and systemd would start it again and again: it waits.
    async fn without_token(&mut self, why: &'static str) -> Result<Credentials, MembershipError> {
        if !notify::is_service() {
            return Err(MembershipError::NoToken { why });
        }
        tracing::warn!(
            "{why}, and there is no join token: put one into /etc/credstore/muster-token, readable by root alone, and \
             run `systemctl restart muster-agent`"
        );
        self.reporter.tell(Link::NoToken, None);
        std::future::pending().await
    }
}

impl Need {
    fn in_words(&self) -> &'static str {
        match self {
            Self::First => "this machine is not enrolled",
            Self::Ended(_) => "this node's certificate has ended",
            Self::Refused(_) => "this node's certificate has ended by the controller's clock",
            Self::Replaced => "the root of this node's certificate was replaced while it was off",
        }
    }

    fn ended(&self) -> Option<&Credentials> {
        match self {
            Self::First | Self::Replaced => None,
            Self::Ended(kept) | Self::Refused(kept) => Some(kept),
        }
    }
}
