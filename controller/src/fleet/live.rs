//! What is in memory of each node.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use muster_model::NodeStatus;
use muster_proto::v1;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::identities::Identities;
use super::notices::Notices;
use super::timing::Pace;
use super::workloads::Questions;
use crate::lifecycle::{Event, Next, next};
use crate::record::{NodeRecord, UnixMs};

/// What is known of a node from its heartbeats.
#[derive(Debug, Clone)]
pub struct Heard {
    /// When the last one came.
    pub at: Instant,
    /// The same by the clock on the wall.
    pub at_unix_ms: UnixMs,
    /// When the next one was to come.
    pub interval: Duration,
    /// How busy it is.
    pub gauges: Option<v1::Gauges>,
    /// What it says of itself.
    pub report: Option<v1::NodeReport>,
}

impl Heard {
    /// Whether the next one is late: two and a half of the intervals that the node was told have gone by.
    pub fn is_late(&self) -> bool {
        self.at.elapsed() > self.interval * 5 / 2
    }
}

/// A node in memory.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) record: Arc<NodeRecord>,
    pub(super) heard: Option<Heard>,
    /// Every lease that it was given has run out by then, and the margin too.
    pub(super) overdue_at: Instant,
    /// The number of its entry on the timing wheel.
    pub(super) armed: Option<u64>,
    /// Its lease is being ended: it is given none meanwhile.
    pub(super) expiring: bool,
    /// Who is told at once what it is to be.
    pub(super) watcher: Option<Arc<Notify>>,
}

/// An entry of the timing wheel.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) number: u64,
}

/// All nodes in memory.
#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) live: HashMap<String, Live>,
    pub(super) pace: Pace,
    pub(super) notices: Notices,
    pub(super) identities: Identities,
    pub(super) questions: Questions,
    /// Nobody is told at once any more.
    pub(super) is_closing: bool,
    /// Nodes that send heartbeats.
    callers: usize,
    /// What has to get on the timing wheel.
    arming: Vec<(Entry, Instant)>,
    /// Somebody has to put it there.
    arming_told: Arc<Notify>,
    entries: u64,
}

impl Live {
    fn new(record: Arc<NodeRecord>, overdue_at: Instant) -> Self {
        Self {
            record,
            heard: None,
            overdue_at,
            armed: None,
            expiring: false,
            watcher: None,
        }
    }
}

impl Nodes {
    /// Every node may have a lease of an earlier controller, and has to wait for its turn to come back.
    pub(super) fn new(records: Vec<NodeRecord>, pace: Pace, now: Instant) -> Self {
        let mut nodes = Self {
            live: HashMap::with_capacity(records.len()),
            pace,
            notices: Notices::new(),
            identities: Identities::default(),
            questions: Questions::default(),
            is_closing: false,
            callers: 0,
            arming: Vec::new(),
            arming_told: Arc::default(),
            entries: 0,
        };
        let returned = now + nodes.pace.to_return(records.len());
        for record in records {
            nodes.admit(Arc::new(record), returned);
        }
        nodes
    }

    pub(super) fn callers(&self) -> usize {
        self.callers
    }

    /// Takes in a node that is new here.
    pub(super) fn admit(&mut self, record: Arc<NodeRecord>, now: Instant) {
        let overdue_at = now + self.pace.kept();
        let id = record.id.clone();
        self.callers += usize::from(calls(&record));
        self.identities.insert(&record);
        self.live.insert(id.clone(), Live::new(record, overdue_at));
        self.arm(&id, overdue_at);
        self.notices.tell(&id);
    }

    /// Puts a record in place of an older one. A node that is not there was deleted, and stays so.
    pub(super) fn show(&mut self, record: &Arc<NodeRecord>, now: Instant) {
        let Some(live) = self.live.get_mut(&record.id) else {
            return;
        };
        // A slower writer must not put an older record over a newer one.
        if live.record.revision >= record.revision {
            return;
        }
        let before = std::mem::replace(&mut live.record, Arc::clone(record));
        if let Some(watcher) = &live.watcher {
            watcher.notify_one();
        }
        self.callers = self.callers + usize::from(calls(record)) - usize::from(calls(&before));
        if !before.identities().eq(record.identities()) {
            self.identities.remove(&before);
            self.identities.insert(record);
        }
        self.arm(&record.id, now + self.pace.kept());
        self.notices.tell(&record.id);
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(gone) = self.live.remove(id) else {
            return;
        };
        self.callers -= usize::from(calls(&gone.record));
        self.identities.remove(&gone.record);
        if let Some(watcher) = gone.watcher {
            watcher.notify_one();
        }
        self.notices.tell(id);
    }

    /// Has the node looked at when its lease has run out, unless it is going to be, or nothing comes of it.
    pub(super) fn arm(&mut self, id: &str, overdue_at: Instant) {
        let Some(live) = self.live.get_mut(id) else {
            return;
        };
        if live.armed.is_some() || !is_leased(&live.record) {
            return;
        }
        self.entries += 1;
        let number = self.entries;
        live.armed = Some(number);
        live.overdue_at = live.overdue_at.max(overdue_at);
        let id = id.to_owned();
        self.arming.push((Entry { id, number }, live.overdue_at));
        self.arming_told.notify_one();
    }

    /// Has every node looked at, by a timing wheel that is new.
    pub(super) fn arm_all(&mut self, now: Instant) {
        self.arming.clear();
        let mut ids: Vec<String> = self.live.keys().cloned().collect();
        // In the same order always, for who simulates.
        ids.sort_unstable();
        for id in ids {
            if let Some(live) = self.live.get_mut(&id) {
                live.armed = None;
            }
            self.arm(&id, now);
        }
    }

    /// Told when there is something for the timing wheel.
    pub(super) fn arming_told(&self) -> Arc<Notify> {
        Arc::clone(&self.arming_told)
    }

    pub(super) fn take_arming(&mut self) -> Vec<(Entry, Instant)> {
        std::mem::take(&mut self.arming)
    }
}

/// Whether it sends heartbeats: without a certificate it cannot, and once it is out it may not.
fn calls(record: &NodeRecord) -> bool {
    record.certificate_serial.is_some() && record.status != NodeStatus::Out
}

/// Whether something comes of it when it is silent for too long.
pub(super) fn is_leased(record: &NodeRecord) -> bool {
    calls(record) && next(record.status, Event::LeaseExpired) != Ok(Next::Stays)
}
