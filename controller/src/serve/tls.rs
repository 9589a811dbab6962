//! Connections over TLS 1.3. A client may have a certificate; the services ask for one where they need it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use crate::authority::{Authority, AuthorityError};
use crate::peer::{Identified, identify};
use crate::record::UnixMs;

/// A handshake that takes longer is nobody's who means well.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at a time; more wait in the kernel's queue.
const MOST_HANDSHAKES: usize = 256;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no certificate for the controller.
    #[error("the controller's certificate cannot be made")]
    Authority(#[from] AuthorityError),
    /// The settings do not go together.
    #[error("TLS cannot be set up")]
    Rustls(#[from] Error),
    /// The roots cannot be used.
    #[error("the client verifier cannot be made")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// Serial numbers of certificates that are worth nothing any more. Asked at each handshake and each call.
#[derive(Debug, Default)]
pub struct Revoked(RwLock<BTreeSet<String>>);

impl Revoked {
    /// Those that are revoked already.
    pub fn new(serials: impl IntoIterator<Item = String>) -> Self {
        Self(RwLock::new(serials.into_iter().collect()))
    }

    /// One more.
    pub fn add(&self, serial: &str) {
        let mut serials = self.0.write().unwrap_or_else(PoisonError::into_inner);
        serials.insert(serial.to_owned());
    }

    /// Whether it is among them.
    pub fn has(&self, serial: &str) -> bool {
        let serials = self.0.read().unwrap_or_else(PoisonError::into_inner);
        serials.contains(serial)
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    /// Where from.
    pub(super) address: SocketAddr,
    /// By their certificate, if they showed one.
    pub(super) identified: Option<Identified>,
}

/// One connection with who is at its other end.
#[derive(Debug)]
pub(super) struct Accepted {
    stream: TlsStream<TcpStream>,
    connection: Connection,
}

/// Takes connections as long as the result is read.
pub(super) fn accept(
    listener: TcpListener,
    authority: &Authority,
    names: &[String],
    revoked: Arc<Revoked>,
    now: UnixMs,
) -> Result<ReceiverStream<Result<Accepted, std::io::Error>>, TlsError> {
    let acceptor = TlsAcceptor::from(Arc::new(config(authority, names, revoked, now)?));
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(take(listener, acceptor, sender));
    Ok(ReceiverStream::new(receiver))
}

async fn take(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<Result<Accepted, std::io::Error>>,
) {
    let slots = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        // Cancel-safe: a connection that nobody took stays in the kernel's queue.
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = sender.closed() => return,
        };
        let (stream, address) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                // No more files, as a rule: waiting lets some be closed.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            let shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
            drop(slot);
            match shaken {
                Ok(Ok(stream)) => {
                    // Nobody reads when the service ends.
                    let _ = sender.send(Ok(Accepted::new(stream, address))).await;
                }
                Ok(Err(error)) => tracing::debug!(%address, %error, "a handshake failed"),
                Err(_) => tracing::debug!(%address, "a handshake took too long"),
            }
        });
    }
}

fn config(
    authority: &Authority,
    names: &[String],
    revoked: Arc<Revoked>,
    now: UnixMs,
) -> Result<ServerConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    for root in authority.roots() {
        roots.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()?;
    let verifier = NotRevoked { verifier, revoked };
    let server = authority.server(names, now)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(server.chain, server.key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    // A session that is resumed would outlive a certificate that was revoked; and what nobody resumes costs memory.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

/// A certificate of the authority that is not revoked.
struct NotRevoked {
    verifier: Arc<dyn ClientCertVerifier>,
    revoked: Arc<Revoked>,
}

impl fmt::Debug for NotRevoked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NotRevoked")
    }
}

impl ClientCertVerifier for NotRevoked {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .verifier
            .verify_client_cert(end_entity, intermediates, now)?;
        let nobody = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        let identified = identify(end_entity).ok_or(nobody)?;
        if self.revoked.has(&identified.serial) {
            return Err(Error::InvalidCertificate(CertificateError::Revoked));
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

impl Accepted {
    fn new(stream: TlsStream<TcpStream>, address: SocketAddr) -> Self {
        let (_, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(|chain| chain.first());
        let identified = certificate.and_then(|certificate| identify(certificate));
        Self {
            connection: Connection {
                address,
                identified,
            },
            stream,
        }
    }
}

impl Connected for Accepted {
    type ConnectInfo = Connection;

    fn connect_info(&self) -> Connection {
        self.connection.clone()
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
