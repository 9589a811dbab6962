//! Following what changes until Ctrl-C, across restarts of the controller.

use std::collections::HashMap;
use std::time::Duration;

use muster_proto::v1;
use muster_terminal::output::Reader;
use tonic::{Status, Streaming};

use super::connect::{is_broken, told};
use super::targets::wire;
use super::{Ask, note};
use crate::command::cli::ListArguments;
use crate::command::show::{self, Feed, Sheet};
use crate::exit::Exit;

/// The first wait for a controller that went away; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Why a stream is read no more.
enum Broken {
    /// The controller went away.
    Away,
    /// Whoever read standard output went away.
    Unread,
}

impl Ask {
    pub(super) async fn watch_nodes(&mut self, arguments: &ListArguments) -> anyhow::Result<Exit> {
        let request = v1::WatchNodesRequest {
            filter: Some(wire(&arguments.filter, &arguments.roles)),
            sort: arguments.sort.clone(),
        };
        let mut feed = Feed::new(Sheet::new(arguments.output));
        tokio::select! {
            // Cancel-safe: whatever is lost was not written yet, and the program ends.
            followed = self.follow_nodes(&request, &mut feed) => followed,
            interrupted = tokio::signal::ctrl_c() => ended(interrupted),
        }
    }

    async fn follow_nodes(
        &mut self,
        request: &v1::WatchNodesRequest,
        feed: &mut Feed,
    ) -> anyhow::Result<Exit> {
        loop {
            let broken = match self.client.watch_nodes(request.clone()).await {
                Ok(stream) => self.feed(stream.into_inner(), feed).await?,
                Err(status) => away(status)?,
            };
            match broken {
                Broken::Unread => return Ok(Exit::Complete),
                Broken::Away => self.wait().await?,
            }
        }
    }

    async fn feed(
        &self,
        mut stream: Streaming<v1::WatchNodesResponse>,
        feed: &mut Feed,
    ) -> anyhow::Result<Broken> {
        loop {
            let step = match stream.message().await {
                Ok(Some(step)) => step,
                Ok(None) => return Ok(Broken::Away),
                Err(status) => return away(status),
            };
            let now = jiff::Timestamp::now().as_millisecond();
            if let Some(text) = feed.step(&step, now)?
                && show::print(&text, self.colour)? == Reader::Gone
            {
                return Ok(Broken::Unread);
            }
        }
    }

    /// Events of one node from its first, or of all from now on.
    pub(super) async fn watch_events(
        &mut self,
        node: Option<String>,
        sheet: &Sheet,
    ) -> anyhow::Result<Exit> {
        let mut told_so_far = HashMap::new();
        let node = match node {
            None => String::new(),
            Some(node) => {
                let asked = v1::GetNodeRequest {
                    node,
                    ..Default::default()
                };
                let found = self
                    .client
                    .get_node(asked)
                    .await
                    .map_err(told)?
                    .into_inner();
                let id = found.node.unwrap_or_default().id;
                told_so_far.insert(id.clone(), 0);
                id
            }
        };
        tokio::select! {
            // Cancel-safe: whatever is lost was not written yet, and the program ends.
            followed = self.follow_events(node, told_so_far, sheet) => followed,
            interrupted = tokio::signal::ctrl_c() => ended(interrupted),
        }
    }

    async fn follow_events(
        &mut self,
        node: String,
        mut told_so_far: HashMap<String, u64>,
        sheet: &Sheet,
    ) -> anyhow::Result<Exit> {
        loop {
            let request = v1::WatchEventsRequest {
                node: node.clone(),
                after_sequences: told_so_far.clone(),
            };
            let broken = match self.client.watch_events(request).await {
                Ok(stream) => {
                    let stream = stream.into_inner();
                    self.log_on(stream, &mut told_so_far, sheet).await?
                }
                Err(status) => away(status)?,
            };
            match broken {
                Broken::Unread => return Ok(Exit::Complete),
                Broken::Away => self.wait().await?,
            }
            if node.is_empty() {
                note(
                    "events of nodes that were not shown before may be missing here; `nodes events NODE` has all",
                );
            }
        }
    }

    async fn log_on(
        &self,
        mut stream: Streaming<v1::WatchEventsResponse>,
        told_so_far: &mut HashMap<String, u64>,
        sheet: &Sheet,
    ) -> anyhow::Result<Broken> {
        loop {
            let message = match stream.message().await {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(Broken::Away),
                Err(status) => return away(status),
            };
            // The word that the watch has begun.
            let Some(event) = &message.event else {
                continue;
            };
            told_so_far.insert(message.node.clone(), event.sequence);
            if show::print(&show::event(&message, sheet)?, self.colour)? == Reader::Gone {
                return Ok(Broken::Unread);
            }
        }
    }

    /// Until the controller is back.
    async fn wait(&mut self) -> anyhow::Result<()> {
        note("the controller went away; waiting for it, Ctrl-C ends");
        let mut wait = FIRST_WAIT;
        loop {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
            if let Ok(client) = self.door.connect().await {
                self.client = client;
                note("the controller is back");
                return Ok(());
            }
        }
    }
}

/// A controller that answers is there: what it says is final.
fn away(status: Status) -> anyhow::Result<Broken> {
    match is_broken(&status) {
        true => Ok(Broken::Away),
        false => Err(told(status)),
    }
}

/// Whoever watches ends it by Ctrl-C: that is how it is done.
fn ended(interrupted: std::io::Result<()>) -> anyhow::Result<Exit> {
    interrupted?;
    Ok(Exit::Complete)
}
