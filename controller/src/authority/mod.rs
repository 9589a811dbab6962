//! The certificate authority: a root, an intermediate that signs, and what they issue.
//!
//! Map: this file is the authority and what it issues; `make` makes certificates; `files` keeps it on disk;
//! `rotation` replaces the root; `seal` signs what nodes install; `brought` takes an authority that the user has.
//!
//! The root's key signs intermediates alone. Nodes pin the root by the SHA-256 of its public key (SPKI), so that
//! an intermediate can be replaced without telling them. Keys are ECDSA on P-256; every certificate has a
//! random serial number of 128 bits.

mod brought;
mod files;
mod make;
mod rotation;
mod seal;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rcgen::{
    CertificateSigningRequestParams, ExtendedKeyUsagePurpose, KeyPair, PublicKeyData as _, SanType,
};
use rustls::pki_types::{
    CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};
use sha2::{Digest as _, Sha256};
use time::Duration;

pub use brought::{BroughtError, bring};
pub use files::{FilesError, open_or_create, remember};
pub use rotation::{RotationError, Shown};
pub use seal::Seal;

use self::make::{Line, leaf, serial};
use crate::bucket::Bucket;
use crate::hex::hex;
use crate::peer::Peer;
use crate::record::UnixMs;
use crate::succession::Term;

/// How long the controller's own certificate is good for; another is made when two thirds of it have passed.
const SERVER_LIFE: Duration = Duration::days(90);

/// Issues certificates.
pub struct Authority {
    held: RwLock<Arc<Held>>,
    /// Where it is kept, when it is this controller's own.
    folder: Option<PathBuf>,
    /// Held while the root is replaced.
    changing: Mutex<()>,
    /// How many nodes were asked of late to have their certificates renewed.
    asked: Mutex<Bucket>,
}

/// What it has at one time.
struct Held {
    /// Counted up by each change.
    version: u64,
    /// What signs.
    signing: Arc<Line>,
    /// While the root is replaced, the one before.
    old: Option<Old>,
}

/// A root that is being replaced.
struct Old {
    line: Arc<Line>,
    /// The new root signed by the old one, so that whoever trusts the old one trusts the controller. Without
    /// it, the controller shows the old line until the end.
    cross: Option<CertificateDer<'static>>,
}

/// A certificate for a public key that somebody else made.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate, then the intermediate.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its serial number, as hex.
    pub serial: String,
    /// The pin of the root above it, as hex.
    pub root: String,
    /// How long it is good.
    pub term: Term,
}

/// A certificate with its key.
pub struct KeyedChain {
    /// The certificate, the intermediates, the root (so that a node that knows but a pin can find it); while the
    /// root is replaced, the new root signed by the old one and the old one.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its private key.
    pub key: PrivateKeyDer<'static>,
    /// When another should be made.
    pub renew_at: UnixMs,
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
    /// Makes a root and an intermediate, kept in memory alone. The root's key is in the result, and nowhere else.
    ///
    /// # Errors
    /// The system gives no randomness, or `now` is out of range.
    pub fn create(now: UnixMs) -> Result<(Self, CreatedKeys), AuthorityError> {
        let (line, keys) = Line::create("muster root", now)?;
        Ok((Self::of(line, None, None), keys))
    }

    fn of(signing: Line, old: Option<Old>, folder: Option<PathBuf>) -> Self {
        let held = Held {
            version: 0,
            signing: Arc::new(signing),
            old,
        };
        Self {
            held: RwLock::new(Arc::new(held)),
            folder,
            changing: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    /// What nodes trust: one root, or two while it is replaced.
    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        let held = self.held();
        held.lines().map(|line| line.root.clone()).collect()
    }

    /// SHA-256 of the public key (SPKI) of the root that the controller shows: what join tokens pin.
    pub fn pin(&self) -> [u8; 32] {
        self.held().shown().pin
    }

    /// Counted up whenever what it trusts or shows changes.
    pub fn version(&self) -> u64 {
        self.held().version
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
        let held = self.held();
        let Request(mut request) = request;
        let (serial, text) = serial()?;
        let life = Duration::try_from(life).map_err(|_| AuthorityError::Time { at: now })?;
        let mut params = leaf(peer.name(), now, life)?;
        params.subject_alt_names = vec![SanType::URI(peer.uri().try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(serial);
        let term = Term {
            begins: params.not_before.unix_timestamp().saturating_mul(1000),
            ends: params.not_after.unix_timestamp().saturating_mul(1000),
        };
        request.params = params;
        let certificate = request.signed_by(&held.signing.issuer)?;
        let mut chain = vec![certificate.der().clone()];
        chain.extend(held.signing.intermediates.iter().cloned());
        Ok(Issued {
            chain,
            serial: text,
            root: hex(&held.signing.pin),
            term,
        })
    }

    /// A certificate for the controller itself under these names and addresses, with a new key.
    ///
    /// # Errors
    /// A name is none, or it could not be signed.
    pub fn server(&self, names: &[String], now: UnixMs) -> Result<KeyedChain, AuthorityError> {
        let held = self.held();
        let line = held.shown();
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
        let certificate = params.signed_by(&key, &line.issuer)?;
        let mut chain = vec![certificate.der().clone()];
        chain.extend(line.intermediates.iter().cloned());
        chain.push(line.root.clone());
        chain.extend(held.bridge());
        let life_ms = SERVER_LIFE.whole_milliseconds();
        Ok(KeyedChain {
            chain,
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            renew_at: now + UnixMs::try_from(life_ms * 2 / 3).unwrap_or(0),
        })
    }

    fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, signing: Arc<Line>, old: Option<Old>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let version = held.version + 1;
        *held = Arc::new(Held {
            version,
            signing,
            old,
        });
    }
}

impl Held {
    /// The one that signs first.
    fn lines(&self) -> impl Iterator<Item = &Arc<Line>> {
        std::iter::once(&self.signing).chain(self.old.iter().map(|old| &old.line))
    }

    /// What the controller shows of itself.
    fn shown(&self) -> &Line {
        match &self.old {
            Some(old) if old.cross.is_none() => &old.line,
            _ => &self.signing,
        }
    }

    /// What leads from the old root to the new one, and the old one itself for those who know but its pin.
    fn bridge(&self) -> Vec<CertificateDer<'static>> {
        let old = self.old.as_ref();
        let bridge = old.and_then(|old| Some([old.cross.clone()?, old.line.root.clone()]));
        bridge.into_iter().flatten().collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_two_digits() {
        assert_eq!(hex(&[0, 0x0a, 0xff]), "000aff");
    }
}
