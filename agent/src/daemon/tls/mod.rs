//! TLS to the controllers: 1.3 alone, key exchange with X25519MLKEM768 first.

pub(crate) mod algorithms;
pub(crate) mod pinned;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};

use super::credentials::Credentials;
use super::identity::Identity;
pub(crate) use algorithms::provider;
use pinned::Pinned;

const HTTP2: &[u8] = b"h2";

/// For enrolment: trusts whoever has the certificate with the pinned key above it. This side has no certificate.
pub(crate) fn enrolling(pin: [u8; 32]) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = provider();
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned::new(pin, provider)))
        .with_no_client_auth();
    Ok(finished(config))
}

/// For a node that comes back without a certificate that is good: trusts the roots that it was given once, and shows none.
pub(crate) fn returning(ended: &Credentials) -> Result<Arc<ClientConfig>, rustls::Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots(ended)?)
        .with_no_client_auth();
    Ok(finished(config))
}

/// For everything after: trusts the roots that enrolment gave, and shows the node's certificate.
pub(crate) fn enrolled(
    identity: &Identity,
    credentials: &Credentials,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let key = CertifiedKey::new(credentials.chain().to_vec(), identity.signer());
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots(credentials)?)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    Ok(finished(config))
}

fn roots(credentials: &Credentials) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for root in credentials.roots() {
        roots.add(root.clone())?;
    }
    Ok(roots)
}

/// A session that is resumed would outlive a certificate that was revoked or replaced.
fn finished(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![HTTP2.to_vec()];
    Arc::new(config)
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;

    use super::*;

    #[test]
    fn the_hybrid_key_exchange_comes_first_and_nothing_older_than_1_3() {
        let config = enrolling([0; 32]).unwrap();
        let preferred = config.crypto_provider().kx_groups[0].name();
        assert_eq!(preferred, NamedGroup::X25519MLKEM768);
        let told = format!("{config:?}");
        assert!(!told.contains("TLSv1_2"), "{told}");
    }
}
