//! Which certificates of clients count.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use muster_model::NodeStatus;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::fleet::Fleet;
use crate::peer::{Peer, identify};

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

/// A certificate of the authority that is not revoked, and not of a node that was removed.
pub(super) struct NotRevoked {
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
    pub(super) revoked: Arc<Revoked>,
    pub(super) fleet: Arc<Fleet>,
}

impl NotRevoked {
    /// A node that was removed may have had more certificates than the one that was revoked then.
    fn is_out(&self, peer: &Peer) -> bool {
        let Peer::Node(id) = peer else {
            return false;
        };
        let node = self.fleet.node(id);
        node.is_none_or(|(record, _)| record.status == NodeStatus::Out)
    }
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
        if self.revoked.has(&identified.serial) || self.is_out(&identified.peer) {
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
