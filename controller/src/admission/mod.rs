//! How a machine becomes a candidate, and a candidate gets its certificate.
//!
//! Map: this file answers requests; `request` reads what a machine says of itself; `judging` turns a verdict
//! into a status; `twins` finds who has the same identity already; `issue` gives certificates.

mod issue;
mod judging;
mod request;
mod twins;

use std::sync::Arc;

use muster_adequacy::{Policy, judge};
use muster_model::{Inventory, NodeStatus};
use muster_proto::{JoinToken, v1};

use crate::authority::{Authority, AuthorityError, Issued, Request, hex};
use crate::fleet::{Fleet, MoveError};
use crate::lifecycle::Event;
use crate::record::{NodeRecord, TokenRecord};
use crate::store::{StoreError, Transaction, Write};
use crate::token::{self, Unfit};
use judging::judged;

/// So often others may be quicker before it is given up.
const MOST_RACES: usize = 64;

/// Admits nodes.
#[derive(Debug)]
pub struct Admission {
    fleet: Arc<Fleet>,
    authority: Arc<Authority>,
    policy: Policy,
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
        }
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
        let token = self.token(&asked.token).await?;
        let known = self.fleet.node(&asked.node_id).map(|(record, _)| record);
        let record = match known {
            Some(record) if record.public_key != request.key_digest() => {
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
        let inventory = request::inventory(asked)?;
        let role = v1::Role::try_from(asked.role)
            .ok()
            .and_then(v1::Role::known);
        let now = self.fleet.now();
        let mut record = request::record(asked, &inventory, now)?;
        token::admits(token, role, &record.name, now)?;
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
}
