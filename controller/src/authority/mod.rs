//! The certificate authority: a root, an intermediate that signs, and what they issue.
//!
//! Map: this file is the authority and what it issues; `files` keeps it on disk.
//!
//! The root's key signs intermediates alone. Nodes pin the root by the SHA-256 of its public key (SPKI), so that
//! an intermediate can be replaced without telling them. Keys are ECDSA on P-256; every certificate has a
//! random serial number of 128 bits.

mod files;

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
    SanType, SerialNumber,
};
use rustls::pki_types::{
    CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

pub use files::{FilesError, open_or_create};

use crate::peer::Peer;
use crate::record::UnixMs;

/// How long what is issued is good for.
const ROOT_LIFE: Duration = Duration::days(3650);
const INTERMEDIATE_LIFE: Duration = Duration::days(1095);
/// A server's certificate is made anew with each start.
const SERVER_LIFE: Duration = Duration::days(90);
/// The clocks of nodes may be behind by so much.
const BACKDATED: Duration = Duration::minutes(10);

/// Issues certificates.
pub struct Authority {
    root: CertificateDer<'static>,
    intermediate: CertificateDer<'static>,
    pin: [u8; 32],
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate for a public key that somebody else made.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate, then the intermediate.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its serial number, as hex.
    pub serial: String,
}

/// A certificate with its key.
pub struct KeyedChain {
    /// The certificate, the intermediate, the root (so that a node that knows but a pin can find it).
    pub chain: Vec<CertificateDer<'static>>,
    /// Its private key.
    pub key: PrivateKeyDer<'static>,
}

/// Why a certificate cannot be issued.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The request is no PKCS #10 request, its signature is wrong, or its key is of a kind that is not used.
    #[error("the certificate request is not valid")]
    Request {
        /// Why.
        source: rcgen::Error,
    },
    /// It could not be signed.
    #[error("a certificate could not be made")]
    Sign {
        /// Why.
        #[from]
        source: rcgen::Error,
    },
    /// A time out of range.
    #[error("the time {at} ms is out of range")]
    Time {
        /// Milliseconds since 1970.
        at: UnixMs,
    },
}

/// A public key that asks for a certificate, and has proved that it has the private one.
pub struct Request(CertificateSigningRequestParams);

impl Request {
    /// Takes a PKCS #10 request in DER and checks its signature. Whatever names it asks for do not count.
    ///
    /// # Errors
    /// It is none, or the signature is wrong.
    pub fn parse(der: &[u8]) -> Result<Self, AuthorityError> {
        let der = CertificateSigningRequestDer::from(der.to_vec());
        CertificateSigningRequestParams::from_der(&der)
            .map(Self)
            .map_err(|source| AuthorityError::Request { source })
    }

    /// SHA-256 of its public key (SPKI), as hex.
    pub fn key_digest(&self) -> String {
        hex(&Sha256::digest(self.0.public_key.subject_public_key_info()))
    }
}

impl Authority {
    /// Makes a root and an intermediate. The root's key is in the result, and nowhere else.
    ///
    /// # Errors
    /// The system gives no randomness, or `now` is out of range.
    pub fn create(now: UnixMs) -> Result<(Self, CreatedKeys), AuthorityError> {
        let root_key = KeyPair::generate()?;
        let root_params = ca("muster root", now, ROOT_LIFE, None)?;
        let root = root_params.self_signed(&root_key)?.der().clone();
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
        Ok((Self::of(root, intermediate, key)?, keys))
    }

    fn of(
        root: CertificateDer<'static>,
        intermediate: CertificateDer<'static>,
        key: KeyPair,
    ) -> Result<Self, AuthorityError> {
        let issuer = Issuer::from_ca_cert_der(&intermediate, key)?;
        Ok(Self {
            pin: pin(&root)?,
            root,
            intermediate,
            issuer,
        })
    }

    /// What nodes trust.
    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        vec![self.root.clone()]
    }

    /// SHA-256 of the root's public key (SPKI): what join tokens pin.
    pub fn pin(&self) -> [u8; 32] {
        self.pin
    }

    /// Issues a certificate by which its owner is known as `peer`, good for `life`.
    ///
    /// # Errors
    /// It could not be signed.
    pub fn issue(
        &self,
        request: Request,
        peer: &Peer,
        now: UnixMs,
        life: std::time::Duration,
    ) -> Result<Issued, AuthorityError> {
        let Request(mut request) = request;
        let (serial, text) = serial()?;
        let life = Duration::try_from(life).map_err(|_| AuthorityError::Time { at: now })?;
        let mut params = leaf(peer.name(), now, life)?;
        params.subject_alt_names = vec![SanType::URI(peer.uri().try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(serial);
        request.params = params;
        let certificate = request.signed_by(&self.issuer)?;
        Ok(Issued {
            chain: vec![certificate.der().clone(), self.intermediate.clone()],
            serial: text,
        })
    }

    /// A certificate for the controller itself under these names and addresses, with a new key.
    ///
    /// # Errors
    /// A name is none, or it could not be signed.
    pub fn server(&self, names: &[String], now: UnixMs) -> Result<KeyedChain, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = leaf("muster-controller", now, SERVER_LIFE)?;
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse::<IpAddr>() {
                Ok(address) => Ok(SanType::IpAddress(address)),
                Err(_) => Ok(SanType::DnsName(name.as_str().try_into()?)),
            })
            .collect::<Result<_, rcgen::Error>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.serial_number = Some(serial()?.0);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(KeyedChain {
            chain: vec![
                certificate.der().clone(),
                self.intermediate.clone(),
                self.root.clone(),
            ],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Authority")
    }
}

/// The private keys of a new authority in PEM.
pub struct CreatedKeys {
    /// Can be taken off line: it is needed to make another intermediate alone.
    pub root: zeroize::Zeroizing<String>,
    /// What signs.
    pub intermediate: zeroize::Zeroizing<String>,
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

fn leaf(name: &str, now: UnixMs, life: Duration) -> Result<CertificateParams, AuthorityError> {
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

/// A random serial number, positive and of 16 bytes (RFC 5280, 4.1.2.2), and the same as hex.
fn serial() -> Result<(SerialNumber, String), rcgen::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| rcgen::Error::RingUnspecified)?;
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    Ok((SerialNumber::from_slice(&bytes), hex(&bytes)))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
