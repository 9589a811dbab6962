//! Who has the same identity already. The newcomer is quarantined; the node that is there goes on.

use std::sync::Arc;

use muster_model::NodeStatus;

use super::{Admission, AdmissionError};
use crate::record::NodeRecord;

/// A node that has the identity of another one.
#[derive(Debug)]
pub(super) struct Twin {
    /// The one that was there first.
    pub(super) node: Arc<NodeRecord>,
    /// What is the same.
    pub(super) what: &'static str,
}

impl Admission {
    /// Who has the same identity already. Who is quarantined itself, or was removed, has none.
    pub(super) fn twin(&self, new: &NodeRecord) -> Option<Twin> {
        self.fleet.alike(new).into_iter().find_map(|node| {
            let counts = node.status != NodeStatus::Out && node.quarantine.is_none();
            let what = same(&node, new).filter(|_| counts && node.id != new.id)?;
            Some(Twin { node, what })
        })
    }

    /// Looks at a machine's quarantine again: those who had its identity may be gone.
    ///
    /// # Errors
    /// It cannot be stored.
    pub(super) async fn look_at_quarantine(
        &self,
        record: Arc<NodeRecord>,
    ) -> Result<Arc<NodeRecord>, AdmissionError> {
        let now = self.twin(&record).map(|twin| twin.reason());
        if record.quarantine == now {
            return Ok(record);
        }
        let note = match &now {
            Some(reason) => format!("quarantined: {reason}"),
            None => "no longer quarantined: no other node has its identity".to_owned(),
        };
        let edit = |record: &mut NodeRecord| record.quarantine.clone_from(&now);
        Ok(self.fleet.edit(&record.id, &note, edit).await?)
    }

    /// Lifts the quarantines whose reason is gone: for when a node was deleted, removed or renamed.
    ///
    /// # Errors
    /// It cannot be stored.
    pub async fn release(&self) -> Result<(), AdmissionError> {
        for (record, _) in self.fleet.nodes() {
            if record.quarantine.is_some() {
                self.look_at_quarantine(record).await?;
            }
        }
        Ok(())
    }

    /// Whether an administrator may accept it without another word.
    ///
    /// # Errors
    /// [`AdmissionError::Quarantined`] with the reason.
    pub async fn acceptable(&self, record: &Arc<NodeRecord>) -> Result<(), AdmissionError> {
        if record.quarantine.is_none() {
            return Ok(());
        }
        let record = self.look_at_quarantine(Arc::clone(record)).await?;
        match &record.quarantine {
            Some(reason) => Err(AdmissionError::Quarantined(reason.clone())),
            None => Ok(()),
        }
    }
}

impl Twin {
    /// For the newcomer.
    pub(super) fn reason(&self) -> String {
        let Self { node, what } = self;
        format!("same {what} as the node {} ({})", node.name, node.id)
    }

    /// For the node that was there first.
    pub(super) fn told(&self, new: &NodeRecord) -> String {
        let from = new.address.as_deref().unwrap_or("an unknown address");
        format!(
            "a machine with the same {} asked from {from} to join as {} ({}); that one is quarantined, this node goes on",
            self.what, new.name, new.id
        )
    }
}

fn same(one: &NodeRecord, other: &NodeRecord) -> Option<&'static str> {
    let mut identities = other.identities();
    let same = identities.find(|identity| one.identities().any(|its| its == *identity));
    same.map(|(what, _)| what)
}
