//! What a controller's authority gave: the node's certificate and the roots to trust.

use std::sync::Arc;

use muster_proto::v1;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::state::Enrolment;
use super::tls::algorithms::provider;
use super::tls::pinned::has_key;

/// A certificate chain that is for this node's key and leads up to its roots.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    chain: Vec<CertificateDer<'static>>,
    roots: Vec<CertificateDer<'static>>,
    validity: Validity,
}

/// When a certificate is good, in seconds since 1970, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before_unix_s: i64,
    pub(crate) not_after_unix_s: i64,
}

/// Why what was given cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("there is no certificate in it")]
    Nothing,
    #[error("a certificate in it cannot be read")]
    Unreadable,
    #[error("its certificate is for another key than this node's")]
    OtherKey,
    #[error("its certificate does not lead up to its roots")]
    Untrusted { source: rustls::Error },
}

impl Credentials {
    /// Checks what a controller issued for the key with `public_key` (SPKI in DER).
    pub(crate) fn issued(
        issued: &v1::Issued,
        public_key: &[u8],
        now: UnixTime,
    ) -> Result<Self, CredentialsError> {
        let owned = |der: &Vec<u8>| CertificateDer::from(der.clone());
        let chain: Vec<_> = issued.certificate_chain.iter().map(owned).collect();
        let roots: Vec<_> = issued.roots.iter().map(owned).collect();
        let credentials = Self::of(chain, roots, public_key)?;
        credentials.verify(now)?;
        Ok(credentials)
    }

    /// What was kept. It may have expired since.
    pub(crate) fn kept(enrolment: &Enrolment, public_key: &[u8]) -> Result<Self, CredentialsError> {
        Self::of(
            of_pem(&enrolment.chain)?,
            of_pem(&enrolment.roots)?,
            public_key,
        )
    }

    fn of(
        chain: Vec<CertificateDer<'static>>,
        roots: Vec<CertificateDer<'static>>,
        public_key: &[u8],
    ) -> Result<Self, CredentialsError> {
        let first = chain.first().ok_or(CredentialsError::Nothing)?;
        let parsed =
            ParsedCertificate::try_from(first).map_err(|_| CredentialsError::Unreadable)?;
        if parsed.subject_public_key_info().as_ref() != public_key {
            return Err(CredentialsError::OtherKey);
        }
        let validity = validity(first)?;
        Ok(Self {
            chain,
            roots,
            validity,
        })
    }

    /// As a server will verify it.
    fn verify(&self, now: UnixTime) -> Result<(), CredentialsError> {
        let untrusted = |source| CredentialsError::Untrusted { source };
        let (first, others) = self.chain.split_first().ok_or(CredentialsError::Nothing)?;
        let mut roots = RootCertStore::empty();
        for root in &self.roots {
            roots.add(root.clone()).map_err(untrusted)?;
        }
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|_| CredentialsError::Nothing)?
            .verify_client_cert(first, others, now)
            .map_err(untrusted)?;
        Ok(())
    }

    /// The node's certificate, then up to the authority's.
    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Roots to trust.
    pub(crate) fn roots(&self) -> &[CertificateDer<'static>] {
        &self.roots
    }

    /// Whether one of the roots has the public key (SPKI) with this SHA-256.
    pub(crate) fn has_root(&self, pin: &[u8; 32]) -> bool {
        self.roots.iter().any(|root| has_key(root, pin))
    }

    /// When the node's certificate is good.
    pub(crate) fn validity(&self) -> Validity {
        self.validity
    }

    /// To be kept; `controller` is who gave it.
    pub(crate) fn to_enrolment(&self, controller: String) -> Enrolment {
        let pem = |certificates: &[CertificateDer<'_>]| certificates.iter().map(to_pem).collect();
        Enrolment::new(pem(&self.chain), pem(&self.roots), controller)
    }
}

impl Validity {
    /// Whether it has ended.
    pub(crate) fn has_ended(self, now: UnixTime) -> bool {
        i64::try_from(now.as_secs()).is_ok_and(|now| now > self.not_after_unix_s)
    }
}

/// When the certificate that was kept is good.
pub(crate) fn validity_of(enrolment: &Enrolment) -> Result<Validity, CredentialsError> {
    let chain = of_pem(&enrolment.chain)?;
    validity(chain.first().ok_or(CredentialsError::Nothing)?)
}

fn validity(certificate: &CertificateDer<'_>) -> Result<Validity, CredentialsError> {
    let (_, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| CredentialsError::Unreadable)?;
    Ok(Validity {
        not_before_unix_s: parsed.validity().not_before.timestamp(),
        not_after_unix_s: parsed.validity().not_after.timestamp(),
    })
}

fn of_pem(texts: &[String]) -> Result<Vec<CertificateDer<'static>>, CredentialsError> {
    let parsed = texts
        .iter()
        .map(|text| CertificateDer::from_pem_slice(text.as_bytes()));
    let parsed: Result<Vec<_>, _> = parsed.collect();
    parsed.map_err(|_| CredentialsError::Unreadable)
}

/// As in RFC 7468.
fn to_pem(certificate: &CertificateDer<'_>) -> String {
    pem::encode_config(
        &pem::Pem::new("CERTIFICATE", certificate.to_vec()),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}

#[cfg(test)]
mod tests {
    use rcgen::KeyPair;
    use rcgen::PublicKeyData as _;
    use time::Duration;

    use super::*;
    use crate::daemon::tls::testing::Authority;

    fn request(key: &KeyPair) -> Vec<u8> {
        let params = rcgen::CertificateParams::default();
        params.serialize_request(key).unwrap().der().to_vec()
    }

    fn issue(authority: &Authority, key: &KeyPair, life: Duration) -> v1::Issued {
        let chain = authority.node(&request(key), life);
        v1::Issued {
            certificate_chain: chain.iter().map(|der| der.to_vec()).collect(),
            roots: vec![authority.root.to_vec()],
        }
    }

    fn refusal(issued: &v1::Issued, key: &KeyPair) -> String {
        let public_key = key.subject_public_key_info();
        let refused = Credentials::issued(issued, &public_key, UnixTime::now());
        refused.unwrap_err().to_string()
    }

    #[test]
    fn what_was_issued_is_kept_and_found_again() {
        let (authority, key) = (Authority::new(), KeyPair::generate().unwrap());
        let issued = issue(&authority, &key, Duration::DAY);
        let public_key = key.subject_public_key_info();
        let now = UnixTime::now();
        let credentials = Credentials::issued(&issued, &public_key, now).unwrap();
        let enrolment = credentials.to_enrolment("c1:7443".to_owned());
        let kept = Credentials::kept(&enrolment, &public_key).unwrap();
        assert_eq!(kept.chain(), credentials.chain());
        assert_eq!(kept.roots(), std::slice::from_ref(&authority.root));
        assert!(kept.has_root(&authority.pin()));
        assert!(!kept.has_root(&Authority::new().pin()));
        assert!(!kept.validity().has_ended(now));
        let later =
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(now.as_secs() + 90_000));
        assert!(kept.validity().has_ended(later));
    }

    #[test]
    fn what_is_not_for_this_node_is_refused() {
        let (authority, key) = (Authority::new(), KeyPair::generate().unwrap());
        let issued = issue(&authority, &key, Duration::DAY);
        let other = refusal(&issued, &KeyPair::generate().unwrap());
        assert!(other.contains("another key"), "{other}");
        let foreign = v1::Issued {
            roots: vec![Authority::new().root.to_vec()],
            ..issued.clone()
        };
        assert!(refusal(&foreign, &key).contains("does not lead up"));
        let expired = issue(&authority, &key, -Duration::DAY);
        assert!(refusal(&expired, &key).contains("does not lead up"));
        assert!(refusal(&v1::Issued::default(), &key).contains("no certificate"));
        let garbage = v1::Issued {
            certificate_chain: vec![vec![1, 2, 3]],
            ..issued
        };
        assert!(refusal(&garbage, &key).contains("cannot be read"));
    }
}
