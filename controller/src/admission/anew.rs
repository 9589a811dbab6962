//! Judging again what was judged by another policy.

use std::sync::Arc;

use muster_model::{INVENTORY_SCHEMA, Inventory, NodeStatus};
use muster_proto::v1;

use super::{Admission, judged};
use crate::lifecycle::Event;
use crate::record::NodeRecord;

/// Why a node keeps the judgement that it has.
#[derive(Debug, thiserror::Error)]
enum Kept {
    #[error("its inventory cannot be read: {0}")]
    Inventory(String),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Move(#[from] crate::fleet::MoveError),
    #[error("it could not be judged")]
    Cut(#[from] tokio::task::JoinError),
}

impl Admission {
    /// Judges by the present policy, from their stored inventories, the machines that nobody has accepted or declined:
    /// an earlier controller may have had another policy. One after the other, beside all else; how many stand elsewhere now.
    pub async fn judge_anew(self: Arc<Self>) -> usize {
        let mut changed = 0;
        let nodes = self.fleet.snapshot().into_iter().map(|(record, _)| record);
        for record in nodes.filter(|record| is_undecided(record)) {
            match Arc::clone(&self).judge_one(&record).await {
                Ok(is_changed) => changed += usize::from(is_changed),
                Err(error) => {
                    tracing::warn!(node = %record.id, name = %record.name, %error, "the machine keeps its judgement");
                }
            }
        }
        if changed > 0 {
            tracing::info!(changed, "machines were judged anew by the present policy");
        }
        changed
    }

    async fn judge_one(self: Arc<Self>, record: &Arc<NodeRecord>) -> Result<bool, Kept> {
        let Some(content) = self.fleet.store().inventory(&record.id).await? else {
            return Ok(false);
        };
        let (admission, node) = (Arc::clone(&self), Arc::clone(record));
        // Judging takes milliseconds: not on a thread that heartbeats wait for.
        let judging = move || {
            let inventory = read(content)?;
            Ok(judged(&admission.judge(&inventory), node.role))
        };
        let (status, reason) = tokio::task::spawn_blocking(judging)
            .await?
            .map_err(Kept::Inventory)?;
        let fleet = &self.fleet;
        if status != record.status {
            let event = match status {
                NodeStatus::Inadequate => Event::FoundInadequate,
                _ => Event::FoundAdequate,
            };
            fleet.happen(&record.id, event, &reason).await?;
            return Ok(true);
        }
        // What a candidate waits for may be more than its judgement; what an inadequate machine fails is all there is.
        if status == NodeStatus::Inadequate && reason != record.reason {
            let edit = |record: &mut NodeRecord| {
                if record.status == NodeStatus::Inadequate {
                    record.reason.clone_from(&reason);
                }
            };
            fleet.edit(&record.id, &reason, edit).await?;
            return Ok(true);
        }
        Ok(false)
    }
}

fn is_undecided(record: &NodeRecord) -> bool {
    matches!(
        record.status,
        NodeStatus::Candidate | NodeStatus::Inadequate
    )
}

fn read(content: Vec<u8>) -> Result<Inventory, String> {
    let document = v1::Document::of_content(INVENTORY_SCHEMA, content);
    let json = document.and_then(|document| document.unpack(INVENTORY_SCHEMA));
    let json = json.map_err(|error| error.to_string())?;
    Inventory::from_json(&json).map_err(|error| error.to_string())
}
