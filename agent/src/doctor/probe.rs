//! Makes contact with a controller, step by step, and notes how far it gets.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use muster_proto::v1;
use muster_proto::v1::node_client::NodeClient;
use rustls::ClientConfig;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Status};

use super::glance;
use crate::daemon::connect::told;
use crate::daemon::outward::{Outward, TunnelError};
use crate::value::Target;

/// For each step.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whom to trust, and what to show.
pub(super) enum Trust {
    /// As an enrolled node.
    Enrolled(Arc<ClientConfig>),
    /// As a machine that has a join token; the token is not shown.
    Pinned(Arc<ClientConfig>),
    /// Nobody: there is neither.
    Nobody,
}

/// How far it got.
#[derive(Debug)]
pub(super) enum Contact {
    /// The name has no address.
    Unresolved(String),
    /// Nothing listens, or something between here and there keeps it off.
    NoConnection {
        address: SocketAddr,
        error: ErrorKind,
        told: String,
    },
    /// The proxy gives no connection.
    NoTunnel(TunnelError),
    /// TLS did not come about.
    Untrusted {
        fault: Fault,
        /// By how much the other side's clock is ahead of this one's, if it told.
        ahead_s: Option<i64>,
    },
    /// It is there, and there is nobody to compare it with.
    Unjudged { ahead_s: Option<i64> },
    /// It is a controller of this node's cluster, as far as TLS says.
    Trusted {
        ahead_s: Option<i64>,
        /// What it says to the node; none where the node has no certificate to ask with.
        answer: Option<Result<(), (Code, String)>>,
    },
}

impl Contact {
    /// Whether there is no connection at all.
    pub(super) fn is_none(&self) -> bool {
        matches!(
            self,
            Self::Unresolved(_) | Self::NoConnection { .. } | Self::NoTunnel(_)
        )
    }
}

/// Why TLS did not come about.
#[derive(Debug)]
pub(super) enum Fault {
    Tls(rustls::Error),
    /// The other side closed, or said nothing.
    Closed(String),
}

/// The way to a controller.
struct Way<'a> {
    target: &'a Target,
    outward: &'a Outward,
    /// None through a proxy: that looks the name up.
    address: Option<SocketAddr>,
}

/// Tries the steps one after the other.
pub(super) async fn contact(target: &Target, outward: &Outward, trust: &Trust) -> Contact {
    let way = match Way::find(target, outward).await {
        Ok(way) => way,
        Err(error) => return Contact::Unresolved(error.to_string()),
    };
    let stream = match way.open().await {
        Ok(stream) => stream,
        Err(error) => return way.closed(error),
    };
    let config = match trust {
        Trust::Enrolled(config) | Trust::Pinned(config) => Arc::clone(config),
        Trust::Nobody => {
            return Contact::Unjudged {
                ahead_s: glance(&way).await,
            };
        }
    };
    match (shake(target, stream, config).await, trust) {
        (Err(fault), _) => Contact::Untrusted {
            fault,
            ahead_s: glance(&way).await,
        },
        (Ok(stream), Trust::Enrolled(_)) => call(stream).await,
        (Ok(_), _) => Contact::Trusted {
            ahead_s: glance(&way).await,
            answer: None,
        },
    }
}

async fn resolve(target: &Target) -> io::Result<SocketAddr> {
    let (host, port) = target.host_and_port();
    let mut found = within(lookup_host((host, port))).await?;
    let none = || io::Error::new(ErrorKind::NotFound, "it has no address");
    found.next().ok_or_else(none)
}

impl<'a> Way<'a> {
    async fn find(target: &'a Target, outward: &'a Outward) -> io::Result<Self> {
        let address = match outward.proxy_for(target) {
            None => Some(resolve(target).await?),
            Some(_) => None,
        };
        Ok(Self {
            target,
            outward,
            address,
        })
    }

    async fn open(&self) -> io::Result<TcpStream> {
        match self.address {
            Some(address) => within(TcpStream::connect(address)).await,
            None => within(self.outward.open(self.target)).await,
        }
    }

    fn closed(&self, error: io::Error) -> Contact {
        if let Some(address) = self.address {
            return Contact::NoConnection {
                address,
                error: error.kind(),
                told: error.to_string(),
            };
        }
        // What is not of the tunnel is that it did not come in time.
        let refused = error.downcast::<TunnelError>();
        Contact::NoTunnel(refused.unwrap_or_else(|source| {
            TunnelError::Unreachable {
                proxy: self
                    .outward
                    .proxy_for(self.target)
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                source,
            }
        }))
    }
}

async fn shake(
    target: &Target,
    stream: TcpStream,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, Fault> {
    let shaken = TlsConnector::from(config).connect(target.server_name(), stream);
    within(shaken).await.map_err(fault_of)
}

/// What TLS says of it, else what the connection does.
fn fault_of(error: io::Error) -> Fault {
    let told = error.to_string();
    let Some(inner) = error.into_inner() else {
        return Fault::Closed(told);
    };
    match inner.downcast::<rustls::Error>() {
        Ok(inner) => Fault::Tls(*inner),
        Err(_) => Fault::Closed(told),
    }
}

/// In TLS 1.3 a server looks at the client's certificate once the client is through: its alert comes instead of its first words.
async fn welcome(mut stream: TlsStream<TcpStream>) -> Result<TlsStream<TcpStream>, Fault> {
    match timeout(PATIENCE, stream.fill_buf()).await {
        // Nothing is taken out of the buffer. A server that waits for the first word may still answer.
        Ok(Ok([_, ..])) | Err(_) => Ok(stream),
        Ok(Ok([])) => Err(Fault::Closed("it closes the connection".to_owned())),
        Ok(Err(error)) => Err(fault_of(error)),
    }
}

/// Delivers no events: asks nothing and changes nothing, and says whether the node may ask at all.
async fn call(stream: TlsStream<TcpStream>) -> Contact {
    let stream = match welcome(stream).await {
        Ok(stream) => stream,
        Err(fault) => {
            return Contact::Untrusted {
                fault,
                ahead_s: None,
            };
        }
    };
    let answered = async {
        let request = v1::DeliverEventsRequest::default();
        NodeClient::new(channel(stream).await?)
            .deliver_events(request)
            .await
    };
    let silent = || Status::deadline_exceeded("it does not answer");
    let answered = timeout(PATIENCE, answered).await;
    match answered.unwrap_or_else(|_| Err(silent())) {
        Ok(response) => Contact::Trusted {
            ahead_s: ahead_s(response.metadata()),
            answer: Some(Ok(())),
        },
        Err(status) => Contact::Trusted {
            ahead_s: ahead_s(status.metadata()),
            answer: Some(Err((status.code(), told(&status)))),
        },
    }
}

/// The clock of a server that may be anybody: nothing is shown to it, and nothing but this is believed.
async fn glance(way: &Way<'_>) -> Option<i64> {
    let stream = way.open().await.ok()?;
    let stream = shake(way.target, stream, glance::config().ok()?)
        .await
        .ok()?;
    let request = v1::DeliverEventsRequest::default();
    let answered = async {
        NodeClient::new(channel(stream).await?)
            .deliver_events(request)
            .await
    };
    match timeout(PATIENCE, answered).await.ok()? {
        Ok(response) => ahead_s(response.metadata()),
        Err(status) => ahead_s(status.metadata()),
    }
}

/// A channel over one connection that is there already.
async fn channel(stream: TlsStream<TcpStream>) -> Result<Channel, Status> {
    let only = Arc::new(Mutex::new(Some(stream)));
    let connector = tower::service_fn(move |_: Uri| {
        let only = Arc::clone(&only);
        async move {
            let taken = only.lock().ok().and_then(|mut only| only.take());
            let gone = || io::Error::from(ErrorKind::NotConnected);
            taken.map(TokioIo::new).ok_or_else(gone)
        }
    });
    let endpoint = Endpoint::from_static("https://controller").timeout(PATIENCE);
    let connected = endpoint.connect_with_connector(connector).await;
    connected.map_err(|error| Status::from_error(error.into()))
}

/// Servers of HTTP say what time it is (RFC 9110, section 6.6.1).
fn ahead_s(headers: &MetadataMap) -> Option<i64> {
    let date = headers.get("date")?.to_str().ok()?;
    let theirs = rfc2822::parse(date).ok()?.timestamp();
    Some(theirs.as_second() - Timestamp::now().as_second())
}

async fn within<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(ErrorKind::TimedOut, "there is no answer");
    timeout(PATIENCE, step).await.map_err(late)?
}

#[cfg(test)]
mod tests;
