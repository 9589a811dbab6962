//! An authority that the user has: a chain from the certificate that signs up to its root, and its key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use rustls::server::WebPkiClientVerifier;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use super::make::{Line, is_of};
use super::{Authority, AuthorityError, Request};
use crate::peer::Peer;
use crate::record::UnixMs;

/// Why an authority that was brought cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BroughtError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no certificate in it.
    #[error("{path} holds no certificates in PEM")]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// There is no key in it.
    #[error(
        "{path} holds no private key in PEM that can be used: PKCS #8, ECDSA on P-256 or P-384, Ed25519 or RSA"
    )]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// The key is another one's.
    #[error(
        "the private key is not that of the first certificate ({subject}); the certificate that signs comes first, then those above it, the root last"
    )]
    OtherKey {
        /// Of the first certificate.
        subject: String,
    },
    /// One is no authority's.
    #[error("{subject} may not sign certificates: {why}")]
    NotAuthority {
        /// Whose.
        subject: String,
        /// What it lacks.
        why: &'static str,
    },
    /// One is not good now.
    #[error("{subject} is {when}: it is good from {from} to {to}")]
    NotNow {
        /// Whose.
        subject: String,
        /// `not good yet` or `expired`.
        when: &'static str,
        /// From when.
        from: String,
        /// Until when.
        to: String,
    },
    /// The chain does not end in a root.
    #[error(
        "the last certificate ({subject}) is no root: its issuer is {issuer}; add the certificates up to the root, which nodes pin"
    )]
    NoRoot {
        /// Of the last one.
        subject: String,
        /// Who issued it.
        issuer: String,
    },
    /// One may not have so many below it.
    #[error("{subject} permits {permitted} authorities below it, and there are {below}")]
    PathLength {
        /// Whose.
        subject: String,
        /// How many it permits.
        permitted: u32,
        /// How many there are.
        below: usize,
    },
    /// What it would issue is not valid.
    #[error(
        "{what} that it issues is not valid: a signature in the chain, its name constraints or its extended key usages may not permit it"
    )]
    Trial {
        /// What was tried.
        what: String,
        /// Why it is not.
        source: rustls::Error,
    },
    /// It cannot issue.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// What checks it cannot be set up.
    #[error("the root cannot be used")]
    Root {
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// Takes an authority from a file with a chain and one with a key, and tries whether it can issue a certificate to
/// the controller under `names` and to a node.
///
/// # Errors
/// Why it cannot be used.
pub fn bring(
    chain: &Path,
    key: &Path,
    names: &[String],
    now: UnixMs,
) -> Result<Authority, BroughtError> {
    let certificates: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(read(chain)?.as_bytes()).collect();
    let none = || BroughtError::NoCertificate {
        path: chain.to_owned(),
    };
    let mut certificates = certificates.map_err(|_| none())?;
    let text = read(key)?;
    let pair = KeyPair::from_pem(&text).map_err(|_| BroughtError::NoKey {
        path: key.to_owned(),
    })?;
    check(&certificates, &pair, now).map_err(|error| error.unwrap_or_else(none))?;
    let root = certificates.pop().ok_or_else(none)?;
    let line = Line::of(root, certificates, pair)?;
    let authority = Authority::of(line, None, None);
    try_it(&authority, names, now)?;
    Ok(authority)
}

#[allow(
    clippy::disallowed_methods,
    reason = "what the operator names, not the host"
)]
fn read(path: &Path) -> Result<Zeroizing<String>, BroughtError> {
    let read = std::fs::read_to_string(path).map(Zeroizing::new);
    read.map_err(|source| BroughtError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Each certificate by itself, so that what is wrong is told in plain words. `None`: one cannot be read.
fn check(
    certificates: &[CertificateDer<'_>],
    key: &KeyPair,
    now: UnixMs,
) -> Result<(), Option<BroughtError>> {
    let parsed = certificates
        .iter()
        .map(|der| X509Certificate::from_der(der).map(|(_, parsed)| parsed));
    let parsed: Result<Vec<_>, _> = parsed.collect();
    let parsed = parsed.map_err(|_| None)?;
    let (Some(first), Some(last)) = (parsed.first(), parsed.last()) else {
        return Err(None);
    };
    let subject = |certificate: &X509Certificate<'_>| certificate.subject().to_string();
    if !is_of(key, first) {
        let subject = subject(first);
        return Err(Some(BroughtError::OtherKey { subject }));
    }
    for (below, certificate) in parsed.iter().enumerate() {
        may_sign(certificate, below)?;
        is_good(certificate, now)?;
    }
    if last.subject() != last.issuer() {
        return Err(Some(BroughtError::NoRoot {
            subject: subject(last),
            issuer: last.issuer().to_string(),
        }));
    }
    Ok(())
}

fn may_sign(certificate: &X509Certificate<'_>, below: usize) -> Result<(), BroughtError> {
    let subject = certificate.subject().to_string();
    let basic = certificate.basic_constraints().ok().flatten();
    let Some(basic) = basic.filter(|basic| basic.value.ca) else {
        let why = "its basic constraints do not say that it is an authority";
        return Err(BroughtError::NotAuthority { subject, why });
    };
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        let why = "its key usage does not have keyCertSign";
        return Err(BroughtError::NotAuthority { subject, why });
    }
    match basic.value.path_len_constraint {
        Some(permitted) if usize::try_from(permitted).is_ok_and(|permitted| permitted < below) => {
            Err(BroughtError::PathLength {
                subject,
                permitted,
                below,
            })
        }
        _ => Ok(()),
    }
}

fn is_good(certificate: &X509Certificate<'_>, now: UnixMs) -> Result<(), BroughtError> {
    let validity = certificate.validity();
    let when = match now / 1000 {
        now if now < validity.not_before.timestamp() => "not good yet",
        now if now > validity.not_after.timestamp() => "expired",
        _ => return Ok(()),
    };
    Err(BroughtError::NotNow {
        subject: certificate.subject().to_string(),
        when,
        from: validity.not_before.to_string(),
        to: validity.not_after.to_string(),
    })
}

/// As nodes will verify the controller, and the controller its nodes.
fn try_it(authority: &Authority, names: &[String], now: UnixMs) -> Result<(), BroughtError> {
    let mut roots = RootCertStore::empty();
    for root in authority.roots() {
        roots
            .add(root)
            .map_err(|source| BroughtError::Root { source })?;
    }
    let roots = Arc::new(roots);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let seconds = u64::try_from(now / 1000).unwrap_or(0);
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let trial = |what: String| move |source| BroughtError::Trial { what, source };
    let general = |error: rustls::server::VerifierBuilderError| BroughtError::Root {
        source: rustls::Error::General(error.to_string()),
    };

    let server = authority.server(names, now)?;
    let (first, others) = server.chain.split_first().unwrap_or((&EMPTY, &[]));
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
    let verifier = verifier.build().map_err(general)?;
    for name in names {
        let what = format!("the controller's certificate for {name}");
        let server_name = ServerName::try_from(name.as_str())
            .map_err(|error| rustls::Error::General(error.to_string()));
        server_name
            .and_then(|name| verifier.verify_server_cert(first, others, &name, &[], at))
            .map_err(trial(what))?;
    }

    let key = KeyPair::generate().map_err(AuthorityError::from)?;
    let request = CertificateParams::default().serialize_request(&key);
    let request = Request::parse(request.map_err(AuthorityError::from)?.der())?;
    let node = Peer::Node("00000000000000000000000000000000".to_owned());
    let issued = authority.issue(request, &node, now, std::time::Duration::from_secs(3600))?;
    let (first, others) = issued.chain.split_first().unwrap_or((&EMPTY, &[]));
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
    let verifier = verifier.build().map_err(general)?;
    let verified = verifier.verify_client_cert(first, others, at);
    verified.map_err(trial("a node's certificate".to_owned()))?;
    Ok(())
}

/// A chain has a first certificate.
static EMPTY: CertificateDer<'static> = CertificateDer::from_slice(&[]);

#[cfg(test)]
mod tests;
