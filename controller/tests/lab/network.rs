//! Connections to the controller of the lab, over TLS.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use muster_controller::authority::Authority;
use muster_proto::v1;
use muster_proto::v1::node_client::NodeClient;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::machine::Identity;
use super::{Lab, now_ms};

/// Whom a client trusts, and how it speaks.
#[derive(Clone, Copy)]
pub(crate) enum Trust {
    Roots,
    Other,
    Tls12,
}

impl Lab {
    /// A connection over TLS. The handshake's end in TLS 1.3 comes with the first answer.
    pub(crate) async fn connect(
        &self,
        trust: Trust,
        identity: Option<&Identity>,
    ) -> Result<Channel, tonic::transport::Error> {
        self.connect_from([127, 0, 0, 1], trust, identity).await
    }

    /// The same from another address of this machine.
    pub(crate) async fn connect_from(
        &self,
        from: [u8; 4],
        trust: Trust,
        identity: Option<&Identity>,
    ) -> Result<Channel, tonic::transport::Error> {
        let roots = match trust {
            Trust::Roots | Trust::Tls12 => self.authority.roots(),
            Trust::Other => Authority::create(now_ms()).unwrap().0.roots(),
        };
        self.dial(from, trust, roots, identity).await
    }

    /// The same, trusting some roots alone.
    pub(crate) async fn connect_trusting(
        &self,
        roots: Vec<CertificateDer<'static>>,
        identity: Option<&Identity>,
    ) -> Result<Channel, tonic::transport::Error> {
        self.dial([127, 0, 0, 1], Trust::Roots, roots, identity)
            .await
    }

    async fn dial(
        &self,
        from: [u8; 4],
        trust: Trust,
        roots: Vec<CertificateDer<'static>>,
        identity: Option<&Identity>,
    ) -> Result<Channel, tonic::transport::Error> {
        let connector = connector(trust, roots, identity);
        let port = self.port;
        let dial = service_fn(move |_| {
            let connector = connector.clone();
            async move {
                let socket = TcpSocket::new_v4()?;
                socket.bind((from, 0).into())?;
                let stream = socket.connect(([127, 0, 0, 1], port).into()).await?;
                stream.set_nodelay(true)?;
                let name = ServerName::try_from("localhost").unwrap();
                connector.connect(name, stream).await.map(TokioIo::new)
            }
        });
        let endpoint = Endpoint::from_static("http://localhost").timeout(Duration::from_secs(10));
        endpoint.connect_with_connector(dial).await
    }

    /// A connection after the handshake, on which nothing was said.
    pub(crate) async fn shaken(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        self.shaken_for(&["h2"]).await
    }

    /// The same by a client that speaks these protocols (ALPN); none tells of none.
    pub(crate) async fn shaken_for(
        &self,
        protocols: &[&str],
    ) -> tokio_rustls::client::TlsStream<TcpStream> {
        let mut config = config(Trust::Roots, self.authority.roots(), None);
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.unwrap()
    }

    /// Fails unless the server ends the connection before it answers any call.
    pub(crate) async fn refused_at_the_handshake(&self, identity: &Identity) {
        let Ok(channel) = self.connect(Trust::Roots, Some(identity)).await else {
            return;
        };
        let mut node = v1::node_client::NodeClient::new(channel);
        let refused = node
            .heartbeat(v1::HeartbeatRequest::default())
            .await
            .unwrap_err();
        // A service that answers has a code of its own; a broken connection is told of by the client itself.
        assert!(std::error::Error::source(&refused).is_some(), "{refused:?}");
    }

    /// A client of a node's own service.
    pub(crate) async fn node(&self, identity: &Identity) -> NodeClient<Channel> {
        NodeClient::new(self.connect(Trust::Roots, Some(identity)).await.unwrap())
    }
}

fn connector(
    trust: Trust,
    roots: Vec<CertificateDer<'static>>,
    identity: Option<&Identity>,
) -> TlsConnector {
    let mut config = config(trust, roots, identity);
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

fn config(
    trust: Trust,
    roots: Vec<CertificateDer<'static>>,
    identity: Option<&Identity>,
) -> ClientConfig {
    let versions: &[&rustls::SupportedProtocolVersion] = match trust {
        Trust::Tls12 => &[&rustls::version::TLS12],
        _ => &[&rustls::version::TLS13],
    };
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(store);
    match identity {
        None => builder.with_no_client_auth(),
        Some(Identity { chain, key }) => {
            let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
            builder.with_client_auth_cert(chain.clone(), key).unwrap()
        }
    }
}
