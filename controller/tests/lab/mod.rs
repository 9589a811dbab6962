//! A controller in this process on a loopback port, and machines that ask it.

#![allow(dead_code, reason = "no test uses all of it")]

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use muster_adequacy::Policy;
use muster_controller::admission::{Admission, Rule};
use muster_controller::authority::{self, Authority, Request};
use muster_controller::clock::{Clock as _, SystemClock};
use muster_controller::config;
use muster_controller::fleet::{Fleet, Timing};
use muster_controller::lifecycle::Event;
use muster_controller::peer::Peer;
use muster_controller::serve::{Listeners, Revoked, Services};
use muster_controller::store::{MemoryStore, Store};
use muster_model::{INVENTORY_SCHEMA, NodeStatus};
use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use muster_proto::v1::change_node_request::Change;
use muster_proto::v1::enrollment_client::EnrollmentClient;
use muster_proto::v1::node_client::NodeClient;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

const POLICY: &str = r#"
schema = "muster.policy/v1"
name = "lab"
version = "1"
roles = ["control", "worker"]

[[rules]]
id = "cpu-threads"
title = "A processor"
severity = "required"
check.cpu_threads = { at_least = 1 }
remedy = "Fit one."
"#;

pub(crate) struct Lab {
    pub(crate) authority: Arc<Authority>,
    pub(crate) fleet: Arc<Fleet>,
    store: Arc<MemoryStore>,
    pub(crate) port: u16,
    socket: std::path::PathBuf,
    _stop: DropGuard,
    _folder: tempfile::TempDir,
}

/// What may differ from one controller to the other.
pub(crate) struct Setup {
    pub(crate) policy: String,
    pub(crate) rules: Vec<Rule>,
    pub(crate) certificate_life: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            policy: POLICY.to_owned(),
            rules: Vec::new(),
            certificate_life: Duration::from_secs(90 * 24 * 3600),
        }
    }
}

/// Whom a client trusts, and how it speaks.
#[derive(Clone, Copy)]
pub(crate) enum Trust {
    Roots,
    Other,
    Tls12,
}

/// Whether an administrator says that a duplicate is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicate {
    Unsaid,
    Despite,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: KeyPair,
}

/// A machine that wants to join.
pub(crate) struct Machine {
    id: String,
    key: KeyPair,
    pub(crate) request: Vec<u8>,
}

impl Lab {
    /// People accept.
    pub(crate) async fn start() -> Self {
        Self::with_rules("").await
    }

    /// Rules of a configuration accept.
    pub(crate) async fn with_rules(configuration: &str) -> Self {
        Self::with(Setup {
            rules: config::parse(configuration).unwrap().rules,
            ..Setup::default()
        })
        .await
    }

    /// Set up otherwise than by default.
    pub(crate) async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = authority::open_or_create(&folder.path().join("authority"), now_ms());
        let authority = Arc::new(authority.unwrap());
        let store = Arc::new(MemoryStore::new());
        Self::serve(folder, store, authority, setup).await
    }

    /// Another controller after this one, with the same store and authority, and so many threads in its policy.
    pub(crate) async fn again(self, threads: u32) -> Self {
        let policy = POLICY.replace("at_least = 1", &format!("at_least = {threads}"));
        let Self {
            store,
            authority,
            _folder: folder,
            _stop: stop,
            ..
        } = self;
        drop(stop);
        let setup = Setup {
            policy,
            ..Setup::default()
        };
        Self::serve(folder, store, authority, setup).await
    }

    async fn serve(
        folder: tempfile::TempDir,
        store: Arc<MemoryStore>,
        authority: Arc<Authority>,
        setup: Setup,
    ) -> Self {
        let shared: Arc<dyn Store> = Arc::clone(&store) as _;
        let fleet = Fleet::load(shared, Arc::new(SystemClock), Timing::default());
        let fleet = Arc::new(fleet.await.unwrap());
        let policy = Policy::parse(&setup.policy).unwrap();
        let services = Services {
            admission: Arc::new(
                Admission::new(Arc::clone(&fleet), Arc::clone(&authority), policy)
                    .with_rules(setup.rules)
                    .with_certificate_life(setup.certificate_life),
            ),
            fleet: Arc::clone(&fleet),
            authority: Arc::clone(&authority),
            revoked: Arc::new(Revoked::default()),
        };
        let network = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = network.local_addr().unwrap().port();
        // The controller before this one takes its own away at its end.
        let socket = folder.path().join(format!("admin-{port}.sock"));
        let listeners = Listeners {
            network,
            names: vec!["localhost".to_owned()],
            socket: UnixListener::bind(&socket).unwrap(),
            socket_path: socket.clone(),
        };
        let stop = CancellationToken::new();
        tokio::spawn(services.run(listeners, stop.clone()));
        Self {
            authority,
            store,
            fleet,
            port,
            socket,
            _stop: stop.drop_guard(),
            _folder: folder,
        }
    }

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
        let connector = connector(Trust::Roots, self.authority.roots(), None);
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
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

    pub(crate) async fn admin(&self) -> AdminClient<Channel> {
        let socket = self.socket.clone();
        let dial = service_fn(move |_| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://local");
        AdminClient::new(endpoint.connect_with_connector(dial).await.unwrap())
    }

    pub(crate) async fn token(&self, uses: u32, ttl_s: u32) -> String {
        let request = v1::CreateTokenRequest {
            ttl_s,
            uses,
            ..Default::default()
        };
        let created = self.admin().await.create_token(request).await.unwrap();
        created.into_inner().token
    }

    /// A machine with a new key.
    pub(crate) fn machine(&self, id: &str) -> Machine {
        let key = KeyPair::generate().unwrap();
        let request = request(&key);
        let id = id.to_owned();
        Machine { id, key, request }
    }

    pub(crate) async fn enroll(
        &self,
        machine: &Machine,
        token: &str,
    ) -> Result<v1::enroll_response::Outcome, tonic::Status> {
        self.ask(machine.asks(token)).await
    }

    /// Asks as a machine would.
    pub(crate) async fn ask(
        &self,
        request: v1::EnrollRequest,
    ) -> Result<v1::enroll_response::Outcome, tonic::Status> {
        let channel = self.connect(Trust::Roots, None).await.unwrap();
        let answer = EnrollmentClient::new(channel).enroll(request).await?;
        Ok(answer.into_inner().outcome.unwrap())
    }

    /// A node as administrators see it.
    pub(crate) async fn shown(&self, node: &str) -> v1::NodeRecord {
        let node = node.to_owned();
        let request = v1::GetNodeRequest {
            node,
            ..Default::default()
        };
        let shown = self.admin().await.get_node(request).await.unwrap();
        shown.into_inner().node.unwrap()
    }

    /// What happened to a node, a line an event.
    pub(crate) async fn events(&self, node: &str) -> Vec<String> {
        let request = v1::ListEventsRequest {
            node: node.to_owned(),
            ..Default::default()
        };
        let listed = self.admin().await.list_events(request).await.unwrap();
        let events = listed.into_inner().events.into_iter();
        events
            .map(|event| format!("{}: {}", event.kind, event.message))
            .collect()
    }

    /// Changes a node as an administrator.
    pub(crate) async fn change(
        &self,
        node: &str,
        change: Change,
        despite_duplicate: Duplicate,
    ) -> Result<(), tonic::Status> {
        let name = self.shown(node).await.name;
        let request = v1::ChangeNodeRequest {
            node: node.to_owned(),
            change: change.into(),
            confirm: name,
            despite_duplicate: despite_duplicate == Duplicate::Despite,
            ..Default::default()
        };
        self.admin().await.change_node(request).await.map(|_| ())
    }

    pub(crate) async fn accept(&self, machine: &Machine) {
        let happened = self
            .fleet
            .happen(&machine.id, Event::Accept, "by the lab")
            .await;
        happened.unwrap();
    }

    /// The certificate of a machine that was accepted.
    pub(crate) async fn issued(&self, machine: &Machine, token: &str) -> Identity {
        let outcome = self.enroll(machine, token).await.unwrap();
        let v1::enroll_response::Outcome::Issued(issued) = outcome else {
            panic!("no certificate: {outcome:?}");
        };
        let key = KeyPair::from_pem(&machine.key.serialize_pem()).unwrap();
        let chain = issued
            .certificate_chain
            .into_iter()
            .map(CertificateDer::from);
        Identity {
            chain: chain.collect(),
            key,
        }
    }

    /// A node that was accepted, with its certificate.
    pub(crate) async fn member(&self, id: &str) -> Identity {
        let token = self.token(1, 3600).await;
        let machine = self.machine(id);
        self.enroll(&machine, &token).await.unwrap();
        self.accept(&machine).await;
        self.issued(&machine, &token).await
    }

    /// Lets happen to a node that was accepted what leads it to `status`.
    pub(crate) async fn bring(&self, id: &str, status: NodeStatus) {
        let events = [
            Event::StartReported,
            Event::InstalledReported,
            Event::ReadyReported,
            Event::EnterMaintenance,
            Event::Drained,
        ];
        for event in events {
            if self.status(id) == status {
                return;
            }
            self.happen(id, event).await;
        }
        assert_eq!(self.status(id), status);
    }

    /// Lets something happen to a node.
    pub(crate) async fn happen(&self, id: &str, event: Event) {
        self.fleet.happen(id, event, "by the lab").await.unwrap();
    }

    /// Why a node is in its status.
    pub(crate) fn reason(&self, id: &str) -> String {
        self.fleet.node(id).unwrap().0.reason.clone()
    }

    pub(crate) fn status(&self, id: &str) -> NodeStatus {
        self.fleet.node(id).unwrap().0.status
    }

    /// A client of a node's own service.
    pub(crate) async fn node(&self, identity: &Identity) -> NodeClient<Channel> {
        NodeClient::new(self.connect(Trust::Roots, Some(identity)).await.unwrap())
    }
}

impl Machine {
    /// A machine that is adequate and has nothing that another one has.
    pub(crate) fn asks(&self, token: &str) -> v1::EnrollRequest {
        self.asks_with(token, r#""cpu": {"threads": 2, "online_threads": 2}"#)
    }

    /// The same with other sections of its inventory.
    pub(crate) fn asks_with(&self, token: &str, sections: &str) -> v1::EnrollRequest {
        let inventory =
            format!(r#"{{"schema": "{INVENTORY_SCHEMA}", {sections}, "warnings": []}}"#);
        v1::EnrollRequest {
            token: token.to_owned(),
            certificate_request: self.request.clone(),
            node_id: self.id.clone(),
            hardware_fingerprint: self.id.clone().into_bytes(),
            inventory: Some(v1::Document::pack(INVENTORY_SCHEMA, inventory.as_bytes()).unwrap()),
            agent_version: "0.1.0".to_owned(),
            name: format!("node-{}", self.id),
            ..Default::default()
        }
    }
}

fn connector(
    trust: Trust,
    roots: Vec<CertificateDer<'static>>,
    identity: Option<&Identity>,
) -> TlsConnector {
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
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(Identity { chain, key }) => {
            let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
            builder.with_client_auth_cert(chain.clone(), key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// A certificate of `authority` for a new key.
pub(crate) fn issue(authority: &Authority, peer: &Peer) -> Identity {
    let key = KeyPair::generate().unwrap();
    let request = Request::parse(&request(&key)).unwrap();
    let issued = authority.issue(request, peer, now_ms(), Duration::from_secs(3600));
    let chain = issued.unwrap().chain;
    Identity { chain, key }
}

/// PKCS #10 for a key, in DER.
pub(crate) fn request(key: &KeyPair) -> Vec<u8> {
    let params = CertificateParams::default();
    params.serialize_request(key).unwrap().der().to_vec()
}

pub(crate) fn now_ms() -> i64 {
    SystemClock.now()
}
