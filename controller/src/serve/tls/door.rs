//! How the controller shows itself: with a certificate that is made anew in time, and when the root changes.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{Error, RootCertStore, ServerConfig};

use super::verify::{NotRevoked, Revoked};
use crate::authority::{Authority, AuthorityError};
use crate::fleet::Fleet;
use crate::record::UnixMs;

/// How both ends call HTTP/2 (RFC 7301; RFC 9113, section 3.1).
pub(super) const HTTP2: &[u8] = b"h2";

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no certificate for the controller.
    #[error("the controller's certificate cannot be made")]
    Authority(#[from] AuthorityError),
    /// The settings do not go together.
    #[error("TLS cannot be set up")]
    Rustls(#[from] Error),
    /// The port is gone.
    #[error("the listener has no address")]
    Address(#[source] std::io::Error),
    /// The roots cannot be used.
    #[error("the client verifier cannot be made")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// What a handshake needs.
pub(in crate::serve) struct Door {
    authority: Arc<Authority>,
    fleet: Arc<Fleet>,
    revoked: Arc<Revoked>,
    names: Vec<String>,
    current: Mutex<Current>,
}

/// The settings that are in use.
struct Current {
    config: Arc<ServerConfig>,
    version: u64,
    renew_at: UnixMs,
}

impl Door {
    /// Shows the controller under `names`.
    pub(in crate::serve) fn new(
        authority: Arc<Authority>,
        fleet: Arc<Fleet>,
        revoked: Arc<Revoked>,
        names: Vec<String>,
    ) -> Result<Self, TlsError> {
        let current = current(&authority, &fleet, &revoked, &names)?;
        Ok(Self {
            authority,
            fleet,
            revoked,
            names,
            current: Mutex::new(current),
        })
    }

    /// The settings for one more handshake; made anew first where they are out of date.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let mut held = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = held.version == self.authority.version() && self.fleet.now() < held.renew_at;
        if !is_good {
            match current(&self.authority, &self.fleet, &self.revoked, &self.names) {
                Ok(current) => {
                    tracing::info!("the controller has a new certificate");
                    *held = current;
                }
                Err(error) => tracing::error!(%error, "the controller keeps its old certificate"),
            }
        }
        Arc::clone(&held.config)
    }

    /// The authority by which certificates are verified.
    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }
}

fn current(
    authority: &Authority,
    fleet: &Arc<Fleet>,
    revoked: &Arc<Revoked>,
    names: &[String],
) -> Result<Current, TlsError> {
    let version = authority.version();
    let mut roots = RootCertStore::empty();
    for root in authority.roots() {
        roots.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()?;
    let verifier = NotRevoked {
        verifier,
        revoked: Arc::clone(revoked),
        fleet: Arc::clone(fleet),
    };
    let server = authority.server(names, fleet.now())?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(server.chain, server.key)?;
    config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
    // A session that is resumed would pass by the verifier with a certificate that was revoked since.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Current {
        config: Arc::new(config),
        version,
        renew_at: server.renew_at,
    })
}
