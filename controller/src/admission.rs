//! How a machine becomes a candidate, and a candidate gets its certificate.

use std::sync::Arc;
use std::time::Duration;

use muster_adequacy::verdict::{RuleStatus, Severity, Standing, Verdict};
use muster_adequacy::{Policy, judge};
use muster_model::network::InterfaceKind;
use muster_model::{INVENTORY_SCHEMA, Inventory, NodeStatus, Role};
use muster_proto::{JoinToken, v1};

use crate::authority::{Authority, AuthorityError, Issued, Request, hex};
use crate::fleet::{Fleet, MoveError};
use crate::lifecycle::Event;
use crate::peer::Peer;
use crate::record::{NodeRecord, Taint, TaintEffect, TokenRecord, UnixMs};
use crate::store::{StoreError, Transaction, Write};
use crate::succession::Succession;
use crate::token::{self, Unfit};

/// How long a node's certificate is good for, unless it is set otherwise.
pub const CERTIFICATE_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// So often others may be quicker before it is given up.
const MOST_RACES: usize = 64;

/// Admits nodes.
#[derive(Debug)]
pub struct Admission {
    fleet: Arc<Fleet>,
    authority: Arc<Authority>,
    policy: Policy,
    certificate_life: Duration,
}

/// What came of a request.
#[derive(Debug)]
pub enum Outcome {
    /// An administrator has to decide, or has decided against it.
    Pending(Arc<NodeRecord>),
    /// It was accepted: here is its certificate.
    Issued(Issued),
}

/// Why a request was turned down.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// The token does not admit it.
    #[error(transparent)]
    Token(#[from] Unfit),
    /// A field of the request is not as it has to be.
    #[error("the request's {field} is not valid: {problem}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Another key has asked under the same id.
    #[error(
        "another machine is known under this node id; run `muster reset` on this one, and join again"
    )]
    OtherKey,
    /// It was removed.
    #[error(
        "this node was removed from the cluster; run `muster reset` on it, and join again with a new token"
    )]
    Removed,
    /// No certificate can be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// It cannot be stored.
    #[error("the node cannot be stored")]
    Store(#[from] StoreError),
    /// It cannot be moved.
    #[error(transparent)]
    Move(#[from] MoveError),
}

impl Admission {
    /// Admits to `fleet` with certificates of `authority`, judging by `policy`.
    pub fn new(fleet: Arc<Fleet>, authority: Arc<Authority>, policy: Policy) -> Self {
        Self {
            fleet,
            authority,
            policy,
            certificate_life: CERTIFICATE_LIFE,
        }
    }

    /// The same with certificates that are good for `life`.
    #[must_use]
    pub fn with_certificate_life(mut self, life: Duration) -> Self {
        self.certificate_life = life;
        self
    }

    /// Answers a request to be enrolled.
    ///
    /// # Errors
    /// Why it was turned down.
    pub async fn enroll(
        &self,
        asked: v1::EnrollRequest,
        from: Option<String>,
    ) -> Result<Outcome, AdmissionError> {
        let request = Request::parse(&asked.certificate_request)?;
        if asked.token.is_empty() {
            return self.readmit(&asked.node_id, request).await;
        }
        let token = self.token(&asked.token).await?;
        let known = self.fleet.node(&asked.node_id).map(|(record, _)| record);
        let record = match known {
            Some(record) if !record.has_key(&request.key_digest()) => {
                return Err(AdmissionError::OtherKey);
            }
            Some(record) => record,
            None => self.admit_once(&asked, token, &request, from).await?,
        };
        match record.status {
            NodeStatus::Candidate | NodeStatus::Inadequate | NodeStatus::Rejected => {
                Ok(Outcome::Pending(record))
            }
            NodeStatus::Out => Err(AdmissionError::Removed),
            _ => self.issue(&record, request).await,
        }
    }

    /// Takes the inventory of a node as it is now, and judges it anew where that decides.
    ///
    /// # Errors
    /// It is none, or cannot be stored.
    pub async fn reported(
        &self,
        node: &NodeRecord,
        json: &[u8],
        document: v1::Document,
    ) -> Result<(), AdmissionError> {
        let inventory = Inventory::from_json(json).map_err(|error| AdmissionError::Field {
            field: "inventory",
            problem: error.to_string(),
        })?;
        let content = Write::Inventory {
            node: node.id.clone(),
            content: document.content,
        };
        let transaction = Transaction {
            writes: vec![content],
        };
        self.fleet.store().commit(transaction).await?;
        let digest = hex(&document.digest);
        let note = format!(
            "inventory {} reported",
            digest.get(..16).unwrap_or_default()
        );
        let edit = |record: &mut NodeRecord| {
            record.inventory_digest = Some(digest.clone());
            record.hostname.clone_from(&inventory.host.hostname);
        };
        self.fleet.edit(&node.id, &note, edit).await?;
        let (status, reason) = judged(&judge(&self.policy, &inventory), node.role);
        let event = match status {
            NodeStatus::Inadequate => Event::FoundInadequate,
            _ => Event::FoundAdequate,
        };
        self.fleet.happen(&node.id, event, &reason).await?;
        Ok(())
    }

    /// What the policy says of a machine.
    pub fn judge(&self, inventory: &Inventory) -> Verdict {
        judge(&self.policy, inventory)
    }

    /// A new certificate for a node that has one, for a key of its own.
    ///
    /// # Errors
    /// The request is not valid, or cannot be answered.
    pub async fn renew(&self, node: &NodeRecord, request: &[u8]) -> Result<Issued, AdmissionError> {
        let request = Request::parse(request)?;
        let key = request.key_digest();
        let issued = self.sign(node, request)?;
        self.note(node, &issued, &key).await?;
        Ok(issued)
    }

    /// The record of a token whose secret is right.
    async fn token(&self, text: &str) -> Result<TokenRecord, AdmissionError> {
        let token = JoinToken::parse(text).map_err(|_| Unfit::Unknown)?;
        let record = self.fleet.store().token(token.id()).await?;
        let record = record.filter(|record| token::proves(record, &token));
        Ok(record.ok_or(Unfit::Unknown)?)
    }

    /// Takes in a machine that asks for the first time; others may take uses of the same token meanwhile.
    async fn admit_once(
        &self,
        asked: &v1::EnrollRequest,
        mut token: TokenRecord,
        request: &Request,
        from: Option<String>,
    ) -> Result<Arc<NodeRecord>, AdmissionError> {
        for _ in 0..MOST_RACES {
            match self.admit(asked, &token, request, from.clone()).await {
                Err(AdmissionError::Store(StoreError::Conflict { .. })) => {
                    token = self.token(&asked.token).await?;
                }
                done => return done,
            }
        }
        self.admit(asked, &token, request, from).await
    }

    /// Takes in a machine that asks for the first time: one use of the token, the record and its inventory
    /// together or not at all.
    async fn admit(
        &self,
        asked: &v1::EnrollRequest,
        token: &TokenRecord,
        request: &Request,
        from: Option<String>,
    ) -> Result<Arc<NodeRecord>, AdmissionError> {
        let inventory = inventory(asked)?;
        let role = v1::Role::try_from(asked.role)
            .ok()
            .and_then(v1::Role::known);
        let host = inventory.host.hostname.as_deref().unwrap_or_default();
        let name = if asked.name.is_empty() {
            host
        } else {
            &asked.name
        };
        let now = self.fleet.now();
        token::admits(token, role, name, now)?;
        let mut record = self.record(asked, &inventory, name, now)?;
        record.public_key = request.key_digest();
        record.role = role.or(token.role);
        record.labels.extend(token.labels.clone());
        record.address = Some(asked.address.clone())
            .filter(|address| !address.is_empty())
            .or(from);
        let verdict = judge(&self.policy, &inventory);
        (record.status, record.reason) = judged(&verdict, record.role);
        if let Some(other) = self.twin(&record) {
            record.reason = format!("{other}; {}", record.reason);
        }
        let used = TokenRecord {
            uses_left: token.uses_left - 1,
            ..token.clone()
        };
        let content = asked
            .inventory
            .as_ref()
            .map(|document| document.content.clone());
        let more = vec![
            Write::Token {
                record: used,
                expected: token.revision,
            },
            Write::Inventory {
                node: record.id.clone(),
                content: content.unwrap_or_default(),
            },
        ];
        Ok(self.fleet.admit(record, more).await?)
    }

    fn record(
        &self,
        asked: &v1::EnrollRequest,
        inventory: &Inventory,
        name: &str,
        now: UnixMs,
    ) -> Result<NodeRecord, AdmissionError> {
        let digest = asked
            .inventory
            .as_ref()
            .map(|document| hex(&document.digest));
        Ok(NodeRecord {
            id: node_id(&asked.node_id)?,
            name: bounded("name", name)?,
            description: String::new(),
            hostname: inventory.host.hostname.clone(),
            address: None,
            machine_id: inventory.host.machine_id.clone(),
            fingerprint: hex(&asked.hardware_fingerprint),
            macs: inventory
                .network
                .iter()
                .filter(|interface| interface.kind == Some(InterfaceKind::Physical))
                .filter_map(|interface| interface.permanent_mac.clone())
                .collect(),
            status: NodeStatus::Candidate,
            reason: String::new(),
            status_since: now,
            role: None,
            public_key: String::new(),
            certificate_serial: None,
            succession: Succession::default(),
            epoch: 1,
            generation: 1,
            inventory_digest: digest,
            tags: std::collections::BTreeSet::new(),
            labels: asked.labels.clone().into_iter().collect(),
            taints: asked.taints.iter().map(taint).collect::<Result<_, _>>()?,
            agent_version: bounded("agent version", &asked.agent_version)?,
            revision: 0,
        })
    }

    /// Who has the same identity already, in words. The newcomer is told; the live node is left alone.
    fn twin(&self, new: &NodeRecord) -> Option<String> {
        self.fleet.nodes().into_iter().find_map(|(other, _)| {
            if other.status == NodeStatus::Out {
                return None;
            }
            let same = [
                (
                    "machine id",
                    new.machine_id.is_some() && other.machine_id == new.machine_id,
                ),
                (
                    "hardware fingerprint",
                    !new.fingerprint.is_empty() && other.fingerprint == new.fingerprint,
                ),
                ("name", other.name == new.name),
                ("MAC address", !other.macs.is_disjoint(&new.macs)),
            ];
            let (what, _) = same.into_iter().find(|(_, same)| *same)?;
            Some(format!(
                "same {what} as the node {} ({})",
                other.name, other.id
            ))
        })
    }

    /// Issues a certificate for the key that was admitted.
    pub(crate) async fn issue(
        &self,
        record: &NodeRecord,
        request: Request,
    ) -> Result<Outcome, AdmissionError> {
        let key = request.key_digest();
        let issued = self.sign(record, request)?;
        self.note(record, &issued, &key).await?;
        Ok(Outcome::Issued(issued))
    }

    fn sign(&self, record: &NodeRecord, request: Request) -> Result<Issued, AuthorityError> {
        let peer = Peer::Node(record.id.clone());
        self.authority
            .issue(request, &peer, self.fleet.now(), self.certificate_life)
    }

    async fn note(
        &self,
        record: &NodeRecord,
        issued: &Issued,
        key: &str,
    ) -> Result<(), AdmissionError> {
        let note = format!("certificate {} issued", issued.serial);
        let edit = |record: &mut NodeRecord| {
            record.succession.readmission = None;
            let revoked = record.certificate_issued(&issued.serial, key);
            revoked
                .into_iter()
                .map(|serial| Write::Revoke { serial })
                .collect()
        };
        self.fleet.edit_with(&record.id, &note, edit).await?;
        Ok(())
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }
}

fn inventory(asked: &v1::EnrollRequest) -> Result<Inventory, AdmissionError> {
    let field = |problem: String| AdmissionError::Field {
        field: "inventory",
        problem,
    };
    let document = asked
        .inventory
        .as_ref()
        .ok_or_else(|| field("it is missing".to_owned()))?;
    let json = document
        .unpack(INVENTORY_SCHEMA)
        .map_err(|error| field(error.to_string()))?;
    Inventory::from_json(&json).map_err(|error| field(error.to_string()))
}

/// Candidate or inadequate, and why. What cannot be said does not keep a machine out: a person decides.
fn judged(verdict: &Verdict, role: Option<Role>) -> (NodeStatus, String) {
    let roles = || {
        verdict
            .roles
            .iter()
            .filter(|judged| role.is_none_or(|role| role == judged.role))
    };
    let standing = roles().map(|judged| judged.standing).min();
    let failing: Vec<&str> = roles()
        .flat_map(|judged| &judged.rules)
        .filter(|rule| rule.severity == Severity::Required && rule.status == RuleStatus::Fail)
        .map(|rule| rule.id.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    match standing {
        Some(Standing::Adequate) => (NodeStatus::Candidate, "waits to be accepted".to_owned()),
        Some(Standing::Inadequate) => (
            NodeStatus::Inadequate,
            format!("fails {}", failing.join(", ")),
        ),
        Some(Standing::Undetermined) | None => (
            NodeStatus::Candidate,
            "waits to be accepted; whether it is adequate could not be determined".to_owned(),
        ),
    }
}

/// 32 hexadecimal digits.
fn node_id(text: &str) -> Result<String, AdmissionError> {
    let fits = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
    if text.len() == 32 && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err(AdmissionError::Field {
        field: "node id",
        problem: "it has to be 32 lower-case hexadecimal digits".to_owned(),
    })
}

/// A text that fits on a line.
fn bounded(field: &'static str, text: &str) -> Result<String, AdmissionError> {
    const LONGEST: usize = 253;
    let problem = if text.is_empty() {
        "it is empty".to_owned()
    } else if text.len() > LONGEST || text.chars().any(char::is_control) {
        format!("it has to be at most {LONGEST} bytes without control characters")
    } else {
        return Ok(text.to_owned());
    };
    Err(AdmissionError::Field { field, problem })
}

fn taint(taint: &v1::Taint) -> Result<(String, Taint), AdmissionError> {
    let effect = match taint.effect.as_str() {
        "NoSchedule" => TaintEffect::NoSchedule,
        "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
        "NoExecute" => TaintEffect::NoExecute,
        other => {
            return Err(AdmissionError::Field {
                field: "taint",
                problem: format!(
                    "{other:?} is no effect: NoSchedule, PreferNoSchedule or NoExecute"
                ),
            });
        }
    };
    let key = bounded("taint", &taint.key)?;
    let value = taint.value.clone();
    Ok((key, Taint { value, effect }))
}
