//! One node of the fleet: it joins, connects and calls as an agent does, with the agent's own times.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use muster_model::{INVENTORY_SCHEMA, Inventory};
use muster_proto::v1;
use muster_proto::v1::enroll_response::Outcome;
use muster_proto::v1::enrollment_client::EnrollmentClient;
use muster_proto::v1::node_client::NodeClient;
use muster_proto::v1::node_report::Progress;
use rcgen::{CertificateParams, KeyPair};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

/// As `agent/src/daemon/connect.rs` has them.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// As `agent/src/daemon/core/backoff.rs` has them.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(30);
const HEARTBEATS_PER_LEASE: u32 = 3;

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A node that has joined.
#[derive(Clone)]
pub(super) struct Node {
    number: u32,
    controller: SocketAddr,
    roots: Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: Arc<[u8]>,
    digest: Vec<u8>,
}

/// A heartbeat was answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beat {
    pub(super) node: u32,
    pub(super) at: Instant,
    pub(super) took: Duration,
    /// The node runs workloads.
    pub(super) is_active: bool,
}

/// Where nodes join.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) controller: SocketAddr,
    /// Whoever has it is accepted at once.
    pub(super) token: String,
}

impl Door {
    /// Lets the node of that number join: it asks, is judged and accepted, and gets its certificate. Asks again, as an agent does.
    ///
    /// # Panics
    /// When no key can be made.
    pub(super) async fn join(self, number: u32) -> Node {
        let key = KeyPair::generate().expect("a key");
        let request = CertificateParams::default().serialize_request(&key);
        let inventory = inventory(number).expect("an inventory");
        let enroll = v1::EnrollRequest {
            token: self.token.clone(),
            certificate_request: request.expect("a request").der().to_vec(),
            node_id: format!("{number:032x}"),
            hardware_fingerprint: number.to_be_bytes().repeat(8),
            inventory: Some(inventory),
            agent_version: "bench".to_owned(),
            name: name(number),
            ..v1::EnrollRequest::default()
        };
        let mut losses = 0;
        loop {
            match self.ask(number, &key, enroll.clone()).await {
                Ok(node) => return node,
                Err(fault) => {
                    eprintln!("fleet: node {number} has to ask again: {fault}");
                    tokio::time::sleep(pause(losses, LONGEST)).await;
                    losses += 1;
                }
            }
        }
    }

    async fn ask(
        &self,
        number: u32,
        key: &KeyPair,
        enroll: v1::EnrollRequest,
    ) -> Result<Node, Fault> {
        let digest = enroll.inventory.iter().flat_map(|sent| &sent.digest);
        let digest = digest.take(16).copied().collect();
        let channel = connect(self.controller, number, enrolling()).await?;
        let mut client = EnrollmentClient::new(channel);
        let answer = client.enroll(enroll).await?.into_inner();
        let Some(Outcome::Issued(issued)) = answer.outcome else {
            return Err("it got no certificate".into());
        };
        let mut roots = RootCertStore::empty();
        for root in issued.roots {
            roots.add(CertificateDer::from(root))?;
        }
        let chain = issued.certificate_chain.into_iter();
        Ok(Node {
            number,
            controller: self.controller,
            roots: Arc::new(roots),
            chain: chain.map(CertificateDer::from).collect(),
            key: key.serialize_der().into(),
            digest,
        })
    }
}

impl Node {
    /// Calls until it is dropped, and tells of each answer.
    pub(super) async fn live(self, told: UnboundedSender<Beat>) {
        let mut losses = 0;
        let mut sequence = 0;
        let mut epoch = 0;
        let mut generation = 0;
        let mut client = None;
        let mut longest = LONGEST;
        loop {
            sequence += 1;
            let request = self.request(sequence, epoch, generation);
            match self.beat(&mut client, request).await {
                Ok((answer, beat)) => {
                    losses = 0;
                    epoch = answer.epoch;
                    generation = answer
                        .desired
                        .map_or(generation, |desired| desired.generation);
                    // Whoever counts may have ended.
                    let _ = told.send(beat);
                    let lease = Duration::from_millis(u64::from(answer.lease_ms));
                    longest = (lease / HEARTBEATS_PER_LEASE).clamp(FIRST, LONGEST);
                    let interval = Duration::from_millis(u64::from(answer.interval_ms));
                    tokio::time::sleep(interval.mul_f64(1.0 - 0.1 * share())).await;
                }
                Err(_) => {
                    client = None;
                    tokio::time::sleep(pause(losses, longest)).await;
                    losses += 1;
                }
            }
        }
    }

    async fn beat(
        &self,
        client: &mut Option<NodeClient<Channel>>,
        request: v1::HeartbeatRequest,
    ) -> Result<(v1::HeartbeatResponse, Beat), Fault> {
        let client = match client {
            Some(client) => client,
            None => {
                let channel = connect(self.controller, self.number, self.tls()?).await?;
                client.insert(NodeClient::new(channel))
            }
        };
        let sent = Instant::now();
        let answer = client.heartbeat(request).await?.into_inner();
        let at = Instant::now();
        let beat = Beat {
            node: self.number,
            at,
            took: at - sent,
            is_active: answer.desired.is_some_and(|desired| desired.run_workloads),
        };
        Ok((answer, beat))
    }

    fn request(&self, sequence: u64, epoch: u64, generation: u64) -> v1::HeartbeatRequest {
        v1::HeartbeatRequest {
            boot_id: vec![7; 16],
            sequence,
            epoch,
            generation,
            inventory_digest: self.digest.clone(),
            gauges: Some(v1::Gauges {
                cpu_percent: Some(12.5),
                memory_used_bytes: Some(8 << 30),
                memory_total_bytes: Some(64 << 30),
                network_received_bytes_per_s: Some(1_000_000),
                network_transmitted_bytes_per_s: Some(1_000_000),
                load_1m: Some(1.5),
            }),
            report: Some(v1::NodeReport {
                progress: Progress::Ready.into(),
                workloads: Some(1),
                nothing_of_old_epoch_runs: true,
                ..v1::NodeReport::default()
            }),
        }
    }

    /// Made for each connection, and gone after its handshake: a fleet of them is large.
    fn tls(&self) -> Result<ClientConfig, rustls::Error> {
        let key = PrivatePkcs8KeyDer::from(self.key.to_vec());
        builder()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_client_auth_cert(self.chain.clone(), key.into())
    }
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3 is there")
}

/// Trusts anybody: the controller is our own child. Agents pin its root.
fn enrolling() -> ClientConfig {
    let config = builder().dangerous();
    config
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth()
}

/// Each node of a real fleet has a processor of its own to shake hands with; these share what the controller leaves. More than this
/// at a time would only have each other's time-outs run out.
const SHAKING: usize = 256;
static TURNS: Semaphore = Semaphore::const_new(SHAKING);

async fn connect(to: SocketAddr, number: u32, mut tls: ClientConfig) -> Result<Channel, Fault> {
    let _turn = TURNS.acquire().await?;
    tls.resumption = Resumption::disabled();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let tls = TlsConnector::from(Arc::new(tls));
    let connector = tower::service_fn(move |_| {
        let tls = tls.clone();
        async move {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from((source(number), 0)))?;
            let stream = socket.connect(to).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::from(to.ip());
            let stream = tls.connect(name, stream).await?;
            std::io::Result::Ok(TokioIo::new(stream))
        }
    });
    let endpoint = Endpoint::from_shared(format!("https://{to}"))?
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT);
    Ok(endpoint.connect_with_connector(connector).await?)
}

/// An address of 127.0.0.0/8 of its own, but not those that others use.
fn source(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x7f10_0000 + number)
}

fn name(number: u32) -> String {
    format!("node-{number:06}")
}

fn inventory(number: u32) -> Result<v1::Document, Fault> {
    let mut inventory = Inventory {
        schema: INVENTORY_SCHEMA.to_owned(),
        ..Inventory::default()
    };
    inventory.host.hostname = Some(name(number));
    inventory.host.machine_id = Some(format!("{:032x}", u128::from(number) << 64));
    Ok(v1::Document::pack(
        INVENTORY_SCHEMA,
        &serde_json::to_vec(&inventory)?,
    )?)
}

/// After so many losses in a row.
fn pause(losses: u32, longest: Duration) -> Duration {
    let bound = FIRST.saturating_mul(2_u32.saturating_pow(losses));
    bound.min(longest).mul_f64(share())
}

/// From 0 to 1.
fn share() -> f64 {
    let drawn = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(drawn) / f64::from(u32::MAX)
}

#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
