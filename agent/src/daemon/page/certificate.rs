//! How the page shows itself: with the operator's certificate, or one that it signs itself.
//!
//! A key is made once and kept; the certificate is made anew when a name or an address is not in it, or its end is near.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::TLS13;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::settings::Material;
use crate::daemon::state::files;
use crate::daemon::state::{PAGE_CERTIFICATE as CERTIFICATE, PAGE_KEY as KEY, StateError};
use crate::daemon::tls::provider;

const LIFE: Duration = Duration::days(365);
const RENEWED_BEFORE: Duration = Duration::days(30);
/// Clocks differ.
const BACKDATED: Duration = Duration::days(1);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificateError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("there is no {path}, which [page] of the configuration names")]
    Missing { path: PathBuf },
    #[error("{path} holds no {what} in PEM")]
    NoPem { path: PathBuf, what: &'static str },
    #[error("the page's certificate cannot be made")]
    Make(#[from] rcgen::Error),
    #[error("certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
}

/// What a handshake needs.
#[derive(Debug)]
pub(super) struct Certificate {
    config: Arc<ServerConfig>,
    fingerprint: String,
}

impl Certificate {
    /// The operator's. They are read anew each time, so that one that was renewed counts.
    pub(super) fn of_files(material: &Material) -> Result<Self, CertificateError> {
        let Material { certificate, key } = material;
        let chain = chain(certificate, &read(certificate)?)?;
        Self::of(chain, private(key, &read(key)?)?)
    }

    /// The agent's own, for these names; made where it is not there, or not good any more.
    pub(super) fn of_state(
        folder: &Path,
        names: &BTreeSet<String>,
    ) -> Result<Self, CertificateError> {
        let (key_path, path) = (folder.join(KEY), folder.join(CERTIFICATE));
        let key = match files::read(&key_path)? {
            Some(key) => key,
            None => {
                let made = KeyPair::generate()?.serialize_pem().into_bytes();
                files::write(&key_path, &made, 0o600)?;
                made.into()
            }
        };
        let kept = files::read(&path)?.and_then(|pem| chain(&path, &pem).ok());
        let kept = kept.filter(|chain| chain.first().is_some_and(|it| is_good(it, names)));
        if let Some(chain) = kept
            && let Ok(certificate) = Self::of(chain, private(&key_path, &key)?)
        {
            return Ok(certificate);
        }
        let made = make(&key_path, &key, names)?;
        files::write(&path, made.as_bytes(), 0o644)?;
        Self::of(chain(&path, made.as_bytes())?, private(&key_path, &key)?)
    }

    fn of(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CertificateError> {
        let fingerprint = chain.first().map(|it| fingerprint(it)).unwrap_or_default();
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // What is kept for each visitor to come back faster is memory that visitors fill.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            config: Arc::new(config),
            fingerprint,
        })
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// SHA-256 of the certificate as browsers show it: `AB:CD:…`.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

fn fingerprint(certificate: &[u8]) -> String {
    let digest = Sha256::digest(certificate);
    let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

fn read(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, CertificateError> {
    files::read(path)?.ok_or_else(|| CertificateError::Missing {
        path: path.to_owned(),
    })
}

fn chain(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(CertificateError::NoPem {
            path: path.to_owned(),
            what: "certificate",
        }),
    }
}

fn private(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| CertificateError::NoPem {
        path: path.to_owned(),
        what: "private key",
    })
}

/// In PEM. A name that no certificate can have is left out.
fn make(path: &Path, key: &[u8], names: &BTreeSet<String>) -> Result<String, CertificateError> {
    let unusable = || CertificateError::NoPem {
        path: path.to_owned(),
        what: "private key",
    };
    let text = std::str::from_utf8(key).map_err(|_| unusable())?;
    let key = KeyPair::from_pem(text).map_err(|_| unusable())?;
    let fit = names.iter().filter(|name| fits(name)).cloned();
    let mut params = CertificateParams::new(fit.collect::<Vec<String>>())?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "muster");
    params.distinguished_name = name;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = OffsetDateTime::now_utc();
    params.not_before = now - BACKDATED;
    params.not_after = now + LIFE;
    Ok(params.self_signed(&key)?.pem())
}

/// An address, or a name of DNS (RFC 1123, section 2.1).
fn fits(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    !name.is_empty() && name.len() <= 253 && name.bytes().all(is_letter)
}

/// Whether it names all of `names`, and lasts for a while yet.
fn is_good(certificate: &[u8], names: &BTreeSet<String>) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    let ends = certificate.validity().not_after.timestamp();
    let begins = certificate.validity().not_before.timestamp();
    let now = OffsetDateTime::now_utc();
    let lasts = begins <= now.unix_timestamp() && ends > (now + RENEWED_BEFORE).unix_timestamp();
    let inside = names_in(&certificate);
    lasts
        && names
            .iter()
            .filter(|name| fits(name))
            .all(|name| inside.contains(name))
}

fn names_in(certificate: &X509Certificate<'_>) -> BTreeSet<String> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    let names = extension
        .iter()
        .flat_map(|names| &names.value.general_names);
    let texts = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    });
    texts.collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from);
    v4.or_else(|_| v6()).ok().map(|address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn content(folder: &Path, name: &str) -> Vec<u8> {
        files::read(&folder.join(name)).unwrap().unwrap().to_vec()
    }

    #[test]
    fn a_certificate_is_made_once_for_all_names() {
        let folder = tempfile::tempdir().unwrap();
        let two = names(&["node-7", "192.0.2.7", "2001:db8::7", "no name at all"]);
        let first = Certificate::of_state(folder.path(), &two).unwrap();
        assert_eq!(first.fingerprint().len(), 95);
        let again = Certificate::of_state(folder.path(), &two).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        let fewer = Certificate::of_state(folder.path(), &names(&["node-7"])).unwrap();
        assert_eq!(first.fingerprint(), fewer.fingerprint());
        let pem = content(folder.path(), CERTIFICATE);
        let made = chain(Path::new("x"), &pem).unwrap();
        let (_, made) = X509Certificate::from_der(&made[0]).unwrap();
        let inside = names_in(&made);
        assert_eq!(inside, names(&["node-7", "192.0.2.7", "2001:db8::7"]));
        let key = folder.path().join(KEY);
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_new_address_makes_another_certificate_of_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let first = Certificate::of_state(folder.path(), &names(&["node-7"])).unwrap();
        let key = content(folder.path(), KEY);
        let more = names(&["node-7", "192.0.2.8"]);
        let second = Certificate::of_state(folder.path(), &more).unwrap();
        assert_ne!(first.fingerprint(), second.fingerprint());
        assert_eq!(content(folder.path(), KEY), key);
    }

    #[test]
    fn the_operators_own_is_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let own = Certificate::of_state(folder.path(), &names(&["node-7"])).unwrap();
        let material = Material {
            certificate: folder.path().join(CERTIFICATE),
            key: folder.path().join(KEY),
        };
        let taken = Certificate::of_files(&material).unwrap();
        assert_eq!(taken.fingerprint(), own.fingerprint());
        let swapped = Material {
            certificate: material.key.clone(),
            key: material.certificate.clone(),
        };
        let refused = Certificate::of_files(&swapped).unwrap_err().to_string();
        assert!(refused.contains("holds no certificate"), "{refused}");
        let gone = Material {
            certificate: folder.path().join("gone.pem"),
            key: material.key,
        };
        let refused = Certificate::of_files(&gone).unwrap_err().to_string();
        assert!(refused.contains("gone.pem"), "{refused}");
    }
}
