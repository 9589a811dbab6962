//! Reaching a controller from elsewhere: over TLS, with an administrator's certificate.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use hyper_util::rt::TokioIo;
use muster_proto::v1::admin_client::AdminClient;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

pub(super) type Client = AdminClient<Channel>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to `server`, `HOST:PORT`, with what `admin issue` wrote into the file `credentials`.
pub(super) async fn connect(server: &str, credentials: &Path) -> anyhow::Result<Client> {
    let tls = Arc::new(settings(credentials)?);
    let (host, port) = split(server)?;
    let name = ServerName::try_from(host.clone())
        .with_context(|| format!("{host} is neither a host's name nor an address"))?;
    let dial = service_fn(move |_| {
        let (tls, host, name) = (
            TlsConnector::from(Arc::clone(&tls)),
            host.clone(),
            name.clone(),
        );
        async move {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            stream.set_nodelay(true)?;
            tls.connect(name, stream).await.map(TokioIo::new)
        }
    });
    let endpoint = Endpoint::from_shared(format!("https://{server}"))?;
    let connected = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .connect_with_connector(dial)
        .await;
    let channel = connected.with_context(|| {
        format!("cannot reach the controller at {server}; is it the address and port of `muster-controller serve`, and are the credentials for it and not revoked?")
    })?;
    Ok(AdminClient::new(channel))
}

/// What the controller says, without gRPC's words around it.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn told(status: tonic::Status) -> anyhow::Error {
    match std::error::Error::source(&status) {
        // The transport's own words say less than what caused them.
        Some(source) => anyhow!("the connection to the controller broke: {}", chain(source)),
        None => anyhow!("{}", status.message()),
    }
}

/// RFC 3339, UTC, whole seconds.
pub(super) fn day(unix_ms: i64) -> String {
    let instant = jiff::Timestamp::from_second(unix_ms / 1000);
    instant.map_or_else(|_| "–".to_owned(), |instant| instant.to_string())
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        next = error.source();
    }
    told
}

/// The file has a key, the certificate with those above it, and the roots, which are their own issuers.
fn settings(credentials: &Path) -> anyhow::Result<ClientConfig> {
    let file = credentials.display();
    #[allow(clippy::disallowed_methods, reason = "what the administrator names")]
    let text = std::fs::read_to_string(credentials).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read the credentials {file}"))?;
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        anyhow!("{file} has no private key in PEM; `admin issue` makes such a file")
    })?;
    let certificates: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let certificates = certificates.with_context(|| format!("{file} is damaged"))?;
    let (roots, chain): (Vec<_>, Vec<_>) = certificates.into_iter().partition(is_root);
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(store)
        .with_client_auth_cert(chain, key)
        .with_context(|| format!("{file} does not hold a key with its certificate"))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn is_root(certificate: &CertificateDer<'static>) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, parsed)| parsed.subject() == parsed.issuer())
}

fn split(server: &str) -> anyhow::Result<(String, u16)> {
    let form = || {
        anyhow!("give the controller as HOST:PORT, such as c1.example:7443 or [2001:db8::1]:7443")
    };
    let (host, port) = server.rsplit_once(':').ok_or_else(form)?;
    let port = port.parse().map_err(|_| form())?;
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match in_brackets {
        Some(address) => Ok((address.to_owned(), port)),
        None if host.is_empty() || host.contains(':') => Err(form()),
        None => Ok((host.to_owned(), port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_host_and_a_port() {
        assert_eq!(split("c1:7443").unwrap(), ("c1".to_owned(), 7443));
        assert_eq!(split("[::1]:1").unwrap(), ("::1".to_owned(), 1));
        for wrong in ["c1", "c1:x", ":7443", "::1:7443", "[::1]"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }
}
