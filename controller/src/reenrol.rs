//! How a node comes back that was off until its certificate had ended.
//!
//! It asks for enrolment without a token. That it is the node is proved by its key, which signed the request; that it may come back, an
//! administrator says (`nodes readmit`): who was away for so long may have been away for a reason.

use std::net::IpAddr;
use std::sync::Arc;

use muster_model::NodeStatus;
use muster_proto::v1;

use crate::admission::{Admission, AdmissionError, Outcome};
use crate::authority::Request;
use crate::fleet::{Fleet, MoveError};
use crate::record::NodeRecord;
use crate::succession::Readmission;
use crate::token::Unfit;

impl Admission {
    /// Answers a node that asks without a token.
    pub(crate) async fn readmit(
        &self,
        asked: &v1::EnrollRequest,
        from: Option<IpAddr>,
    ) -> Result<Outcome, AdmissionError> {
        let proof = async {
            let request = Request::parse(&asked.certificate_request)?;
            let known = self.fleet().node(&asked.node_id).map(|(record, _)| record);
            // Whoever has another key learns no more than whoever has no token.
            let known = known.filter(|record| record.has_key(&request.key_digest()));
            Ok((known.ok_or(Unfit::Unknown)?, request))
        };
        let (record, request) = self.guarded(from, proof).await?;
        match (record.status, record.succession.readmission) {
            (NodeStatus::Out, _) => Err(AdmissionError::Removed),
            (NodeStatus::Candidate | NodeStatus::Inadequate | NodeStatus::Rejected, _) => {
                Ok(Outcome::Pending(record))
            }
            (_, Some(Readmission::Granted)) => self.issue(&record, request).await,
            (_, Some(Readmission::Asked(_))) => Ok(waits(&record)),
            (_, None) => {
                let asking = self.ask(&record).await?;
                Ok(waits(&asking))
            }
        }
    }

    /// Notes that the node asks: once, however often it does.
    async fn ask(&self, record: &NodeRecord) -> Result<Arc<NodeRecord>, AdmissionError> {
        let asked = Readmission::Asked(self.fleet().now());
        let why = reason(record);
        let edit = |record: &mut NodeRecord| {
            record.succession.readmission = Some(asked);
            record.reason.clone_from(&why);
        };
        Ok(self.fleet().edit(&record.id, &why, edit).await?)
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

fn reason(record: &NodeRecord) -> String {
    format!(
        "its certificate has ended, and it asks to be let back; `muster-controller nodes readmit {}` does so",
        record.name
    )
}

fn waits(record: &NodeRecord) -> Outcome {
    Outcome::Pending(Arc::new(NodeRecord {
        reason: reason(record),
        ..record.clone()
    }))
}
