//! Finding, listing and showing nodes.

use std::cmp::Ordering;
use std::sync::Arc;

use muster_model::{INVENTORY_SCHEMA, Inventory};
use muster_proto::v1;
use tonic::Status;

use super::filter::Filter;
use super::order::Order;
use super::{Service, page_size, status_of_store};
use crate::fleet::Heard;
use crate::record::NodeRecord;

impl Service {
    /// One pass over all nodes and one sort of a page: no more, however many pages there are.
    pub(super) async fn list_nodes(
        &self,
        asked: v1::ListNodesRequest,
    ) -> Result<v1::ListNodesResponse, Status> {
        let filter = Filter::parse(asked.filter)?;
        let order = Order::parse(&asked.sort)?;
        let after = order.after(&asked.page_token)?;
        let page = page_size(asked.page_size);
        let mut rows = Vec::new();
        for (record, heard) in self.services.fleet.snapshot() {
            if !filter.wants(self, &record, heard.as_ref()) {
                continue;
            }
            let place = order.place(&record, heard.as_ref());
            let is_after = |after| order.compare(&place, after) == Ordering::Greater;
            if after.as_ref().is_none_or(is_after) {
                rows.push((place, record, heard));
            }
        }
        let more = rows.len() > page;
        if more {
            rows.select_nth_unstable_by(page, |(left, ..), (right, ..)| order.compare(left, right));
            rows.truncate(page);
        }
        rows.sort_unstable_by(|(left, ..), (right, ..)| order.compare(left, right));
        let next_page_token = match rows.last().filter(|_| more) {
            Some((place, ..)) => order.token(place.clone())?,
            None => String::new(),
        };
        let nodes = rows.iter();
        let nodes = nodes.map(|(_, record, heard)| self.shown(record, heard.as_ref()));
        Ok(v1::ListNodesResponse {
            nodes: nodes.collect(),
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
        // The digest of the record may be that of the one before, or of the next one: the node is not waited for.
        let document = |content| v1::Document::of_content(INVENTORY_SCHEMA, content);
        let inventory = content.map(document).transpose();
        let inventory = inventory.map_err(|error| unreadable(&error.to_string()))?;
        let verdict = match inventory.as_ref().filter(|_| asked.with_verdict) {
            Some(inventory) => Some(self.verdict(inventory)?),
            None => None,
        };
        Ok(v1::GetNodeResponse {
            node: Some(self.shown(&record, heard.as_ref())),
            inventory,
            verdict,
        })
    }

    /// Milliseconds of work, by the policy as it is now.
    fn verdict(&self, inventory: &v1::Document) -> Result<v1::Document, Status> {
        let json = inventory
            .unpack(INVENTORY_SCHEMA)
            .map_err(|error| unreadable(&error.to_string()))?;
        let inventory =
            Inventory::from_json(&json).map_err(|error| unreadable(&error.to_string()))?;
        let verdict = self.services.admission.judge(&inventory);
        let packed = serde_json::to_vec(&verdict)
            .map_err(|error| error.to_string())
            .and_then(|json| {
                let packed = v1::Document::pack(muster_adequacy::VERDICT_SCHEMA, &json);
                packed.map_err(|error| error.to_string())
            });
        packed.map_err(|why| Status::internal(format!("the verdict cannot be sent: {why}")))
    }

    /// The node of that id, or of that name when only one has it.
    pub(super) fn find(&self, wanted: &str) -> Result<(Arc<NodeRecord>, Option<Heard>), Status> {
        if let Some(found) = self.services.fleet.node(wanted) {
            return Ok(found);
        }
        let mut named = self.services.fleet.snapshot();
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

fn unreadable(why: &str) -> Status {
    Status::data_loss(format!("the stored inventory cannot be read: {why}"))
}
