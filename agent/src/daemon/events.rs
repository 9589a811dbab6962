//! What happened on this node: told by the tasks, kept in the spool, delivered from there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, spawn_blocking};

use super::clock::now_unix_ms;
use super::spool::{Entry, Spool};
use super::state::StateError;

/// What tells may wait for the disk; more is counted as dropped.
const QUEUE: usize = 256;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    AgentStarted,
    AgentStopped,
    CertificateEnded,
    CertificateRenewed,
    ClockSet,
    DiskFilling,
    DiskHasRoom,
    Enrolled,
    ControllerConnected,
    ControllerLost,
    LeaseLost,
    Rebooted,
    Resumed,
    WorkloadsAllowed,
    WorkloadsStopped,
}

impl Happened {
    /// The event's kind.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::AgentStarted => "agent_started",
            Self::AgentStopped => "agent_stopped",
            Self::CertificateEnded => "certificate_ended",
            Self::CertificateRenewed => "certificate_renewed",
            Self::ClockSet => "clock_set",
            Self::DiskFilling => "disk_filling",
            Self::DiskHasRoom => "disk_has_room",
            Self::Enrolled => "enrolled",
            Self::ControllerConnected => "controller_connected",
            Self::ControllerLost => "controller_lost",
            Self::LeaseLost => "lease_lost",
            Self::Rebooted => "rebooted",
            Self::Resumed => "resumed",
            Self::WorkloadsAllowed => "workloads_allowed",
            Self::WorkloadsStopped => "workloads_stopped",
        }
    }
}

/// Where the tasks tell what happened. Never waits.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    queue: mpsc::Sender<Entry>,
    missed: Arc<AtomicU64>,
}

/// The task that puts on disk what was told.
#[derive(Debug)]
pub(crate) struct Recorder {
    queue: mpsc::Receiver<Entry>,
    missed: Arc<AtomicU64>,
    spool: SharedSpool,
    recorded: watch::Sender<()>,
}

/// The spool, for tasks. What they do with it blocks, and is done beside them.
#[derive(Debug, Clone)]
pub(crate) struct SharedSpool(Arc<Mutex<Spool>>);

/// Why the spool was not asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("a task on the event spool ended where it should not")]
    Task {
        #[from]
        source: JoinError,
    },
}

/// Events that go to `spool`, the task that puts them there, and what changes whenever it has.
pub(crate) fn events(spool: &SharedSpool) -> (Events, Recorder, watch::Receiver<()>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let (recorded, records) = watch::channel(());
    let missed = Arc::new(AtomicU64::new(0));
    let recorder = Recorder {
        queue: receiver,
        missed: Arc::clone(&missed),
        spool: spool.clone(),
        recorded,
    };
    let queue = sender;
    (Events { queue, missed }, recorder, records)
}

impl Events {
    /// It happened now; the `message` is for people.
    pub(crate) fn tell(&self, happened: Happened, message: impl Into<String>) {
        let entry = entry(happened, message.into());
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(entry) {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Events, and what gives those that were told since it was asked last: kind and message.
    #[cfg(test)]
    pub(crate) fn heard() -> (Self, impl FnMut() -> Vec<(String, String)>) {
        let (queue, mut receiver) = mpsc::channel(QUEUE);
        let missed = Arc::default();
        let told = move || {
            let told = std::iter::from_fn(|| receiver.try_recv().ok());
            told.map(|entry: Entry| (entry.kind.to_owned(), entry.message))
                .collect()
        };
        (Self { queue, missed }, told)
    }

    /// Events that nobody hears.
    #[cfg(test)]
    pub(crate) fn unheard() -> Self {
        let (queue, _) = mpsc::channel(1);
        let missed = Arc::default();
        Self { queue, missed }
    }
}

impl Recorder {
    /// Runs until nobody is left who could tell anything, and says last that the agent has stopped.
    pub(crate) async fn run(mut self) {
        let mut entries = Vec::new();
        while self.queue.recv_many(&mut entries, QUEUE).await > 0 {
            self.keep(std::mem::take(&mut entries)).await;
        }
        let stopped = "the agent has stopped";
        let stopped = entry(Happened::AgentStopped, stopped.to_owned());
        self.keep(vec![stopped]).await;
    }

    async fn keep(&self, entries: Vec<Entry>) {
        let missed = self.missed.swap(0, Ordering::Relaxed);
        let kept = self.spool.with(move |spool| {
            spool.missed(missed);
            spool.record(&entries, now_unix_ms())
        });
        if let Err(error) = kept.await {
            tracing::error!(error = super::connect::chain(&error), "events are lost");
        }
        self.recorded.send_replace(());
    }
}

impl SharedSpool {
    pub(crate) fn new(spool: Spool) -> Self {
        Self(Arc::new(Mutex::new(spool)))
    }

    /// Does something with the spool where it may block. Once begun, it is done even when nobody waits for it.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Spool) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let shared = Arc::clone(&self.0);
        let done = spawn_blocking(move || {
            let mut spool = shared.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut spool)
        });
        Ok(done.await??)
    }
}

fn entry(happened: Happened, message: String) -> Entry {
    Entry {
        at_unix_ms: now_unix_ms(),
        kind: happened.key(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::daemon::spool::BOUNDS;

    async fn told(spool: &SharedSpool) -> Vec<(String, String)> {
        let name = spool
            .with(|spool| spool.delivery())
            .await
            .unwrap()
            .unwrap()
            .spool;
        spool
            .with(move |spool| spool.acknowledge(&name, 0, 0))
            .await
            .unwrap();
        let delivery = spool.with(|spool| spool.delivery()).await.unwrap().unwrap();
        let events = delivery.events.into_iter();
        events.map(|event| (event.kind, event.message)).collect()
    }

    #[tokio::test]
    async fn what_is_told_is_on_disk_when_the_last_has_ended() {
        let folder = TempDir::new().unwrap();
        let spool = SharedSpool::new(Spool::open(folder.path(), BOUNDS, 0).unwrap());
        let (events, recorder, mut recorded) = events(&spool);
        let other = events.clone();
        for _ in 0..QUEUE + 5 {
            other.tell(Happened::LeaseLost, "why");
        }
        drop((events, other));
        recorder.run().await;
        assert!(recorded.changed().await.is_ok() || recorded.has_changed().is_err());
        let told = told(&spool).await;
        assert_eq!(told[0].0, "spool_begun");
        assert_eq!(told[1].0, "events_dropped");
        assert!(told[1].1.starts_with("5 events "), "{told:?}");
        assert_eq!(told[2], ("lease_lost".to_owned(), "why".to_owned()));
        drop(spool);
        let again = SharedSpool::new(Spool::open(folder.path(), BOUNDS, 0).unwrap());
        let last = again.with(|spool| {
            spool.acknowledge(&spool.delivery()?.unwrap().spool, 200, 0)?;
            spool.delivery()
        });
        let last = last.await.unwrap().unwrap().events.pop().unwrap();
        assert_eq!(last.kind, "agent_stopped");
        assert_eq!(last.sequence, QUEUE as u64 + 3);
    }
}
