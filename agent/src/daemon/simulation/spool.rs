//! A model of the event spool: on disk, numbered without gaps, forgotten when the controller has it.

use std::sync::Mutex;

use muster_proto::v1;
use tokio::sync::watch;

#[derive(Debug)]
pub(super) struct Spool {
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    written: u64,
    acknowledged: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            last: watch::Sender::new(0),
        }
    }
}

impl Spool {
    /// Something happened.
    pub(super) fn write(&self) {
        let mut kept = self.kept.lock().unwrap();
        kept.written += 1;
        self.last.send_replace(kept.written);
    }

    /// How many were ever written.
    pub(super) fn written(&self) -> u64 {
        self.kept.lock().unwrap().written
    }

    /// Until there is something to hand over.
    pub(super) async fn filled(&self) {
        let acknowledged = self.kept.lock().unwrap().acknowledged;
        // The sender is in this spool.
        let _ = self
            .last
            .subscribe()
            .wait_for(|last| *last > acknowledged)
            .await;
    }

    /// What is to be handed over, some at a time.
    pub(super) fn oldest(&self) -> Vec<v1::Event> {
        let kept = self.kept.lock().unwrap();
        let numbers = (kept.acknowledged + 1..=kept.written).take(3);
        numbers.map(event).collect()
    }

    /// Everything up to `acknowledged` is stored.
    pub(super) fn forget(&self, acknowledged: u64) {
        let mut kept = self.kept.lock().unwrap();
        kept.acknowledged = kept.acknowledged.max(acknowledged);
    }
}

fn event(sequence: u64) -> v1::Event {
    v1::Event {
        sequence,
        at_unix_ms: 0,
        kind: "test".to_owned(),
        message: message(sequence),
        spool_sequence: None,
    }
}

/// Of the event of that number.
pub(super) fn message(sequence: u64) -> String {
    format!("event {sequence}")
}
