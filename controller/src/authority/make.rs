//! How certificates are made.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, SerialNumber, SubjectPublicKeyInfo,
};
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use super::{AuthorityError, CreatedKeys};
use crate::hex::hex;
use crate::record::UnixMs;

/// How long what is issued is good for.
const ROOT_LIFE: Duration = Duration::days(3650);
const INTERMEDIATE_LIFE: Duration = Duration::days(1095);
/// The clocks of nodes may be behind by so much.
const BACKDATED: Duration = Duration::minutes(10);

/// A root, and the intermediates below it down to the one that signs.
pub(super) struct Line {
    pub(super) root: CertificateDer<'static>,
    /// The one that signs comes first; the root is not among them.
    pub(super) intermediates: Vec<CertificateDer<'static>>,
    /// SHA-256 of the root's public key (SPKI).
    pub(super) pin: [u8; 32],
    pub(super) issuer: Issuer<'static, KeyPair>,
}

impl Line {
    /// A new root of that name with an intermediate.
    pub(super) fn create(name: &str, now: UnixMs) -> Result<(Self, CreatedKeys), AuthorityError> {
        let root_key = KeyPair::generate()?;
        let root = ca(name, now, ROOT_LIFE, None)?
            .self_signed(&root_key)?
            .der()
            .clone();
        let root_issuer = Issuer::from_ca_cert_der(&root, &root_key)?;
        let key = KeyPair::generate()?;
        let intermediate = ca("muster intermediate", now, INTERMEDIATE_LIFE, Some(0))?
            .signed_by(&key, &root_issuer)?
            .der()
            .clone();
        let keys = CreatedKeys {
            root: root_key.serialize_pem().into(),
            intermediate: key.serialize_pem().into(),
        };
        Ok((Self::of(root, vec![intermediate], key)?, keys))
    }

    /// The one that signs is the first intermediate, or the root itself where there is none.
    pub(super) fn of(
        root: CertificateDer<'static>,
        intermediates: Vec<CertificateDer<'static>>,
        key: KeyPair,
    ) -> Result<Self, AuthorityError> {
        let signing = intermediates.first().unwrap_or(&root);
        Ok(Self {
            pin: pin(&root)?,
            issuer: Issuer::from_ca_cert_der(signing, key)?,
            root,
            intermediates,
        })
    }
}

/// The same root signed by another one, so that whoever trusts that one trusts this one too.
pub(super) fn cross_sign(
    root: &Line,
    by: &Line,
    by_key: &Zeroizing<String>,
    now: UnixMs,
) -> Result<CertificateDer<'static>, AuthorityError> {
    let signer = Issuer::from_ca_cert_der(&by.root, KeyPair::from_pem(by_key)?)?;
    let (_, parsed) = X509Certificate::from_der(&root.root)
        .map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
    let key = SubjectPublicKeyInfo::from_der(parsed.public_key().raw)?;
    let names = parsed.subject().iter_common_name();
    let name: Vec<&str> = names.filter_map(|name| name.as_str().ok()).collect();
    let params = ca(&name.concat(), now, ROOT_LIFE, None)?;
    Ok(params.signed_by(&key, &signer)?.der().clone())
}

/// What a certificate has that is no authority's.
pub(super) fn leaf(
    name: &str,
    now: UnixMs,
    life: Duration,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    // Never by much of its life: nodes renew by the share of it that is over.
    params.not_before = instant(now)? - BACKDATED.min(life / 10);
    params.not_after = instant(now)? + life;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// A random serial number, positive and of 16 bytes (RFC 5280, 4.1.2.2), and the same as hex.
pub(super) fn serial() -> Result<(SerialNumber, String), rcgen::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| rcgen::Error::RingUnspecified)?;
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    Ok((SerialNumber::from_slice(&bytes), hex(&bytes)))
}

/// Whether the key is the certificate's.
pub(super) fn is_of(key: &KeyPair, certificate: &X509Certificate<'_>) -> bool {
    key.subject_public_key_info() == certificate.public_key().raw
}

fn ca(
    name: &str,
    now: UnixMs,
    life: Duration,
    below: Option<u8>,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.not_before = instant(now)? - BACKDATED;
    params.not_after = instant(now)? + life;
    params.is_ca = IsCa::Ca(match below {
        Some(below) => BasicConstraints::Constrained(below),
        None => BasicConstraints::Unconstrained,
    });
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial()?.0);
    Ok(params)
}

fn pin(root: &CertificateDer<'_>) -> Result<[u8; 32], AuthorityError> {
    let (_, root) =
        X509Certificate::from_der(root).map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
    Ok(Sha256::digest(root.public_key().raw).into())
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn instant(at: UnixMs) -> Result<OffsetDateTime, AuthorityError> {
    OffsetDateTime::from_unix_timestamp(at / 1000).map_err(|_| AuthorityError::Time { at })
}
