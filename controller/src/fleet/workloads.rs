//! What runs on a node, asked for when somebody wants to know.
//!
//! Nothing is kept: nodes tell how much runs with each heartbeat, and by name only when they are asked.

use std::collections::HashMap;
use std::sync::Arc;

use muster_proto::v1;
use tokio::sync::oneshot;

use super::Fleet;

/// What a node tells: its document, or none where it cannot see what runs on it.
pub(super) type Told = Option<v1::Document>;

/// Who waits to hear what runs, by node.
#[derive(Debug, Default)]
pub(super) struct Questions(HashMap<String, Vec<oneshot::Sender<Told>>>);

impl Questions {
    fn ask(&mut self, id: &str) -> oneshot::Receiver<Told> {
        let (answer, waiting) = oneshot::channel();
        self.0.entry(id.to_owned()).or_default().push(answer);
        waiting
    }

    /// Whether somebody still waits. Those that went away are forgotten here.
    pub(super) fn wait_for(&mut self, id: &str) -> bool {
        // Each heartbeat asks: almost always there is nothing.
        if self.0.is_empty() {
            return false;
        }
        let Some(waiting) = self.0.get_mut(id) else {
            return false;
        };
        waiting.retain(|answer| !answer.is_closed());
        if waiting.is_empty() {
            self.0.remove(id);
            return false;
        }
        true
    }

    fn answer(&mut self, id: &str, told: &Told) {
        for waiting in self.0.remove(id).into_iter().flatten() {
            // Whoever asked may have gone.
            let _ = waiting.send(told.clone());
        }
    }
}

impl Fleet {
    /// Asks a node what runs on it: at once where it watches, with its next heartbeat otherwise. Dropping what comes back takes
    /// the question back.
    pub fn ask_workloads(&self, id: &str) -> oneshot::Receiver<Told> {
        let mut nodes = self.live();
        let waiting = nodes.questions.ask(id);
        if let Some(watcher) = nodes.live.get(id).and_then(|live| live.watcher.as_ref()) {
            watcher.notify_one();
        }
        waiting
    }

    /// Whether somebody waits to hear what runs on a node.
    pub fn wants_workloads(&self, id: &str) -> bool {
        self.live().questions.wait_for(id)
    }

    /// A node tells what runs on it.
    pub fn told_workloads(self: &Arc<Self>, id: &str, told: &Told) {
        self.live().questions.answer(id, told);
    }
}
