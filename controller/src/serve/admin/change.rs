//! What moves a node through its life.

use muster_model::Role;
use muster_proto::v1;
use muster_proto::v1::change_node_request::Change;
use tonic::Status;

use super::super::{enrollment::status_of as status_of_admission, status_of_move};
use super::Service;
use super::cluster::{control_nodes, quorum_advice};
use crate::lifecycle::Event;
use crate::store::Write;

impl Service {
    pub(super) async fn change_node(
        &self,
        admin: &str,
        asked: v1::ChangeNodeRequest,
    ) -> Result<v1::ChangeNodeResponse, Status> {
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
        if event == Event::Accept && !asked.despite_duplicate {
            let acceptable = self.services.admission.acceptable(&record).await;
            acceptable.map_err(|error| status_of_admission(&error))?;
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
                    record.quarantine = None;
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
        if matches!(event, Event::Remove | Event::Delete) {
            let released = self.services.admission.release().await;
            released.map_err(|error| status_of_admission(&error))?;
        }
        Ok(v1::ChangeNodeResponse {
            node: changed.map(|record| self.shown(&record, heard.as_ref())),
            advice: self.advice(event),
        })
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
