//! How a machine becomes a candidate, and a candidate gets its certificate.
//!
//! Map: this file answers requests; `guesses` bounds wrong tokens; `request` reads what a machine says of itself;
//! `joining` takes it in, or looks at it again; `arrivals` keeps those with one identity apart, and `twins` finds who has
//! it already; `judging` turns a verdict into a status, and `anew` does it again after another policy; `rules` accepts without a person, and
//! `credit` says what a join token is worth for that; `issue` gives certificates; `reenrol` lets nodes back whose
//! certificate has ended, and `endings` tells of those that do; `copies` finds two machines that speak as one node.
//!
//! Invariants: a token is looked at before anything else that costs; a machine that is known proves its key; a token that has ended,
//! was revoked or is used up grants nothing; nobody is accepted by a rule who is inadequate or quarantined; a
//! newcomer never changes a node that is there.

mod anew;
mod arrivals;
mod copies;
mod credit;
mod endings;
mod guesses;
mod issue;
mod joining;
mod judging;
pub(crate) mod reenrol;
mod request;
mod rules;
mod twins;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use muster_adequacy::{Policy, Verdict, judge};
use muster_model::{Inventory, NodeStatus};
use muster_proto::{JoinToken, v1};
use tokio::time::Instant;

use crate::authority::{Authority, AuthorityError, Issued, Request};
use crate::fleet::{Fleet, MoveError};
use crate::hex::hex;
use crate::lifecycle::Event;
use crate::record::{NodeRecord, TokenRecord};
use crate::store::{StoreError, Transaction, Write};
use crate::token::{self, Unfit};
use arrivals::Arrivals;
use copies::Copies;
use guesses::Guesses;
use judging::judged;

pub use rules::Rule;

/// Admits nodes.
#[derive(Debug)]
pub struct Admission {
    fleet: Arc<Fleet>,
    authority: Arc<Authority>,
    policy: Policy,
    rules: Vec<Rule>,
    guesses: Guesses,
    copies: Copies,
    arrivals: Arrivals,
    certificate_life: Duration,
}

/// Who asks.
struct Asking<'a> {
    asked: &'a v1::EnrollRequest,
    from: Option<IpAddr>,
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
    /// Wrong tokens came from there.
    #[error("too many wrong join tokens came from this address; ask again in {} s", wait.as_secs() + 1)]
    Guessing {
        /// For how long nothing from there is looked at.
        wait: Duration,
    },
    /// It has the identity of another node.
    #[error(
        "this machine is quarantined: {0}; remove or delete the other one, or accept it with --despite-duplicate"
    )]
    Quarantined(String),
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
    /// Admits to `fleet` with certificates of `authority`, judging by `policy`; a person accepts.
    pub fn new(fleet: Arc<Fleet>, authority: Arc<Authority>, policy: Policy) -> Self {
        Self {
            fleet,
            authority,
            policy,
            rules: Vec::new(),
            guesses: Guesses::default(),
            copies: Copies::default(),
            arrivals: Arrivals::default(),
            certificate_life: issue::CERTIFICATE_LIFE,
        }
    }

    /// The same, with certificates that are good for so long.
    pub fn with_certificate_life(self, certificate_life: Duration) -> Self {
        Self {
            certificate_life,
            ..self
        }
    }

    /// The same, with rules that accept; the first that fits counts.
    pub fn with_rules(self, rules: Vec<Rule>) -> Self {
        Self { rules, ..self }
    }

    /// Answers a request to be enrolled that came from an address.
    ///
    /// # Errors
    /// Why it was turned down.
    pub async fn enroll(
        &self,
        asked: v1::EnrollRequest,
        from: Option<IpAddr>,
    ) -> Result<Outcome, AdmissionError> {
        let from = from.map(|from| from.to_canonical());
        let asking = Asking {
            asked: &asked,
            from,
        };
        if asked.token.is_empty() {
            let (record, request) = self.guarded(from, self.keyed(&asked)).await?;
            return self.answer_again(&asking, record, request).await;
        }
        let token = self.guarded(from, self.token(&asked.token)).await?;
        let request = Request::parse(&asked.certificate_request)?;
        match self.fleet.node(&asked.node_id) {
            Some((record, _)) if record.has_key(&request.key_digest()) => {
                self.answer_again(&asking, record, request).await
            }
            Some(_) => Err(AdmissionError::OtherKey),
            None => {
                let record = self.take_in(&asking, token, &request).await?;
                self.settle(record, request).await
            }
        }
    }

    /// Answers a machine that is known and has proved its key.
    async fn answer_again(
        &self,
        asking: &Asking<'_>,
        record: Arc<NodeRecord>,
        request: Request,
    ) -> Result<Outcome, AdmissionError> {
        match record.status {
            NodeStatus::Candidate | NodeStatus::Inadequate => {
                let record = self.look_again(asking, record).await?;
                self.settle(record, request).await
            }
            NodeStatus::Rejected | NodeStatus::Out => self.settle(record, request).await,
            _ if record.awaits_first_certificate(self.fleet.now()) => {
                self.issue(&record, request).await
            }
            _ => self.let_back(asking, &record, request).await,
        }
    }

    /// Answers a machine of which it is decided what it is for now.
    async fn settle(
        &self,
        record: Arc<NodeRecord>,
        request: Request,
    ) -> Result<Outcome, AdmissionError> {
        match record.status {
            NodeStatus::Candidate | NodeStatus::Inadequate | NodeStatus::Rejected => {
                Ok(Outcome::Pending(record))
            }
            NodeStatus::Out => Err(AdmissionError::Removed),
            _ => self.issue(&record, request).await,
        }
    }

    /// The node that asks without a token, by its key.
    async fn keyed(
        &self,
        asked: &v1::EnrollRequest,
    ) -> Result<(Arc<NodeRecord>, Request), AdmissionError> {
        let request = Request::parse(&asked.certificate_request)?;
        let known = self.fleet.node(&asked.node_id).map(|(record, _)| record);
        // Whoever has another key learns no more than whoever has no token.
        let known = known.filter(|record| record.has_key(&request.key_digest()));
        Ok((known.ok_or(Unfit::Unknown)?, request))
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
        let (status, reason) = judged(&self.judge(&inventory), node.role);
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

    /// What proves something, unless wrong proofs came from there lately.
    async fn guarded<T>(
        &self,
        from: Option<IpAddr>,
        proof: impl Future<Output = Result<T, AdmissionError>>,
    ) -> Result<T, AdmissionError> {
        let guessing = |wait| AdmissionError::Guessing { wait };
        if let Some(from) = from {
            self.guesses
                .permit(from, Instant::now())
                .map_err(guessing)?;
        }
        let proved = proof.await;
        if let (Err(AdmissionError::Token(Unfit::Unknown)), Some(from)) = (&proved, from) {
            self.guesses.wrong(from, Instant::now()).map_err(guessing)?;
            tracing::warn!(%from, "a wrong join token");
        }
        proved
    }

    /// The record of a token whose secret is right, whatever it is worth by now.
    async fn token(&self, text: &str) -> Result<TokenRecord, AdmissionError> {
        let token = JoinToken::parse(text).map_err(|_| Unfit::Unknown)?;
        let record = self.fleet.store().token(token.id()).await?;
        Ok(token::proved(record, &token).ok_or(Unfit::Unknown)?)
    }
}
