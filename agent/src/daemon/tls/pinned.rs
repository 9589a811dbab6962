//! Trust by a pin: for the first contact, when a node knows but the SHA-256 of a root's public key.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use sha2::{Digest as _, Sha256};

/// Trusts a server whose chain holds the certificate with the pinned key, when the chain leads up to that one.
#[derive(Debug)]
pub(crate) struct Pinned {
    pin: [u8; 32],
    provider: Arc<CryptoProvider>,
}

/// No certificate of the chain has the pinned key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the server is not the controller that the join token is for: none of its certificates has the token's pin"
)]
pub(crate) struct OtherController;

impl Pinned {
    /// `pin` is the SHA-256 of the public key (SPKI) of a root.
    pub(crate) fn new(pin: [u8; 32], provider: Arc<CryptoProvider>) -> Self {
        Self { pin, provider }
    }
}

/// Whether the SHA-256 of the certificate's public key (SPKI) is that.
pub(crate) fn has_key(certificate: &CertificateDer<'_>, pin: &[u8; 32]) -> bool {
    ParsedCertificate::try_from(certificate)
        .is_ok_and(|parsed| Sha256::digest(parsed.subject_public_key_info()).as_slice() == pin)
}

impl ServerCertVerifier for Pinned {
    /// The pinned certificate becomes the only root; everything else is what it always is.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut sent = intermediates.iter();
        let pinned = sent
            .find(|certificate| has_key(certificate, &self.pin))
            .ok_or_else(|| {
                let other = OtherError(Arc::new(OtherController));
                Error::InvalidCertificate(CertificateError::Other(other))
            })?;
        let mut roots = RootCertStore::empty();
        roots.add(pinned.clone().into_owned())?;
        let provider = Arc::clone(&self.provider);
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| Error::General(error.to_string()))?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
