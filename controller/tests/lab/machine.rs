//! Machines that want to join, and become nodes.

use std::time::Duration;

use muster_controller::authority::{Authority, Request};
use muster_controller::lifecycle::Event;
use muster_controller::peer::Peer;
use muster_model::{INVENTORY_SCHEMA, NodeStatus};
use muster_proto::v1;
use muster_proto::v1::enrollment_client::EnrollmentClient;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;

use super::network::Trust;
use super::{Lab, now_ms};

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
