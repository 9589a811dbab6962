//! The services on their ports: nodes and administrators over TLS, local administrators over a socket.
//!
//! Map: `tls` takes connections, and `http` serves on them; `caller` says who calls on one; `enrollment`, `node` and `admin` are the services, each a translation to
//! [`crate::admission`] and [`crate::fleet`]; `download` hands out what a machine installs before it is a node; this file starts and stops them.

mod admin;
mod caller;
mod download;
mod enrollment;
mod http;
mod node;
mod tls;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use muster_proto::v1::admin_server::AdminServer;
use muster_proto::v1::enrollment_server::EnrollmentServer;
use muster_proto::v1::node_server::NodeServer;
use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::service::Routes;
use tonic::transport::Server;
use tower::ServiceExt as _;

use crate::admission::Admission;
use crate::authority::Authority;
use crate::fleet::{Fleet, MoveError, watch_leases};
use crate::packages::Packages;
use crate::peer::{Identified, Link};
use crate::store::StoreError;

pub use tls::{Newcomers, Revoked, TlsError};

/// Larger than any inventory that is let through.
const LARGEST_MESSAGE: usize = 16 << 20;

/// What the services share.
#[derive(Debug, Clone)]
pub struct Services {
    /// The nodes.
    pub fleet: Arc<Fleet>,
    /// Who lets them in.
    pub admission: Arc<Admission>,
    /// Who issues certificates.
    pub authority: Arc<Authority>,
    /// Certificates that are worth nothing any more.
    pub revoked: Arc<Revoked>,
}

/// Where the services listen.
#[derive(Debug)]
pub struct Listeners {
    /// For nodes and administrators, over TLS.
    pub network: TcpListener,
    /// The names and addresses that stand in the controller's certificate.
    pub names: Vec<String>,
    /// For administrators of this machine.
    pub socket: UnixListener,
    /// Where the socket is; taken away at the end.
    pub socket_path: PathBuf,
    /// What machines install to become nodes.
    pub packages: Arc<Packages>,
    /// What is put up with of whoever has shown no certificate.
    pub newcomers: Newcomers,
}

/// Why the services ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A listener failed.
    #[error("a service ended")]
    Transport(#[from] tonic::transport::Error),
}

impl Services {
    /// Serves until `stop` is called, and lets what is under way come to its end.
    ///
    /// # Errors
    /// A listener fails, or TLS cannot be set up.
    pub async fn run(
        self,
        listeners: Listeners,
        stop: CancellationToken,
    ) -> Result<(), ServeError> {
        let downloads = download::Downloads {
            authority: Arc::clone(&self.authority),
            fleet: Arc::clone(&self.fleet),
            packages: listeners.packages,
        };
        let address = listeners.network.local_addr();
        let installation = admin::Installation {
            downloads: downloads.clone(),
            names: listeners.names.clone(),
            port: address.map_err(TlsError::Address)?.port(),
        };
        let door = tls::Door::new(
            Arc::clone(&self.authority),
            Arc::clone(&self.fleet),
            Arc::clone(&self.revoked),
            listeners.names,
        )?;
        let connections = tls::accept(listeners.network, door, listeners.newcomers);
        let routes = self.routes(installation.clone(), &stop);
        let answers = http::Answers { routes, downloads };
        let network = async {
            http::serve(connections, answers, stop.clone()).await;
            Ok(())
        };
        let administrators = admin::Service::local(self.clone(), installation, stop.clone());
        let local = Server::builder()
            .add_service(AdminServer::new(administrators))
            .serve_with_incoming_shutdown(
                UnixListenerStream::new(listeners.socket),
                stop.clone().cancelled_owned(),
            );
        let tended = async {
            self.tend(&stop).await;
            Ok(())
        };
        let ended = tokio::try_join!(network, local, tended);
        // Nobody is left to tell when it is gone already.
        let _ = std::fs::remove_file(&listeners.socket_path);
        ended?;
        Ok(())
    }

    /// What is served on the network.
    fn routes(&self, installation: admin::Installation, stop: &CancellationToken) -> Routes {
        let enrollment = EnrollmentServer::new(enrollment::Service::new(self.clone()));
        let node = NodeServer::new(node::Service::new(self.clone()));
        let administrators = admin::Service::remote(self.clone(), installation, stop.clone());
        Routes::new(enrollment.max_decoding_message_size(LARGEST_MESSAGE))
            .add_service(node.max_decoding_message_size(LARGEST_MESSAGE))
            .add_service(AdminServer::new(administrators))
            .prepare()
    }

    /// Does what goes on by itself until `stop`. What is not done by then is done after the next start; the store does a transaction wholly or
    /// not at all.
    async fn tend(&self, stop: &CancellationToken) {
        let leases = async {
            stop.run_until_cancelled(watch_leases(Arc::clone(&self.fleet)))
                .await;
            // Connections end when what is under way on them has.
            self.fleet.end_watches();
        };
        tokio::join!(
            leases,
            stop.run_until_cancelled(Arc::clone(&self.admission).judge_anew()),
            stop.run_until_cancelled(self.admission.watch_certificates()),
        );
    }
}

impl Services {
    /// The service that nodes call, on a connection that whoever asks for it has secured: each call is taken for one of
    /// `caller` on `link`. For simulations, which have no network.
    pub fn node(
        &self,
        caller: Identified,
        link: Link,
    ) -> impl tower::Service<
        Request<Body>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send,
    > + use<> {
        let connection = tls::Connection {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            link,
            identified: Some(caller),
            root: None,
        };
        let service = NodeServer::new(node::Service::new(self.clone()));
        service.map_request(move |mut request: Request<Body>| {
            request.extensions_mut().insert(connection.clone());
            request
        })
    }
}

/// Who is at the other end, from whichever connection it is.
fn peer_address<T>(request: &tonic::Request<T>) -> Option<SocketAddr> {
    request
        .extensions()
        .get::<tls::Connection>()
        .map(|connection| connection.address)
}

fn milliseconds(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// The one place where errors become statuses.
fn status_of_move(error: &MoveError) -> Status {
    match error {
        MoveError::NoNode(_) => Status::not_found(error.to_string()),
        MoveError::Refused(_) => Status::failed_precondition(error.to_string()),
        MoveError::Store(error) => status_of_store(error),
    }
}

fn status_of_store(error: &StoreError) -> Status {
    match error {
        StoreError::Conflict { .. } => Status::aborted(error.to_string()),
        StoreError::Damaged { .. } | StoreError::Unavailable { .. } => {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(%error, cause, "the store failed");
            Status::unavailable(match cause {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            })
        }
    }
}
