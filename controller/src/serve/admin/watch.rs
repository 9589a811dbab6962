//! The nodes as they are, and then as they change.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use muster_proto::v1;
use muster_proto::v1::watch_nodes_response::Kind;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::Sender;
use tonic::Status;

use super::Service;
use super::filter::Filter;
use super::order::Order;
use super::stream::{Gone, Told, stream};
use crate::fleet::Heard;
use crate::record::NodeRecord;

/// How soon it is told that a heartbeat is late: no transaction says so.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// One watcher. It remembers of each node what it told, not the node.
struct Watch {
    service: Arc<Service>,
    filter: Filter,
    order: Order,
    told: HashMap<String, Seen>,
    to: Sender<Result<v1::WatchNodesResponse, Status>>,
}

/// What makes a node another than it was, heartbeats aside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    revision: u64,
    offline: bool,
    stuck: bool,
}

impl Service {
    pub(super) fn watch_nodes(
        self: &Arc<Self>,
        asked: v1::WatchNodesRequest,
    ) -> Result<Told<v1::WatchNodesResponse>, Status> {
        let filter = Filter::parse(asked.filter)?;
        let order = Order::parse(&asked.sort)?;
        // Before anything is read: what happens while it is read is told after it.
        let notices = self.services.fleet.listen();
        let service = Arc::clone(self);
        Ok(stream(self.stop.clone(), move |to| {
            let told = HashMap::new();
            let watch = Watch {
                service,
                filter,
                order,
                told,
                to,
            };
            watch.run(notices)
        }))
    }
}

impl Watch {
    async fn run(mut self, mut notices: Receiver<Arc<str>>) -> Result<(), Gone> {
        self.tell_all().await?;
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            // Cancel-safe: neither loses anything when the other is first.
            tokio::select! {
                notice = notices.recv() => match notice {
                    Ok(node) => self.look_at(&node).await?,
                    Err(RecvError::Lagged(_)) => self.tell_all().await?,
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = looks.tick() => self.look().await?,
            }
        }
    }

    /// The state from its beginning.
    async fn tell_all(&mut self) -> Result<(), Gone> {
        self.told.clear();
        self.tell(Kind::Reset, None).await?;
        let fleet = &self.service.services.fleet;
        let mut nodes: Vec<_> = fleet
            .snapshot()
            .into_iter()
            .filter(|(record, heard)| self.filter.wants(&self.service, record, heard.as_ref()))
            .map(|(record, heard)| (self.order.place(&record, heard.as_ref()), record, heard))
            .collect();
        nodes.sort_by(|(left, ..), (right, ..)| self.order.compare(left, right));
        for (_, record, heard) in nodes {
            self.tell_node(&record, heard.as_ref()).await?;
        }
        self.tell(Kind::Synced, None).await
    }

    /// What no transaction tells: a heartbeat that is late or came again, a node that is stuck.
    async fn look(&mut self) -> Result<(), Gone> {
        let mut nodes = self.service.services.fleet.snapshot();
        nodes.retain(|(record, heard)| self.filter.wants(&self.service, record, heard.as_ref()));
        for (record, heard) in &nodes {
            self.tell_node(record, heard.as_ref()).await?;
        }
        if self.told.len() == nodes.len() {
            return Ok(());
        }
        let wanted: HashSet<&str> = nodes.iter().map(|(record, _)| record.id.as_str()).collect();
        let told = self.told.keys().filter(|id| !wanted.contains(id.as_str()));
        let gone: Vec<String> = told.cloned().collect();
        for id in gone {
            self.look_at(&id).await?;
        }
        Ok(())
    }

    async fn look_at(&mut self, id: &str) -> Result<(), Gone> {
        let found = self.service.services.fleet.node(id);
        let wanted = found
            .as_ref()
            .filter(|(record, heard)| self.filter.wants(&self.service, record, heard.as_ref()));
        if let Some((record, heard)) = wanted {
            return self.tell_node(record, heard.as_ref()).await;
        }
        if self.told.remove(id).is_none() {
            return Ok(());
        }
        let name = found.map(|(record, _)| record.name.clone());
        let node = v1::NodeRecord {
            id: id.to_owned(),
            name: name.unwrap_or_default(),
            ..Default::default()
        };
        self.tell(Kind::Gone, Some(node)).await
    }

    /// Unless it was told so.
    async fn tell_node(&mut self, record: &NodeRecord, heard: Option<&Heard>) -> Result<(), Gone> {
        let seen = Seen {
            revision: record.revision,
            offline: self.service.services.fleet.is_offline(record, heard),
            stuck: !self.service.stuck(record, heard).is_empty(),
        };
        if self.told.get(&record.id) == Some(&seen) {
            return Ok(());
        }
        self.told.insert(record.id.clone(), seen);
        self.tell(Kind::Node, Some(self.service.shown(record, heard)))
            .await
    }

    /// Waits while the watcher is slow; meanwhile notices pile up, up to a bound, and then all is told anew.
    async fn tell(&self, kind: Kind, node: Option<v1::NodeRecord>) -> Result<(), Gone> {
        let kind = kind.into();
        let told = self.to.send(Ok(v1::WatchNodesResponse { kind, node }));
        told.await.map_err(|_| Gone)
    }
}
