//! Causes that a real controller on this machine does not have, by a made one over real TLS.

use std::convert::Infallible;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioExecutor;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};
use time::Duration as Life;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::daemon::State;
use crate::daemon::credentials::Credentials;
use crate::daemon::identity::Identity;
use crate::daemon::tls::testing::{Authority, Server};
use crate::daemon::tls::{self, provider};
use crate::doctor::Outcome;
use crate::doctor::contact::checks;

/// Takes no client's certificate: all are revoked.
#[derive(Debug)]
struct Revoking(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Revoking {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Err(CertificateError::Revoked.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn clients(authority: &Authority) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.root.clone()).unwrap();
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()
        .unwrap()
}

/// Answers every call that the node may ask, at a time that is `ahead_s` from now.
async fn serve(server: Server, clients: Arc<dyn ClientCertVerifier>, ahead_s: i64) -> Target {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(server.chain, server.key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let answer = service_fn(move |_: Request<Incoming>| async move {
                    Ok::<_, Infallible>(answer(ahead_s))
                });
                let _ = http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    address.parse().unwrap()
}

fn answer(ahead_s: i64) -> Response<String> {
    let at = Timestamp::now() + jiff::SignedDuration::from_secs(ahead_s);
    let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    Response::builder()
        .header("content-type", "application/grpc")
        .header("date", date)
        .header("grpc-status", "12")
        .body(String::new())
        .unwrap()
}

/// As a node of `authority`.
fn enrolled(authority: &Authority) -> Trust {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let identity = Identity::open_or_create(&state).unwrap();
    let chain = authority.node(&identity.certificate_request().unwrap(), Life::DAY);
    let issued = v1::Issued {
        certificate_chain: chain.iter().map(|der| der.to_vec()).collect(),
        roots: vec![authority.root.to_vec()],
    };
    let key = identity.public_key();
    let credentials = Credentials::issued(&issued, &key, UnixTime::now()).unwrap();
    Trust::Enrolled(tls::enrolled(&identity, &credentials).unwrap())
}

async fn problems(target: &Target, trust: &Trust) -> Vec<String> {
    let contact = contact(target, &Outward::default(), trust).await;
    let checks = checks(target, &contact, None).into_iter();
    let problems = checks.filter_map(|check| match check.outcome {
        Outcome::Problem { cause, remedy } => Some(format!("{}: {cause}: {remedy}", check.check)),
        _ => None,
    });
    problems.collect()
}

#[tokio::test]
async fn a_clock_that_is_wrong() {
    let authority = Authority::new();
    let good = authority.server("127.0.0.1", Life::DAY);
    let target = serve(good, clients(&authority), 3600).await;
    let told = problems(&target, &enrolled(&authority)).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let is_said = ["3600 s behind", "3599 s behind"];
    assert!(
        is_said.iter().any(|said| told[0].contains(said)),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_certificate_that_has_ended_and_one_that_only_seems_so() {
    let authority = Authority::new();
    let pinned = Trust::Pinned(tls::enrolling(authority.pin()).unwrap());
    let ended = || authority.server("127.0.0.1", -Life::HOUR);
    let target = serve(ended(), clients(&authority), 0).await;
    let told = problems(&target, &pinned).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("restart the controller"), "{told:?}");

    let target = serve(ended(), clients(&authority), -7200).await;
    let told = problems(&target, &pinned).await;
    assert!(!told.is_empty());
    assert!(
        told.iter()
            .all(|told| told.contains("ahead of the controller's")),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_node_whose_certificate_is_refused() {
    let authority = Authority::new();
    let good = || authority.server("127.0.0.1", Life::DAY);
    let revoking = Arc::new(Revoking(clients(&authority)));
    let target = serve(good(), revoking, 0).await;
    let told = problems(&target, &enrolled(&authority)).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("has revoked"), "{told:?}");

    let foreign = clients(&Authority::new());
    let target = serve(good(), foreign, 0).await;
    let told = problems(&target, &enrolled(&authority)).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("another cluster"), "{told:?}");
}

#[tokio::test]
async fn what_is_well_is_not_complained_of() {
    let authority = Authority::new();
    let good = authority.server("127.0.0.1", Life::DAY);
    let target = serve(good, clients(&authority), 0).await;
    assert_eq!(
        problems(&target, &enrolled(&authority)).await,
        Vec::<String>::new()
    );
}
