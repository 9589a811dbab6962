//! Tells how the agent is doing: to the log, to systemd, to `muster status` by a file, and to the socket by the board.

use std::sync::{Arc, Mutex, PoisonError};

use super::board::Board;
use super::clock::now_unix_ms;
use super::notify;
use super::ports::Desired;
use super::state::{AgentStatus, Link, State};

/// Writes when something changed, and only then. Whoever has a copy tells the same story.
#[derive(Clone)]
pub(crate) struct Reporter {
    state: Arc<State>,
    last: Arc<Mutex<Option<AgentStatus>>>,
    board: Arc<Board>,
}

impl Reporter {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self {
            state,
            last: Arc::default(),
            board: Arc::default(),
        }
    }

    /// What the running agent knows of itself.
    pub(crate) fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// The link to the controllers is so, and they want the node to be that.
    pub(crate) fn tell(&mut self, link: Link, desired: Option<Desired>) {
        let mut status = AgentStatus::new(link, now_unix_ms());
        if let Some(desired) = desired {
            status.status = desired.status.map(|status| status.key().to_owned());
            status.role = desired.role.map(|role| role.key().to_owned());
            status.run_workloads = Some(desired.run_workloads);
        }
        let mut told = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*told {
            status.since_unix_ms = last.since_unix_ms;
            if *last == status {
                return;
            }
            status.since_unix_ms = now_unix_ms();
        }
        self.board.is(&status);
        notify::status(&status.link.to_string());
        // The state is worth nothing to anybody but `muster status`: heartbeats go on without it.
        if let Err(error) = self.state.keep_status(&status) {
            tracing::warn!(error = %error, "the agent's status cannot be written");
        }
        *told = Some(status);
    }
}
