//! Tells how the agent is doing: to the log, to systemd, and to `muster status` by a file.

use std::sync::Arc;

use super::clock::now_unix_ms;
use super::notify;
use super::ports::Desired;
use super::state::{AgentStatus, Link, State};

/// Writes when something changed, and only then.
pub(crate) struct Reporter {
    state: Arc<State>,
    last: Option<AgentStatus>,
}

impl Reporter {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state, last: None }
    }

    /// The link to the controllers is so, and they want the node to be that.
    pub(crate) fn tell(&mut self, link: Link, desired: Option<Desired>) {
        let mut status = AgentStatus::new(link, now_unix_ms());
        if let Some(desired) = desired {
            status.status = desired.status.map(|status| status.key().to_owned());
            status.role = desired.role.map(|role| role.key().to_owned());
            status.run_workloads = Some(desired.run_workloads);
        }
        if let Some(last) = &self.last {
            status.since_unix_ms = last.since_unix_ms;
            if *last == status {
                return;
            }
            status.since_unix_ms = now_unix_ms();
        }
        notify::status(&status.link.to_string());
        // The state is worth nothing to anybody but `muster status`: heartbeats go on without it.
        if let Err(error) = self.state.keep_status(&status) {
            tracing::warn!(error = %error, "the agent's status cannot be written");
        }
        self.last = Some(status);
    }
}
