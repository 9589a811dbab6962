//! Leases: given with each heartbeat, and watched over by a timing wheel.
//!
//! Each node that has a lease has one entry on the wheel. A heartbeat does not touch the wheel: when the entry comes up, the
//! node's own deadline is looked at, and the entry put back for as long as that is away. A heartbeat is a look-up and a few
//! words written, whatever the number of nodes.
//!
//! Invariant: no lease is given from the moment at which the last one was found to be over until the node's new status is
//! known. So a heartbeat that comes just then cannot be told to go on by a controller that is about to fence the node.

use std::sync::Arc;
use std::time::Duration;

use muster_proto::v1;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::StreamExt as _;
use tokio_util::time::DelayQueue;

use super::live::{Entry, Heard, is_leased};
use super::{Fleet, MoveError, Timing};
use crate::lifecycle::Event;
use crate::record::NodeRecord;
use crate::store::{StoreError, Transaction, Write};

/// How often intervals are fitted to the number of nodes.
const PACE_EVERY: Duration = Duration::from_secs(10);
/// When the store did not take it, it is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// Leases that are ended at a time.
const MOST_ENDING: usize = 1024;
/// Under which the store has the patience that nodes were promised, in milliseconds.
const PATIENCE: &str = "patience_ms";

/// What a heartbeat is answered.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The node as it is now.
    pub record: Arc<NodeRecord>,
    /// When it is to call again.
    pub interval: Duration,
    /// How long it may run workloads without another answer; nothing while it is being fenced.
    pub lease: Duration,
}

/// What came of looking at a node whose entry came up.
enum Look {
    /// The entry is not that of the node any more.
    Gone,
    /// It was heard meanwhile.
    Early(Instant),
    /// Its lease and the margin have run out, for that reason.
    Over(String),
}

impl Fleet {
    /// Notes a heartbeat and renews the lease. None when there is no such node.
    pub fn heard(
        &self,
        id: &str,
        gauges: Option<v1::Gauges>,
        report: Option<v1::NodeReport>,
    ) -> Option<Grant> {
        let now = Instant::now();
        let at_unix_ms = self.clock.now();
        let mut nodes = self.live();
        let timing = nodes.pace.told();
        let overdue_at = now + timing.patience();
        let live = nodes.live.get_mut(id)?;
        let mut lease = Duration::ZERO;
        if !live.expiring {
            lease = timing.lease;
            // An answer that got lost may have left the node with an earlier and longer lease.
            live.overdue_at = live.overdue_at.max(overdue_at);
        }
        live.heard = Some(Heard {
            at: now,
            at_unix_ms,
            interval: timing.interval,
            gauges,
            report,
        });
        Some(Grant {
            record: Arc::clone(&live.record),
            interval: timing.interval,
            lease,
        })
    }

    /// Fits the intervals to the number of nodes. What is promised is in the store before it is promised.
    pub(super) async fn pace(&self) -> Result<(), StoreError> {
        let note = {
            let mut nodes = self.live();
            let callers = nodes.callers();
            nodes.pace.adjust(callers, Instant::now())
        };
        let Some(patience) = note else { return Ok(()) };
        self.note_patience(patience).await?;
        let mut nodes = self.live();
        nodes.pace.noted(patience);
        let callers = nodes.callers();
        nodes.pace.adjust(callers, Instant::now());
        let Timing {
            interval, lease, ..
        } = nodes.pace.told();
        tracing::info!(
            nodes = callers,
            interval_s = interval.as_secs_f64(),
            lease_s = lease.as_secs_f64(),
            "heartbeats are paced"
        );
        Ok(())
    }

    /// The patience that an earlier controller promised.
    pub(super) async fn noted_patience(
        store: &dyn crate::store::Store,
    ) -> Result<Duration, StoreError> {
        let noted = store.note(PATIENCE).await?;
        let milliseconds = noted.and_then(|text| text.parse().ok());
        Ok(Duration::from_millis(milliseconds.unwrap_or(0)))
    }

    pub(super) async fn note_patience(&self, patience: Duration) -> Result<(), StoreError> {
        let note = Write::Note {
            key: PATIENCE.to_owned(),
            value: patience.as_millis().to_string(),
        };
        let writes = vec![note];
        self.store.commit(Transaction { writes }).await
    }

    fn look(&self, entry: &Entry) -> Look {
        let mut nodes = self.live();
        let Some(live) = nodes.live.get_mut(&entry.id) else {
            return Look::Gone;
        };
        if live.armed != Some(entry.number) {
            return Look::Gone;
        }
        if Instant::now() < live.overdue_at {
            return Look::Early(live.overdue_at);
        }
        live.expiring = true;
        Look::Over(match &live.heard {
            Some(heard) => format!("not heard for {} s", heard.at.elapsed().as_secs()),
            None => "not heard since the controller started".to_owned(),
        })
    }

    /// Ends a lease that ran out. When to look at the node again, if ever.
    async fn expire(self: Arc<Self>, entry: Entry, reason: String) -> Option<(Entry, Instant)> {
        let at = self.end(&entry, &reason).await?;
        Some((entry, at))
    }

    async fn end(&self, entry: &Entry, reason: &str) -> Option<Instant> {
        let id = &entry.id;
        match self.happen(id, Event::LeaseExpired, reason).await {
            Ok(_) | Err(MoveError::NoNode(_)) => {}
            Err(error) => {
                // What the store has is in doubt: no lease is given until that is known.
                tracing::error!(node = %id, %error, "a silent node could not be fenced; trying again");
                return Some(Instant::now() + AGAIN);
            }
        }
        let mut nodes = self.live();
        let interval = nodes.pace.told().interval;
        let live = nodes.live.get_mut(id)?;
        if live.armed != Some(entry.number) {
            return None;
        }
        live.expiring = false;
        if is_leased(&live.record) {
            return Some(live.overdue_at.max(Instant::now() + interval));
        }
        live.armed = None;
        None
    }
}

/// Watches over the leases until it is dropped.
pub async fn watch_leases(fleet: Arc<Fleet>) {
    let mut wheel: DelayQueue<Entry> = DelayQueue::new();
    // When a network goes, the leases of all its nodes end at a time: they are stored together and not one after the other.
    let mut ending: JoinSet<Option<(Entry, Instant)>> = JoinSet::new();
    let mut paces = tokio::time::interval(PACE_EVERY);
    paces.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let arming = fleet.live().arming_told();
    fleet.live().arm_all(Instant::now());
    loop {
        // Nothing is lost with a branch that is dropped: what is told is kept, what has come up stays on the wheel, what has
        // ended stays in the set.
        tokio::select! {
            biased;
            () = arming.notified() => {
                for (entry, at) in fleet.live().take_arming() {
                    wheel.insert_at(entry, at);
                }
            }
            _ = paces.tick() => {
                if let Err(error) = fleet.pace().await {
                    tracing::error!(%error, "the interval of heartbeats stays as it is");
                }
            }
            Some(ended) = ending.join_next() => {
                // A panic was told when it happened, and its node gets no lease any more.
                if let Ok(Some((entry, at))) = ended {
                    wheel.insert_at(entry, at);
                }
            }
            Some(up) = wheel.next(), if ending.len() < MOST_ENDING => {
                let entry = up.into_inner();
                match fleet.look(&entry) {
                    Look::Gone => {}
                    Look::Early(at) => {
                        wheel.insert_at(entry, at);
                    }
                    Look::Over(reason) => {
                        ending.spawn(Arc::clone(&fleet).expire(entry, reason));
                    }
                }
            }
        }
    }
}
