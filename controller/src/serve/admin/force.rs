//! Whether a change may be, and what force has to wait for.

use std::sync::PoisonError;

use muster_model::NodeStatus;
use muster_proto::v1;
use tokio::time::Instant;
use tonic::Status;

use super::Service;
use super::change::Wanted;
use crate::hex::hex;
use crate::lifecycle::Event;
use crate::rules::Objection;
use crate::rules::force::{Purpose, VALID, WAIT};

impl Service {
    /// Refuses what may not be. An offer when force has to wait first; nothing when the change may go on.
    pub(super) fn weigh(&self, wanted: &Wanted<'_>) -> Result<Option<v1::ForceOffer>, Status> {
        let Wanted {
            asked,
            event,
            objections,
            ..
        } = wanted;
        let stands = |objection: &&Objection| !(asked.force && objection.kind.yields_to_force());
        let standing: Vec<&str> = objections
            .iter()
            .filter(stands)
            .map(|it| it.text.as_str())
            .collect();
        if !standing.is_empty() {
            return Err(Status::failed_precondition(standing.join("; ")));
        }
        let needs_force = *event == Event::ForceMaintenance || !objections.is_empty();
        if needs_force && asked.force_ticket.is_empty() {
            return self.offer(wanted).map(Some);
        }
        let needs_name = needs_force || matches!(event, Event::Remove | Event::Delete);
        let name = &wanted.seen.record.name;
        if needs_name && asked.confirm != *name {
            return Err(Status::failed_precondition(format!(
                "this cannot be undone: confirm it by the node's name, {name:?}"
            )));
        }
        if needs_force {
            let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = tickets.take(
                &asked.force_ticket,
                &purpose(wanted),
                objections,
                Instant::now(),
            );
            taken.map_err(|error| Status::failed_precondition(error.to_string()))?;
        }
        Ok(None)
    }

    fn offer(&self, wanted: &Wanted<'_>) -> Result<v1::ForceOffer, Status> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| Status::internal("there is no randomness"))?;
        let ticket = hex(&bytes);
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.give(
            ticket.clone(),
            purpose(wanted),
            &wanted.objections,
            Instant::now(),
        );
        let objections = wanted
            .objections
            .iter()
            .map(|objection| objection.text.clone());
        Ok(v1::ForceOffer {
            ticket,
            wait_ms: super::super::milliseconds(WAIT),
            valid_ms: super::super::milliseconds(VALID),
            warnings: warning(wanted).into_iter().chain(objections).collect(),
        })
    }
}

/// What force does beside what stands against it.
fn warning(wanted: &Wanted<'_>) -> Option<String> {
    let seen = &wanted.seen;
    let name = &seen.record.name;
    if wanted.event != Event::ForceMaintenance {
        return None;
    }
    Some(match seen.record.status {
        NodeStatus::Fenced => {
            format!("{name} does not answer: it is taken for stopped, as its lease has run out")
        }
        _ => format!(
            "force waits for no workload to leave {name}: whatever runs there is stopped at once"
        ),
    })
}

fn purpose(wanted: &Wanted<'_>) -> Purpose {
    Purpose {
        node: wanted.seen.record.id.clone(),
        change: wanted.asked.change,
        admin: wanted.admin.to_owned(),
    }
}
