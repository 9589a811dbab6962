//! A connection to one controller.

use std::error::Error as _;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use hyper_util::rt::TokioIo;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, ClientConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::transport::{Channel, Endpoint, Uri};
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use super::credentials::Validity;
use super::outward::Outward;
use crate::render::screen;
use crate::value::Target;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one call. A lease is several times as long.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection as calls see it, whatever it goes over.
pub(crate) type Wire = BoxCloneSyncService<Request<Body>, Response<Body>, tonic::Status>;

/// Makes connections for enrolled nodes.
#[async_trait]
pub(crate) trait Dial: Send + Sync {
    /// A connection to `target`, who has proved to be a controller.
    async fn dial(&self, target: &Target) -> Result<Wire, ConnectError>;

    /// Counted up when connections that were made before should be made anew.
    fn generation(&self) -> u64 {
        0
    }
}

/// Dials over the network, by TLS.
pub(crate) struct Network {
    outward: Outward,
    dialling: RwLock<Dialling>,
}

/// Whom to trust, and what to show.
#[derive(Clone)]
struct Dialling {
    tls: Arc<ClientConfig>,
    /// Of the certificate that is shown.
    validity: Validity,
    generation: u64,
}

impl Network {
    pub(crate) fn new(outward: Outward, tls: Arc<ClientConfig>, validity: Validity) -> Self {
        Self {
            outward,
            dialling: RwLock::new(Dialling {
                tls,
                validity,
                generation: 0,
            }),
        }
    }

    /// How controllers are reached.
    pub(crate) fn outward(&self) -> &Outward {
        &self.outward
    }

    /// Shows another certificate from now on.
    pub(crate) fn renew(&self, tls: Arc<ClientConfig>, validity: Validity) {
        let mut dialling = self
            .dialling
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *dialling = Dialling {
            tls,
            validity,
            generation: dialling.generation + 1,
        };
    }

    fn dialling(&self) -> Dialling {
        let dialling = self.dialling.read().unwrap_or_else(PoisonError::into_inner);
        dialling.clone()
    }
}

#[async_trait]
impl Dial for Network {
    async fn dial(&self, target: &Target) -> Result<Wire, ConnectError> {
        let dialling = self.dialling();
        if dialling.validity.has_ended(UnixTime::now()) {
            return Err(ConnectError {
                target: target.to_string(),
                reason: "this node's certificate has ended".to_owned(),
                is_ended: true,
            });
        }
        let channel = connect(target, dialling.tls, &self.outward).await?;
        let refused = |error: tonic::transport::Error| tonic::Status::from_error(error.into());
        Ok(Wire::new(channel.map_err(refused)))
    }

    fn generation(&self) -> u64 {
        self.dialling().generation
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {target}: {reason}")]
pub(crate) struct ConnectError {
    target: String,
    /// The whole chain, as text.
    reason: String,
    /// The node's certificate has ended.
    pub(crate) is_ended: bool,
}

#[cfg(test)]
impl ConnectError {
    /// There is none to `target`, for that reason.
    pub(crate) fn new(target: &Target, reason: String) -> Self {
        Self {
            target: target.to_string(),
            reason,
            is_ended: false,
        }
    }
}

/// Connects, and proves to each other who is who as `tls` says.
pub(crate) async fn connect(
    target: &Target,
    tls: Arc<ClientConfig>,
    outward: &Outward,
) -> Result<Channel, ConnectError> {
    let failed = |error: &tonic::transport::Error| ConnectError {
        target: target.to_string(),
        reason: error.source().map_or_else(|| error.to_string(), chain),
        is_ended: is_ended(error),
    };
    let endpoint = Endpoint::from_shared(format!("https://{target}")).map_err(|e| failed(&e))?;
    let endpoint = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT);
    let (to, outward) = (target.clone(), outward.clone());
    let connector = tower::service_fn(move |_: Uri| {
        let (target, tls, outward) = (to.clone(), Arc::clone(&tls), outward.clone());
        async move { stream(&target, tls, &outward).await.map(TokioIo::new) }
    });
    let connected = endpoint.connect_with_connector(connector).await;
    connected.map_err(|error| failed(&error))
}

async fn stream(
    target: &Target,
    tls: Arc<ClientConfig>,
    outward: &Outward,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = outward.open(target).await?;
    TlsConnector::from(tls)
        .connect(target.server_name(), stream)
        .await
}

/// What a controller refuses with, screened: it may be anybody's text.
pub(crate) fn told(status: &tonic::Status) -> String {
    let said = match status.message() {
        "" => status.code().description(),
        message => message,
    };
    match status.source() {
        Some(source) => screen(&format!("{said}: {}", chain(source))).into_owned(),
        None => screen(said).into_owned(),
    }
}

/// Whether a controller broke off because this node's certificate has ended by its clock. TLS 1.3 may tell so only with the first call.
pub(crate) fn is_ended(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // What is inside of an I/O error is not its source, but that itself.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let tls = match inner {
            Some(inner) => inner.downcast_ref::<rustls::Error>(),
            None => error.downcast_ref::<rustls::Error>(),
        };
        let expired = rustls::Error::AlertReceived(AlertDescription::CertificateExpired);
        if tls == Some(&expired) {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error with what caused it, once each, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // Some errors repeat their cause.
        if !told.iter().any(|before| before.contains(&text)) {
            told.push(text);
        }
        next = error.source();
    }
    told.join(": ")
}
