//! Which nodes an administrator wants to see.

use muster_model::{NodeStatus, Role};
use muster_proto::v1;
use tonic::Status;

use super::Service;
use crate::fleet::Heard;
use crate::label::Selector;
use crate::record::NodeRecord;

/// A filter that was understood.
#[derive(Debug, Default)]
pub(super) struct Filter {
    statuses: Vec<NodeStatus>,
    roles: Vec<Role>,
    tags: Vec<String>,
    selector: Selector,
    /// In lower case.
    text: String,
    offline: bool,
    stuck: bool,
}

impl Filter {
    pub(super) fn parse(asked: Option<v1::NodeFilter>) -> Result<Self, Status> {
        let Some(asked) = asked else {
            return Ok(Self::default());
        };
        let statuses: Vec<_> = asked.statuses().filter_map(v1::NodeStatus::known).collect();
        let roles: Vec<_> = asked.roles().filter_map(v1::Role::known).collect();
        // Leaving out what is not known would show more than was asked for.
        if statuses.len() < asked.statuses.len() || roles.len() < asked.roles.len() {
            return Err(Status::invalid_argument(
                "this controller does not know the status or role that is asked for",
            ));
        }
        let selector = Selector::parse(&asked.selector);
        Ok(Self {
            statuses,
            roles,
            tags: asked.tags,
            selector: selector.map_err(|error| Status::invalid_argument(error.to_string()))?,
            text: asked.text.to_lowercase(),
            offline: asked.offline,
            stuck: asked.stuck,
        })
    }

    /// The cheap questions first: they are asked of every node.
    pub(super) fn wants(
        &self,
        service: &Service,
        record: &NodeRecord,
        heard: Option<&Heard>,
    ) -> bool {
        let role_fits = || match record.role {
            Some(role) => self.roles.contains(&role),
            None => false,
        };
        (self.statuses.is_empty() || self.statuses.contains(&record.status))
            && (self.roles.is_empty() || role_fits())
            && self.tags.iter().all(|tag| record.tags.contains(tag))
            && self.selector.matches(&record.labels)
            && (self.text.is_empty() || self.reads(record))
            && (!self.offline || service.services.fleet.is_offline(record, heard))
            && (!self.stuck || !service.stuck(record, heard).is_empty())
    }

    fn reads(&self, record: &NodeRecord) -> bool {
        let texts = [
            Some(record.name.as_str()),
            Some(record.id.as_str()),
            record.hostname.as_deref(),
            record.address.as_deref(),
            Some(record.description.as_str()),
        ];
        let mut texts = texts.into_iter().flatten();
        texts.any(|text| text.to_lowercase().contains(&self.text))
    }
}
