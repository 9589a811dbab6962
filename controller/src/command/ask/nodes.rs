//! Reading nodes and their events.

use muster_adequacy::VERDICT_SCHEMA;
use muster_model::INVENTORY_SCHEMA;
use muster_proto::v1;

use super::connect::told;
use super::{Ask, note};
use crate::command::cli::{
    EventArguments, FilterArguments, Format, ListArguments, ShowArguments, WorkloadsArguments,
};
use crate::command::show::{self, Sheet};
use crate::exit::{Ended, Exit};

/// A page of a log; the controller may give less.
const PAGE: u32 = 1000;

impl Ask {
    pub(super) async fn list(&mut self, arguments: &ListArguments) -> anyhow::Result<Exit> {
        let ListArguments {
            filter,
            roles,
            sort,
            limit,
            output,
            ..
        } = arguments;
        let nodes = self.matching(filter, roles, sort, *limit).await?;
        if nodes.is_empty() {
            note(
                match *filter == FilterArguments::default() && roles.is_empty() {
                    true => {
                        "no nodes: `muster-controller tokens create` makes a token to join with"
                    }
                    false => "no node matches",
                },
            );
        }
        self.print(&show::nodes(&nodes, &Sheet::new(*output))?)
    }

    pub(super) async fn show(&mut self, arguments: &ShowArguments) -> anyhow::Result<Exit> {
        let format = arguments.show.format;
        let request = v1::GetNodeRequest {
            node: arguments.node.clone(),
            with_verdict: arguments.verdict || matches!(format, Format::Table | Format::Wide),
        };
        let shown = self
            .client
            .get_node(request)
            .await
            .map_err(told)?
            .into_inner();
        let document = match (arguments.inventory, arguments.verdict) {
            (true, _) => Some((&shown.inventory, INVENTORY_SCHEMA)),
            (_, true) => Some((&shown.verdict, VERDICT_SCHEMA)),
            _ => None,
        };
        let text = match document {
            Some((Some(document), schema)) => show::json_of(document, schema)?,
            Some((None, _)) => {
                let message = "the node has sent no inventory yet";
                return Err(Ended::with(Exit::NotFound, message));
            }
            None => show::node(&shown, &Sheet::new(arguments.show))?,
        };
        self.print(&text)
    }

    pub(super) async fn workloads(
        &mut self,
        arguments: &WorkloadsArguments,
    ) -> anyhow::Result<Exit> {
        let request = v1::GetWorkloadsRequest {
            node: arguments.node.clone(),
        };
        let told = self.client.get_workloads(request).await.map_err(told)?;
        let sheet = Sheet::new(arguments.output);
        self.print(&show::workloads(
            &told.into_inner(),
            arguments.services,
            &sheet,
        )?)
    }

    pub(super) async fn events(&mut self, arguments: EventArguments) -> anyhow::Result<Exit> {
        let sheet = Sheet::new(arguments.output);
        match (arguments.node, arguments.watch) {
            (node, true) => self.watch_events(node, &sheet).await,
            (Some(node), false) => {
                let events = self.log(node).await?;
                self.print(&show::events(&events, &sheet)?)
            }
            (None, false) => {
                let message =
                    "say whose events, or give --watch for those of every node from now on";
                Err(Ended::with(Exit::Usage, message))
            }
        }
    }

    /// Everything that happened to a node.
    async fn log(&mut self, node: String) -> anyhow::Result<Vec<v1::Event>> {
        let mut events: Vec<v1::Event> = Vec::new();
        loop {
            let request = v1::ListEventsRequest {
                node: node.clone(),
                after_sequence: events.last().map_or(0, |event| event.sequence),
                page_size: PAGE,
            };
            let page = self.client.list_events(request).await.map_err(told)?;
            let page = page.into_inner().events;
            if page.is_empty() {
                return Ok(events);
            }
            events.extend(page);
        }
    }
}
