//! What administrators ask for: over TLS with their certificate, or as root on the controller's own machine.

use std::sync::Arc;
use std::time::Duration;

use muster_model::{NodeStatus, Role};
use muster_proto::v1;
use muster_proto::v1::change_node_request::Change;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Response, Status};

use super::{Services, status_of_move, status_of_store, tls};
use crate::fleet::Heard;
use crate::lifecycle::Event;
use crate::peer::Peer;
use crate::record::{NodeRecord, TaintEffect, TokenRecord};
use crate::store::{Transaction, Write};
use crate::token::{self, Wanted};

const LONGEST_TTL: Duration = Duration::from_secs(365 * 24 * 3600);
const MOST_USES: u32 = 100_000;
const USUAL_PAGE: usize = 500;

#[derive(Debug)]
pub(super) struct Service {
    services: Services,
    door: Door,
}

/// How administrators come in.
#[derive(Debug, Clone, Copy)]
enum Door {
    Network,
    Socket,
}

impl Service {
    pub(super) fn remote(services: Services) -> Self {
        let door = Door::Network;
        Self { services, door }
    }

    pub(super) fn local(services: Services) -> Self {
        let door = Door::Socket;
        Self { services, door }
    }

    /// Lets administrators through, and nobody else.
    fn admit<T>(&self, request: &Request<T>) -> Result<String, Status> {
        let refused = || Status::permission_denied("this is for administrators alone");
        match self.door {
            Door::Network => {
                let connection = request.extensions().get::<tls::Connection>();
                let identified = connection.and_then(|connection| connection.identified.as_ref());
                let identified = identified.ok_or_else(|| {
                    Status::unauthenticated("an administrator shows a certificate; none was shown")
                })?;
                match &identified.peer {
                    Peer::Admin(_) if self.services.revoked.has(&identified.serial) => {
                        Err(Status::unauthenticated("the certificate was revoked"))
                    }
                    Peer::Admin(name) => Ok(name.clone()),
                    Peer::Node(_) => Err(refused()),
                }
            }
            Door::Socket => {
                let peer = request.extensions().get::<UdsConnectInfo>();
                let user = peer.and_then(|peer| peer.peer_cred).map(|peer| peer.uid());
                // Whoever runs the controller owns its state anyway.
                let own = nix::unistd::Uid::effective().as_raw();
                match user {
                    Some(user) if user == 0 || user == own => Ok(format!("uid {user}")),
                    _ => Err(refused()),
                }
            }
        }
    }

    /// The node of that id, or of that name when only one has it.
    fn find(&self, wanted: &str) -> Result<(Arc<NodeRecord>, Option<Heard>), Status> {
        if let Some(found) = self.services.fleet.node(wanted) {
            return Ok(found);
        }
        let mut named = self.services.fleet.nodes();
        named.retain(|(record, _)| record.name == wanted);
        match (named.pop(), named.len()) {
            (Some(found), 0) => Ok(found),
            (Some(_), more) => Err(Status::failed_precondition(format!(
                "{} nodes are called {wanted:?}; name one by its id",
                more + 1
            ))),
            (None, _) => Err(Status::not_found(format!("there is no node {wanted:?}"))),
        }
    }

    fn shown(&self, record: &NodeRecord, heard: Option<&Heard>) -> v1::NodeRecord {
        let taints = record.taints.iter().map(|(key, taint)| v1::Taint {
            key: key.clone(),
            value: taint.value.clone(),
            effect: match taint.effect {
                TaintEffect::NoSchedule => "NoSchedule",
                TaintEffect::PreferNoSchedule => "PreferNoSchedule",
                TaintEffect::NoExecute => "NoExecute",
            }
            .to_owned(),
        });
        v1::NodeRecord {
            id: record.id.clone(),
            name: record.name.clone(),
            description: record.description.clone(),
            hostname: record.hostname.clone().unwrap_or_default(),
            address: record.address.clone().unwrap_or_default(),
            status: v1::NodeStatus::from(record.status).into(),
            reason: record.reason.clone(),
            status_since_unix_ms: record.status_since,
            role: record
                .role
                .map_or(v1::Role::Unspecified, v1::Role::from)
                .into(),
            offline: self.services.fleet.is_offline(record, heard),
            heard_unix_ms: heard.map(|heard| heard.at_unix_ms),
            gauges: heard.and_then(|heard| heard.gauges),
            tags: record.tags.iter().cloned().collect(),
            labels: record.labels.clone().into_iter().collect(),
            taints: taints.collect(),
            agent_version: record.agent_version.clone(),
            revision: record.revision,
            stuck: String::new(),
        }
    }
}

#[tonic::async_trait]
impl v1::admin_server::Admin for Service {
    async fn list_nodes(
        &self,
        request: Request<v1::ListNodesRequest>,
    ) -> Result<Response<v1::ListNodesResponse>, Status> {
        self.admit(&request)?;
        let asked = request.into_inner();
        let statuses: Vec<NodeStatus> =
            asked.statuses().filter_map(v1::NodeStatus::known).collect();
        let page = match asked.page_size {
            0 => USUAL_PAGE,
            size => usize::try_from(size).unwrap_or(USUAL_PAGE),
        };
        let mut nodes: Vec<v1::NodeRecord> = Vec::new();
        let mut next_page_token = String::new();
        for (record, heard) in self.services.fleet.nodes() {
            let wanted = statuses.is_empty() || statuses.contains(&record.status);
            let tagged = asked.tag.is_empty() || record.tags.contains(&asked.tag);
            let after = place(&record) > asked.page_token;
            if !(wanted && tagged && after) {
                continue;
            }
            if nodes.len() == page {
                next_page_token = nodes
                    .last()
                    .map(|node| format!("{}/{}", node.name, node.id))
                    .unwrap_or_default();
                break;
            }
            nodes.push(self.shown(&record, heard.as_ref()));
        }
        Ok(Response::new(v1::ListNodesResponse {
            nodes,
            next_page_token,
        }))
    }

    async fn get_node(
        &self,
        request: Request<v1::GetNodeRequest>,
    ) -> Result<Response<v1::GetNodeResponse>, Status> {
        self.admit(&request)?;
        let (record, heard) = self.find(&request.into_inner().node)?;
        let content = self.services.fleet.store().inventory(&record.id).await;
        let content = content.map_err(|error| status_of_store(&error))?;
        let inventory = content.map(|content| v1::Document {
            schema: muster_model::INVENTORY_SCHEMA.to_owned(),
            digest: unhex(record.inventory_digest.as_deref().unwrap_or_default()),
            content,
        });
        Ok(Response::new(v1::GetNodeResponse {
            node: Some(self.shown(&record, heard.as_ref())),
            inventory,
            verdict: None,
        }))
    }

    async fn change_node(
        &self,
        request: Request<v1::ChangeNodeRequest>,
    ) -> Result<Response<v1::ChangeNodeResponse>, Status> {
        let admin = self.admit(&request)?;
        let asked = request.into_inner();
        let (record, heard) = self.find(&asked.node)?;
        let (event, needs_name) = match (asked.change(), asked.force) {
            (Change::Accept, _) => (Event::Accept, false),
            (Change::Reject, _) => (Event::Reject, false),
            (Change::Reconsider, _) => (Event::Reconsider, false),
            (Change::Maintenance, false) => (Event::EnterMaintenance, false),
            (Change::Maintenance, true) => (Event::ForceMaintenance, true),
            (Change::CancelMaintenance, _) => (Event::CancelMaintenance, false),
            (Change::Activate, _) => (Event::Activate, false),
            (Change::Remove, _) => (Event::Remove, true),
            (Change::Delete, _) => (Event::Delete, true),
            (Change::Unspecified, _) => return Err(Status::invalid_argument("say what to change")),
        };
        if needs_name && asked.confirm != record.name {
            return Err(Status::failed_precondition(format!(
                "this cannot be undone: confirm it by the node's name, {:?}",
                record.name
            )));
        }
        let wanted = v1::Role::try_from(asked.role)
            .ok()
            .and_then(v1::Role::known);
        let role = wanted.or(record.role).unwrap_or(Role::Worker);
        let revoke = (event == Event::Remove)
            .then(|| record.certificate_serial.clone())
            .flatten();
        let reason = match asked.reason.as_str() {
            "" => format!("by {admin}"),
            reason => format!("{reason} (by {admin})"),
        };
        let revoked = revoke.clone();
        let changed = self
            .services
            .fleet
            .happen_with(&record.id, event, &reason, move |record| {
                if event == Event::Accept {
                    record.role = Some(role);
                }
                let revoke = revoked.clone();
                revoke
                    .map(|serial| Write::Revoke { serial })
                    .into_iter()
                    .collect()
            });
        let changed = changed.await.map_err(|error| status_of_move(&error))?;
        if let Some(serial) = revoke {
            self.services.revoked.add(&serial);
        }
        Ok(Response::new(v1::ChangeNodeResponse {
            node: changed.map(|record| self.shown(&record, heard.as_ref())),
            advice: self.advice(event),
        }))
    }

    async fn edit_node(
        &self,
        request: Request<v1::EditNodeRequest>,
    ) -> Result<Response<v1::EditNodeResponse>, Status> {
        self.admit(&request)?;
        let asked = request.into_inner();
        if asked
            .name
            .as_deref()
            .is_some_and(|name| name.trim().is_empty())
        {
            return Err(Status::invalid_argument("a node has a name"));
        }
        if !asked.set_taints.is_empty() || !asked.remove_taints.is_empty() {
            return Err(Status::unimplemented("taints are set when a node joins"));
        }
        let (record, heard) = self.find(&asked.node)?;
        let edited = self
            .services
            .fleet
            .edit(&record.id, "edited by an administrator", |record| {
                if let Some(name) = &asked.name {
                    record.name.clone_from(name);
                }
                if let Some(description) = &asked.description {
                    record.description.clone_from(description);
                }
                record.tags.extend(asked.add_tags.iter().cloned());
                record.tags.retain(|tag| !asked.remove_tags.contains(tag));
                record.labels.extend(asked.set_labels.clone());
                record
                    .labels
                    .retain(|key, _| !asked.remove_labels.contains(key));
            });
        let record = edited.await.map_err(|error| status_of_move(&error))?;
        let node = Some(self.shown(&record, heard.as_ref()));
        Ok(Response::new(v1::EditNodeResponse { node }))
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        self.admit(&request)?;
        let asked = request.into_inner();
        let (record, _) = self.find(&asked.node)?;
        let page = match asked.page_size {
            0 => USUAL_PAGE,
            size => usize::try_from(size).unwrap_or(USUAL_PAGE),
        };
        let store = self.services.fleet.store();
        let events = store.events(&record.id, asked.after_sequence, page).await;
        let events = events.map_err(|error| status_of_store(&error))?;
        let events = events.into_iter().map(|event| v1::Event {
            sequence: event.sequence,
            at_unix_ms: event.at,
            kind: event.kind,
            message: event.message,
            spool_sequence: event.spooled.map(|spooled| spooled.sequence),
        });
        Ok(Response::new(v1::ListEventsResponse {
            events: events.collect(),
        }))
    }

    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Result<Response<v1::CreateTokenResponse>, Status> {
        self.admit(&request)?;
        let asked = request.into_inner();
        let ttl = Duration::from_secs(asked.ttl_s.into());
        if ttl.is_zero() || ttl > LONGEST_TTL {
            return Err(Status::invalid_argument(
                "a token lives for at least a second and at most a year",
            ));
        }
        if asked.uses == 0 || asked.uses > MOST_USES {
            return Err(Status::invalid_argument(format!(
                "a token admits from 1 to {MOST_USES} nodes"
            )));
        }
        let wanted = Wanted {
            role: v1::Role::try_from(asked.role)
                .ok()
                .and_then(v1::Role::known),
            ttl,
            uses: asked.uses,
            name: Some(asked.name).filter(|name| !name.is_empty()),
            labels: asked.labels.into_iter().collect(),
        };
        let pin = self.services.authority.pin();
        let made = token::make(wanted, pin, self.services.fleet.now());
        let (token, record) =
            made.map_err(|_| Status::internal("the system gives no randomness"))?;
        let write = Write::Token {
            record: record.clone(),
            expected: 0,
        };
        self.commit(write).await?;
        Ok(Response::new(v1::CreateTokenResponse {
            token: token.reveal().to_string(),
            record: Some(shown_token(&record)),
        }))
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        self.admit(&request)?;
        let tokens = self.services.fleet.store().tokens().await;
        let tokens = tokens.map_err(|error| status_of_store(&error))?;
        let tokens = tokens.iter().map(shown_token).collect();
        Ok(Response::new(v1::ListTokensResponse { tokens }))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        self.admit(&request)?;
        let id = request.into_inner().id;
        let token = self.services.fleet.store().token(&id).await;
        let token = token.map_err(|error| status_of_store(&error))?;
        let token = token.ok_or_else(|| Status::not_found(format!("there is no token {id:?}")))?;
        let expected = token.revision;
        let record = TokenRecord {
            revoked: true,
            ..token
        };
        self.commit(Write::Token { record, expected }).await?;
        Ok(Response::new(v1::RevokeTokenResponse {}))
    }

    async fn get_cluster(
        &self,
        request: Request<v1::GetClusterRequest>,
    ) -> Result<Response<v1::GetClusterResponse>, Status> {
        self.admit(&request)?;
        let nodes = self.services.fleet.nodes();
        let controls = control_nodes(&nodes);
        Ok(Response::new(v1::GetClusterResponse {
            nodes: u32::try_from(nodes.len()).unwrap_or(u32::MAX),
            control_nodes: controls,
            tolerated_failures: tolerated(controls),
            advice: quorum_advice(controls),
        }))
    }
}

impl Service {
    async fn commit(&self, write: Write) -> Result<(), Status> {
        let transaction = Transaction {
            writes: vec![write],
        };
        let stored = self.services.fleet.store().commit(transaction).await;
        stored.map_err(|error| status_of_store(&error))
    }

    /// What the administrator should know after a change of who controls the cluster.
    fn advice(&self, event: Event) -> Vec<String> {
        match event {
            Event::Accept | Event::EnterMaintenance | Event::ForceMaintenance | Event::Remove => {
                quorum_advice(control_nodes(&self.services.fleet.nodes()))
            }
            _ => Vec::new(),
        }
    }
}

/// Control nodes that are in the cluster.
fn control_nodes(nodes: &[(Arc<NodeRecord>, Option<Heard>)]) -> u32 {
    use NodeStatus::{Candidate, Inadequate, Out, Rejected};
    let controls = nodes.iter().filter(|(record, _)| {
        let outside = matches!(record.status, Candidate | Inadequate | Rejected | Out);
        record.role == Some(Role::Control) && !outside
    });
    u32::try_from(controls.count()).unwrap_or(u32::MAX)
}

/// n control nodes go on without n − (⌊n/2⌋ + 1) of them.
fn tolerated(controls: u32) -> u32 {
    controls.saturating_sub(controls / 2 + 1)
}

fn quorum_advice(controls: u32) -> Vec<String> {
    match controls {
        0 => Vec::new(),
        even if even % 2 == 0 => vec![format!(
            "{even} control nodes survive as many failures as {} do ({}): one more, or one less, is better",
            even - 1,
            tolerated(even)
        )],
        1 => vec!["one control node survives no failure; three survive one".to_owned()],
        _ => Vec::new(),
    }
}

/// Where a node stands in lists.
fn place(record: &NodeRecord) -> String {
    format!("{}/{}", record.name, record.id)
}

fn shown_token(token: &TokenRecord) -> v1::TokenRecord {
    v1::TokenRecord {
        id: token.id.clone(),
        role: token
            .role
            .map_or(v1::Role::Unspecified, v1::Role::from)
            .into(),
        created_unix_ms: token.created,
        expires_unix_ms: token.expires,
        uses_left: token.uses_left,
        name: token.name.clone().unwrap_or_default(),
        labels: token.labels.clone().into_iter().collect(),
        revoked: token.revoked,
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn even_counts_buy_nothing() {
        let table = [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2)];
        for (controls, failures) in table {
            assert_eq!(tolerated(controls), failures, "{controls}");
        }
        assert_eq!(quorum_advice(3), [""; 0]);
        let advice = quorum_advice(4).join("");
        assert_eq!(
            advice,
            "4 control nodes survive as many failures as 3 do (1): one more, or one less, is better"
        );
    }

    #[test]
    fn digests_come_back() {
        let digest = Sha256::digest(b"x");
        assert_eq!(unhex(&crate::authority::hex(&digest)), digest.as_slice());
    }
}
