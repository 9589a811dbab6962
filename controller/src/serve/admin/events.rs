//! What happened to nodes, and what happens.

use std::collections::HashMap;
use std::sync::Arc;

use muster_proto::v1;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::Sender;
use tonic::Status;

use super::stream::{Gone, Told, stream};
use super::{Service, page_size, status_of_store};
use crate::record::EventRecord;

/// Events that are read from the store at once.
const PORTION: usize = 256;

/// One watcher. It remembers how far it told each node's log; the log itself stays in the store.
struct Watch {
    service: Arc<Service>,
    /// The only node, by its id.
    only: Option<String>,
    told: HashMap<String, u64>,
    to: Sender<Result<v1::WatchEventsResponse, Status>>,
}

/// Why a watch ends.
enum End {
    Gone,
    Failed(Status),
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl Service {
    pub(super) async fn list_events(
        &self,
        asked: v1::ListEventsRequest,
    ) -> Result<v1::ListEventsResponse, Status> {
        let (record, _) = self.find(&asked.node)?;
        let page = page_size(asked.page_size);
        let store = self.services.fleet.store();
        let events = store.events(&record.id, asked.after_sequence, page).await;
        let events = events.map_err(|error| status_of_store(&error))?;
        Ok(v1::ListEventsResponse {
            events: events.into_iter().map(shown).collect(),
        })
    }

    pub(super) fn watch_events(
        self: &Arc<Self>,
        asked: v1::WatchEventsRequest,
    ) -> Result<Told<v1::WatchEventsResponse>, Status> {
        let only = match asked.node.as_str() {
            "" => None,
            node => Some(self.find(node)?.0.id.clone()),
        };
        // Before anything is read: what happens while it is read is told after it.
        let notices = self.services.fleet.listen();
        let service = Arc::clone(self);
        Ok(stream(self.stop.clone(), move |to| {
            let watch = Watch {
                service,
                only,
                told: asked.after_sequences,
                to,
            };
            watch.run(notices)
        }))
    }
}

impl Watch {
    async fn run(mut self, notices: Receiver<Arc<str>>) -> Result<(), Gone> {
        match self.follow(notices).await {
            Ok(()) => Ok(()),
            Err(End::Gone) => Err(Gone),
            Err(End::Failed(status)) => self.to.send(Err(status)).await.map_err(|_| Gone),
        }
    }

    async fn follow(&mut self, mut notices: Receiver<Arc<str>>) -> Result<(), End> {
        let asked: Vec<String> = self.told.keys().cloned().collect();
        for (node, last) in self.last_events().await? {
            self.told.entry(node).or_insert(last);
        }
        self.send(v1::WatchEventsResponse::default()).await?;
        for node in asked {
            self.tell(&node).await?;
        }
        loop {
            match notices.recv().await {
                Ok(node) => self.tell(&node).await?,
                Err(RecvError::Lagged(_)) => self.tell_all().await?,
                Err(RecvError::Closed) => return Ok(()),
            }
        }
    }

    /// Whatever is new in any log.
    async fn tell_all(&mut self) -> Result<(), End> {
        for (node, last) in self.last_events().await? {
            if self.told.get(&node).is_none_or(|told| *told < last) {
                self.tell(&node).await?;
            }
        }
        Ok(())
    }

    /// What is new in the log of a node.
    async fn tell(&mut self, node: &str) -> Result<(), End> {
        if self.only.as_deref().is_some_and(|only| only != node) {
            return Ok(());
        }
        let Some((record, _)) = self.service.services.fleet.node(node) else {
            return self.forget(node);
        };
        loop {
            // A node that came after the watch began is told of from its first event.
            let told = self.told.get(node).copied().unwrap_or(0);
            let store = self.service.services.fleet.store();
            let events = store.events(node, told, PORTION).await;
            let events = events.map_err(|error| End::Failed(status_of_store(&error)))?;
            let Some(last) = events.last().map(|event| event.sequence) else {
                return Ok(());
            };
            for event in events {
                let event = v1::WatchEventsResponse {
                    node: node.to_owned(),
                    name: record.name.clone(),
                    event: Some(shown(event)),
                };
                self.send(event).await?;
            }
            self.told.insert(node.to_owned(), last);
        }
    }

    /// A node that was deleted took its log with it.
    fn forget(&mut self, node: &str) -> Result<(), End> {
        self.told.remove(node);
        match &self.only {
            Some(_) => Err(End::Failed(Status::not_found("the node was deleted"))),
            None => Ok(()),
        }
    }

    /// How far the logs are that this watch is about.
    async fn last_events(&self) -> Result<Vec<(String, u64)>, End> {
        let store = self.service.services.fleet.store();
        let mut last = store
            .last_events()
            .await
            .map_err(|error| End::Failed(status_of_store(&error)))?;
        last.retain(|(node, _)| self.only.as_ref().is_none_or(|only| only == node));
        Ok(last)
    }

    async fn send(&self, message: v1::WatchEventsResponse) -> Result<(), Gone> {
        self.to.send(Ok(message)).await.map_err(|_| Gone)
    }
}

fn shown(event: EventRecord) -> v1::Event {
    v1::Event {
        sequence: event.sequence,
        at_unix_ms: event.at,
        kind: event.kind,
        message: event.message,
        spool_sequence: event.spooled.map(|spooled| spooled.sequence),
    }
}
