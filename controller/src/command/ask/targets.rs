//! The nodes that a command is about.

use muster_model::Role;
use muster_proto::v1;

use super::connect::told;
use super::{Ask, confirm};
use crate::command::cli::{FilterArguments, Several, Targets};
use crate::exit::{Ended, Exit};

/// A page of a list; the controller may give less.
const PAGE: u32 = 1000;

impl Ask {
    /// Names or ids of the nodes; those of a filter after somebody said how many they are.
    pub(super) async fn targets(
        &mut self,
        targets: Targets,
        what: &str,
    ) -> anyhow::Result<Vec<String>> {
        match targets.several.all {
            true => self.all(&targets.several, what).await,
            false => named(targets.nodes, &targets.several),
        }
    }

    /// Ids of all nodes of a filter.
    pub(super) async fn all(
        &mut self,
        several: &Several,
        what: &str,
    ) -> anyhow::Result<Vec<String>> {
        let nodes = self.matching(&several.filter, &[], "name", None).await?;
        if nodes.is_empty() {
            let message = "no node matches; `nodes list` with the same filter shows which do";
            return Err(Ended::with(Exit::NotFound, message));
        }
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        confirm::count(what, &names, several.count)?;
        Ok(nodes.into_iter().map(|node| node.id).collect())
    }

    /// Every page of a list, up to `limit` nodes.
    pub(super) async fn matching(
        &mut self,
        filter: &FilterArguments,
        roles: &[Role],
        sort: &str,
        limit: Option<usize>,
    ) -> anyhow::Result<Vec<v1::NodeRecord>> {
        let limit = limit.unwrap_or(usize::MAX);
        let mut request = v1::ListNodesRequest {
            filter: Some(wire(filter, roles)),
            sort: sort.to_owned(),
            page_size: u32::try_from(limit).map_or(PAGE, |limit| limit.clamp(1, PAGE)),
            ..Default::default()
        };
        let mut nodes = Vec::new();
        loop {
            let page = self.client.list_nodes(request.clone()).await;
            let page = page.map_err(told)?.into_inner();
            nodes.extend(page.nodes);
            if page.next_page_token.is_empty() || nodes.len() >= limit {
                nodes.truncate(limit);
                return Ok(nodes);
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// A filter with names would say twice which nodes, and perhaps not the same.
pub(super) fn named(nodes: Vec<String>, several: &Several) -> anyhow::Result<Vec<String>> {
    if several.filter != FilterArguments::default() {
        let message = "filters go with --all; with names there is nothing to filter";
        return Err(Ended::with(Exit::Usage, message));
    }
    Ok(nodes)
}

/// The filter as the controller takes it.
pub(super) fn wire(filter: &FilterArguments, roles: &[Role]) -> v1::NodeFilter {
    let statuses = filter.statuses.iter();
    v1::NodeFilter {
        statuses: statuses
            .map(|status| v1::NodeStatus::from(*status).into())
            .collect(),
        roles: roles
            .iter()
            .map(|role| v1::Role::from(*role).into())
            .collect(),
        tags: filter.tags.clone(),
        selector: filter.selector.clone(),
        text: filter.text.clone(),
        offline: filter.offline,
        stuck: filter.stuck,
        quarantined: filter.quarantined,
    }
}
