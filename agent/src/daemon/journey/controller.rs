//! A made controller: it answers as a test says, and notes what it was asked.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use muster_proto::v1;
use muster_proto::v1::enrollment_server::{Enrollment, EnrollmentServer};
use muster_proto::v1::node_server::{Node, NodeServer};
use rustls::RootCertStore;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};

use crate::daemon::tls::provider;
use crate::daemon::tls::testing::Authority;

type Answers<Q, A> = Box<dyn Fn(Q) -> Result<A, Status> + Send + Sync>;

/// How it answers.
pub(super) struct Script {
    pub(super) enroll: Answers<v1::EnrollRequest, v1::EnrollResponse>,
    pub(super) heartbeat: Answers<v1::HeartbeatRequest, v1::HeartbeatResponse>,
}

/// What it was asked.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) enrolls: Vec<v1::EnrollRequest>,
    pub(super) heartbeats: Vec<v1::HeartbeatRequest>,
    pub(super) inventories: Vec<v1::ReportInventoryRequest>,
}

/// It serves until it is dropped.
pub(super) struct Controller {
    pub(super) address: String,
    noted: Arc<Mutex<Noted>>,
    task: tokio::task::JoinHandle<()>,
}

impl Controller {
    pub(super) async fn serve(authority: &Authority, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let noted = Arc::new(Mutex::new(Noted::default()));
        let service = Arc::new(Service {
            script,
            noted: Arc::clone(&noted),
        });
        let (sender, accepted) = tokio::sync::mpsc::channel(4);
        let acceptor = TlsAcceptor::from(Arc::new(config(authority)));
        let task = tokio::spawn(async move {
            let accept = async {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = sender.send(io::Result::Ok(Accepted(stream))).await;
                    }
                }
            };
            let serve = tonic::transport::Server::builder()
                .add_service(EnrollmentServer::from_arc(Arc::clone(&service)))
                .add_service(NodeServer::from_arc(service))
                .serve_with_incoming(ReceiverStream::new(accepted));
            tokio::select! {
                () = accept => {}
                served = serve => served.unwrap(),
            }
        });
        Self {
            address,
            noted,
            task,
        }
    }

    /// Looks at what it was asked.
    pub(super) fn noted<T>(&self, look: impl FnOnce(&Noted) -> T) -> T {
        look(&self.noted.lock().unwrap())
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn config(authority: &Authority) -> ServerConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.root.clone()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()
        .unwrap();
    let server = authority.server("127.0.0.1", time::Duration::DAY);
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(server.chain, server.key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

struct Service {
    script: Script,
    noted: Arc<Mutex<Noted>>,
}

#[tonic::async_trait]
impl Enrollment for Service {
    async fn enroll(
        &self,
        request: Request<v1::EnrollRequest>,
    ) -> Result<Response<v1::EnrollResponse>, Status> {
        let request = request.into_inner();
        self.noted.lock().unwrap().enrolls.push(request.clone());
        (self.script.enroll)(request).map(Response::new)
    }
}

#[tonic::async_trait]
impl Node for Service {
    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        let Some(Identified(true)) = request.extensions().get() else {
            return Err(Status::unauthenticated("no certificate was shown"));
        };
        let request = request.into_inner();
        self.noted.lock().unwrap().heartbeats.push(request.clone());
        (self.script.heartbeat)(request).map(Response::new)
    }

    async fn report_inventory(
        &self,
        request: Request<v1::ReportInventoryRequest>,
    ) -> Result<Response<v1::ReportInventoryResponse>, Status> {
        let request = request.into_inner();
        self.noted.lock().unwrap().inventories.push(request);
        Ok(Response::new(v1::ReportInventoryResponse {}))
    }

    type WatchStream = ReceiverStream<Result<v1::WatchResponse, Status>>;

    async fn watch(
        &self,
        _: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn report_workloads(
        &self,
        _: Request<v1::ReportWorkloadsRequest>,
    ) -> Result<Response<v1::ReportWorkloadsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn deliver_events(
        &self,
        _: Request<v1::DeliverEventsRequest>,
    ) -> Result<Response<v1::DeliverEventsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn renew_certificate(
        &self,
        _: Request<v1::RenewCertificateRequest>,
    ) -> Result<Response<v1::RenewCertificateResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }
}

/// Whether the client showed a certificate that was verified.
#[derive(Debug, Clone, Copy)]
struct Identified(bool);

struct Accepted(TlsStream<TcpStream>);

impl Connected for Accepted {
    type ConnectInfo = Identified;

    fn connect_info(&self) -> Identified {
        let (_, connection) = self.0.get_ref();
        Identified(connection.peer_certificates().is_some())
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
