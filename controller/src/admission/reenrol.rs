//! How a node comes back that was off until its certificate had ended.
//!
//! That it is the node is proved by its key, which signed the request; a join token proves no more of that. That it may come back, an
//! administrator says (`nodes readmit`), or a rule does: who was away for so long may have been away for a reason.

use std::sync::Arc;

use super::credit::Credit;
use super::rules::{Newcomer, readmission};
use super::{Admission, AdmissionError, Asking, Outcome, request};
use crate::authority::Request;
use crate::fleet::{Fleet, MoveError};
use crate::record::{NodeRecord, UnixMs};
use crate::succession::Readmission;

impl Admission {
    /// Answers a node that has had a certificate, and has proved its key.
    pub(super) async fn let_back(
        &self,
        asking: &Asking<'_>,
        record: &NodeRecord,
        request: Request,
    ) -> Result<Outcome, AdmissionError> {
        if record.succession.readmission == Some(Readmission::Granted) {
            return self.issue(record, request).await;
        }
        if let Some(granted) = self.readmit_by_rule(asking, record).await? {
            return self.issue(&granted, request).await;
        }
        let why = reason(record, self.fleet.now());
        if record.succession.readmission.is_none() {
            return Ok(Outcome::Pending(self.ask(record, &why).await?));
        }
        // What else was told of the node since does not tell its machine what it waits for.
        Ok(Outcome::Pending(Arc::new(NodeRecord {
            reason: why,
            ..record.clone()
        })))
    }

    /// Lets the node back where a rule fits it, or a join token that is good.
    async fn readmit_by_rule(
        &self,
        asking: &Asking<'_>,
        record: &NodeRecord,
    ) -> Result<Option<Arc<NodeRecord>>, AdmissionError> {
        let credit = self.credit(asking, record).await?;
        if credit.is_none() && !self.rules.iter().any(|rule| rule.readmit) {
            return Ok(None);
        }
        let inventory = request::inventory(asking.asked)?;
        let back = Newcomer {
            record,
            token: credit.as_ref().map(Credit::token),
            inventory: &inventory,
            verdict: &self.judge(&inventory),
            from: asking.from,
        };
        let Some(why) = readmission(&self.rules, &back) else {
            return Ok(None);
        };
        let edit = |record: &mut NodeRecord| {
            record.succession.readmission = Some(Readmission::Granted);
            record.reason.clone_from(&why);
            let credit = credit.iter();
            credit.flat_map(|credit| credit.spend(record)).collect()
        };
        Ok(Some(self.fleet.edit_with(&record.id, &why, edit).await?))
    }

    /// Notes that the node asks: once, however often it does.
    async fn ask(&self, record: &NodeRecord, why: &str) -> Result<Arc<NodeRecord>, AdmissionError> {
        let asked = Readmission::Asked(self.fleet.now());
        let edit = |record: &mut NodeRecord| {
            record.succession.readmission = Some(asked);
            why.clone_into(&mut record.reason);
        };
        Ok(self.fleet.edit(&record.id, why, edit).await?)
    }
}

/// Lets a node back that asks for it.
///
/// # Errors
/// It does not ask, or it cannot be stored.
pub(crate) async fn grant(
    fleet: &Fleet,
    node: &NodeRecord,
    by: &str,
) -> Result<Arc<NodeRecord>, GrantError> {
    match node.succession.readmission {
        None => Err(GrantError::NotAsked(node.name.clone())),
        Some(Readmission::Granted) => Ok(Arc::new(node.clone())),
        Some(Readmission::Asked(_)) => {
            let why = format!("let back {by}");
            let edit = |record: &mut NodeRecord| {
                record.succession.readmission = Some(Readmission::Granted);
                record.reason.clone_from(&why);
            };
            Ok(fleet.edit(&node.id, &why, edit).await?)
        }
    }
}

/// Why a node is not let back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrantError {
    /// There is nothing to decide.
    #[error(
        "{0} does not ask to be let back: only a node does whose certificate has ended while it was off"
    )]
    NotAsked(String),
    /// It cannot be stored.
    #[error(transparent)]
    Move(#[from] MoveError),
}

fn reason(record: &NodeRecord, now: UnixMs) -> String {
    let term = record.succession.term;
    let what = match term.is_some_and(|term| !term.has_ended(now)) {
        true => "it has lost its certificate, which has not ended,",
        false => "its certificate has ended,",
    };
    format!(
        "{what} and it asks to be let back; `muster-controller nodes readmit {}` does so",
        record.name
    )
}
