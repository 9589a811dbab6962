//! Names, tags and labels.

use muster_proto::v1;
use tonic::Status;

use super::super::status_of_move;
use super::Service;

impl Service {
    pub(super) async fn edit_node(
        &self,
        asked: v1::EditNodeRequest,
    ) -> Result<v1::EditNodeResponse, Status> {
        if asked
            .name
            .as_deref()
            .is_some_and(|name| name.trim().is_empty())
        {
            return Err(Status::invalid_argument("a node has a name"));
        }
        if !asked.set_taints.is_empty() || !asked.remove_taints.is_empty() {
            return Err(Status::unimplemented("taints are set when a node joins"));
        }
        let (record, heard) = self.find(&asked.node)?;
        let edited = self
            .services
            .fleet
            .edit(&record.id, "edited by an administrator", |record| {
                if let Some(name) = &asked.name {
                    record.name.clone_from(name);
                }
                if let Some(description) = &asked.description {
                    record.description.clone_from(description);
                }
                record.tags.extend(asked.add_tags.iter().cloned());
                record.tags.retain(|tag| !asked.remove_tags.contains(tag));
                record.labels.extend(asked.set_labels.clone());
                record
                    .labels
                    .retain(|key, _| !asked.remove_labels.contains(key));
            });
        let record = edited.await.map_err(|error| status_of_move(&error))?;
        let node = Some(self.shown(&record, heard.as_ref()));
        Ok(v1::EditNodeResponse { node })
    }
}
