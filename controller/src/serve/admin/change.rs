//! What moves a node through its life, within the rules over the cluster.

use muster_model::{NodeStatus, Role};
use muster_proto::v1;
use muster_proto::v1::change_node_request::Change;
use tonic::Status;

use super::super::{enrollment::status_of as status_of_admission, status_of_move};
use super::Service;
use super::cluster::control_nodes;
use crate::admission::reenrol::{self, GrantError};
use crate::fleet::{Heard, MoveError};
use crate::lifecycle::{Event, next};
use crate::record::NodeRecord;
use crate::rules::{self, Objection, Seen};
use crate::store::Write;

/// A change that was asked for.
pub(super) struct Wanted<'a> {
    pub(super) admin: &'a str,
    pub(super) asked: &'a v1::ChangeNodeRequest,
    pub(super) event: Event,
    /// The node as it is.
    pub(super) seen: Seen,
    /// What stands against it.
    pub(super) objections: Vec<Objection>,
}

impl Service {
    pub(super) async fn change_node(
        &self,
        admin: &str,
        asked: v1::ChangeNodeRequest,
    ) -> Result<v1::ChangeNodeResponse, Status> {
        if asked.change() == Change::Readmit {
            return self.readmit(&asked.node, admin).await;
        }
        let event = event(&asked)?;
        let fleet = &self.services.fleet;
        // Of two changes that are harmless one by one and not together, the second is decided on after the first is done.
        let _operation = fleet.operation().await;
        let (record, heard) = self.find(&asked.node)?;
        next(record.status, event).map_err(|refused| status_of_move(&refused.into()))?;
        let wanted = Wanted {
            admin,
            asked: &asked,
            event,
            objections: objections(&fleet.picture(), event, &record),
            seen: fleet.seen(&record, heard.as_ref()),
        };
        if let Some(offer) = self.weigh(&wanted)? {
            return Ok(v1::ChangeNodeResponse {
                node: Some(self.shown(&record, heard.as_ref())),
                advice: Vec::new(),
                force_offer: Some(offer),
            });
        }
        if event == Event::Accept && !asked.despite_duplicate {
            let acceptable = self.services.admission.acceptable(&record).await;
            acceptable.map_err(|error| status_of_admission(&error))?;
        }
        self.carry_out(&wanted, heard.as_ref()).await
    }

    async fn carry_out(
        &self,
        wanted: &Wanted<'_>,
        heard: Option<&Heard>,
    ) -> Result<v1::ChangeNodeResponse, Status> {
        let fleet = &self.services.fleet;
        let Wanted { asked, event, .. } = *wanted;
        let before = &wanted.seen.record;
        let reason = reason(wanted);
        let role = v1::Role::try_from(asked.role)
            .ok()
            .and_then(v1::Role::known);
        let edit = move |record: &mut NodeRecord| {
            if event == Event::Accept {
                record.role = Some(role.or(record.role).unwrap_or(Role::Worker));
                record.quarantine = None;
            }
            revoked(event, record)
                .map(|serial| Write::Revoke { serial })
                .collect()
        };
        let changed = fleet.happen_with(&before.id, event, &reason, edit).await;
        let mut changed = changed.map_err(|error| status_of_move(&error))?;
        for serial in changed.iter().flat_map(|after| revoked(event, after)) {
            self.services.revoked.add(&serial);
        }
        // Nobody is there to say that it is empty, and nothing has run there since it was fenced.
        if event == Event::ForceMaintenance && before.status == NodeStatus::Fenced {
            let drained = fleet.happen(
                &before.id,
                Event::Drained,
                "it was fenced: nothing runs there",
            );
            changed = drained
                .await
                .map_err(|error: MoveError| status_of_move(&error))?;
        }
        if matches!(event, Event::Remove | Event::Delete) {
            let released = self.services.admission.release().await;
            released.map_err(|error| status_of_admission(&error))?;
        }
        let role = changed.as_ref().unwrap_or(before).role;
        Ok(v1::ChangeNodeResponse {
            node: changed.map(|record| self.shown(&record, heard)),
            advice: self.advice(event, role, wanted.seen.is_online),
            force_offer: None,
        })
    }

    /// Lets a node back whose certificate has ended.
    async fn readmit(&self, node: &str, admin: &str) -> Result<v1::ChangeNodeResponse, Status> {
        let (record, heard) = self.find(node)?;
        let by = format!("by {admin}");
        let granted = reenrol::grant(&self.services.fleet, &record, &by).await;
        let granted = granted.map_err(|error| match error {
            GrantError::NotAsked(_) => Status::failed_precondition(error.to_string()),
            GrantError::Move(error) => status_of_move(&error),
        })?;
        Ok(v1::ChangeNodeResponse {
            node: Some(self.shown(&granted, heard.as_ref())),
            advice: Vec::new(),
            force_offer: None,
        })
    }

    /// What the administrator should know after a change.
    fn advice(&self, event: Event, role: Option<Role>, is_online: bool) -> Vec<String> {
        let fleet = &self.services.fleet;
        match (event, role) {
            (Event::Accept | Event::Remove, Some(Role::Control)) => {
                rules::advice(control_nodes(&fleet.nodes()))
            }
            (Event::EnterMaintenance | Event::ForceMaintenance, Some(Role::Control)) => {
                rules::advice_while_paused(&fleet.picture())
            }
            (Event::Activate, _) if !is_online => {
                vec!["its heartbeats do not come: it becomes active once it is switched on and its agent runs".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

/// The certificates that are worth nothing after it.
fn revoked(event: Event, record: &NodeRecord) -> impl Iterator<Item = String> {
    let removed = (event == Event::Remove).then_some(record).into_iter();
    removed.flat_map(NodeRecord::serials).map(str::to_owned)
}

fn event(asked: &v1::ChangeNodeRequest) -> Result<Event, Status> {
    Ok(match (asked.change(), asked.force) {
        (Change::Accept, _) => Event::Accept,
        (Change::Reject, _) => Event::Reject,
        (Change::Reconsider, _) => Event::Reconsider,
        (Change::Maintenance, false) => Event::EnterMaintenance,
        (Change::Maintenance, true) => Event::ForceMaintenance,
        (Change::CancelMaintenance, _) => Event::CancelMaintenance,
        (Change::Activate, _) => Event::Activate,
        (Change::Remove, _) => Event::Remove,
        (Change::Delete, _) => Event::Delete,
        (Change::Unspecified | Change::Readmit, _) => {
            return Err(Status::invalid_argument("say what to change"));
        }
    })
}

fn objections(picture: &rules::Picture, event: Event, record: &NodeRecord) -> Vec<Objection> {
    match event {
        Event::EnterMaintenance | Event::ForceMaintenance => {
            rules::maintenance(picture, &record.id)
        }
        Event::Remove => rules::removal(picture, &record.id),
        _ => Vec::new(),
    }
}

/// Who, why, and that it was by force.
fn reason(wanted: &Wanted<'_>) -> String {
    let Wanted { admin, asked, .. } = wanted;
    let by = match asked.force_ticket.as_str() {
        "" => format!("by {admin}"),
        _ => format!("by force by {admin}"),
    };
    match asked.reason.as_str() {
        "" => by,
        reason => format!("{reason} ({by})"),
    }
}
