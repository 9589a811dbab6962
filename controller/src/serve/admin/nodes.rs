//! Finding, listing and showing nodes, and what happened to them.

use std::sync::Arc;

use muster_model::NodeStatus;
use muster_proto::v1;
use tonic::Status;

use super::shown::unhex;
use super::{Service, USUAL_PAGE, status_of_store};
use crate::fleet::Heard;
use crate::record::NodeRecord;

impl Service {
    pub(super) async fn list_nodes(
        &self,
        asked: v1::ListNodesRequest,
    ) -> Result<v1::ListNodesResponse, Status> {
        let statuses: Vec<NodeStatus> =
            asked.statuses().filter_map(v1::NodeStatus::known).collect();
        let page = match asked.page_size {
            0 => USUAL_PAGE,
            size => usize::try_from(size).unwrap_or(USUAL_PAGE),
        };
        let mut nodes: Vec<v1::NodeRecord> = Vec::new();
        let mut next_page_token = String::new();
        for (record, heard) in self.services.fleet.nodes() {
            let wanted = statuses.is_empty() || statuses.contains(&record.status);
            let tagged = asked.tag.is_empty() || record.tags.contains(&asked.tag);
            let after = place(&record) > asked.page_token;
            if !(wanted && tagged && after) {
                continue;
            }
            if nodes.len() == page {
                next_page_token = nodes
                    .last()
                    .map(|node| format!("{}/{}", node.name, node.id))
                    .unwrap_or_default();
                break;
            }
            nodes.push(self.shown(&record, heard.as_ref()));
        }
        Ok(v1::ListNodesResponse {
            nodes,
            next_page_token,
        })
    }

    pub(super) async fn get_node(
        &self,
        asked: v1::GetNodeRequest,
    ) -> Result<v1::GetNodeResponse, Status> {
        let (record, heard) = self.find(&asked.node)?;
        let content = self.services.fleet.store().inventory(&record.id).await;
        let content = content.map_err(|error| status_of_store(&error))?;
        let inventory = content.map(|content| v1::Document {
            schema: muster_model::INVENTORY_SCHEMA.to_owned(),
            digest: unhex(record.inventory_digest.as_deref().unwrap_or_default()),
            content,
        });
        Ok(v1::GetNodeResponse {
            node: Some(self.shown(&record, heard.as_ref())),
            inventory,
            verdict: None,
        })
    }

    pub(super) async fn list_events(
        &self,
        asked: v1::ListEventsRequest,
    ) -> Result<v1::ListEventsResponse, Status> {
        let (record, _) = self.find(&asked.node)?;
        let page = match asked.page_size {
            0 => USUAL_PAGE,
            size => usize::try_from(size).unwrap_or(USUAL_PAGE),
        };
        let store = self.services.fleet.store();
        let events = store.events(&record.id, asked.after_sequence, page).await;
        let events = events.map_err(|error| status_of_store(&error))?;
        let events = events.into_iter().map(|event| v1::Event {
            sequence: event.sequence,
            at_unix_ms: event.at,
            kind: event.kind,
            message: event.message,
        });
        Ok(v1::ListEventsResponse {
            events: events.collect(),
        })
    }

    /// The node of that id, or of that name when only one has it.
    pub(super) fn find(&self, wanted: &str) -> Result<(Arc<NodeRecord>, Option<Heard>), Status> {
        if let Some(found) = self.services.fleet.node(wanted) {
            return Ok(found);
        }
        let mut named = self.services.fleet.nodes();
        named.retain(|(record, _)| record.name == wanted);
        match (named.pop(), named.len()) {
            (Some(found), 0) => Ok(found),
            (Some(_), more) => Err(Status::failed_precondition(format!(
                "{} nodes are called {wanted:?}; name one by its id",
                more + 1
            ))),
            (None, _) => Err(Status::not_found(format!("there is no node {wanted:?}"))),
        }
    }
}

/// Where a node stands in lists.
fn place(record: &NodeRecord) -> String {
    format!("{}/{}", record.name, record.id)
}
