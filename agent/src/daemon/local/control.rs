//! The socket's task. It is apart from the others: it answers while they end.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, ResetAsked};
use super::door::Door;
use super::server::Server;
use super::web;
use crate::daemon::connect::chain;
use crate::daemon::page::Page;
use crate::daemon::settings::LocalSettings;

/// Holds the task.
#[derive(Debug, Default)]
pub(crate) struct Control {
    tasks: JoinSet<()>,
    cancel: CancellationToken,
}

/// The way for resets from the socket to what ends the other tasks.
pub(crate) fn resets() -> (mpsc::Sender<ResetAsked>, mpsc::Receiver<ResetAsked>) {
    mpsc::channel(1)
}

impl Control {
    /// Listens as the settings say. A node that cannot be controlled is still a node: that is logged, and no more.
    pub(crate) fn start(&mut self, settings: &LocalSettings, desk: Desk, page: Option<Page>) {
        let desk = Arc::new(desk);
        if let Some(page) = page {
            self.tasks
                .spawn(page.run(Arc::clone(&desk), self.cancel.clone()));
        }
        if let Some(address) = settings.metrics {
            let serve = web::run(address, Arc::clone(&desk), self.cancel.clone());
            self.tasks.spawn(serve);
        }
        match Door::open(&settings.socket, settings.local_read) {
            Ok(door) => {
                tracing::debug!(socket = %settings.socket.display(), "listening");
                let server = Server {
                    door,
                    desk,
                    local_read: settings.local_read,
                };
                self.tasks.spawn(server.run(self.cancel.clone()));
            }
            Err(error) => {
                let reason = chain(&error);
                tracing::error!(reason, "this agent cannot be controlled locally");
            }
        }
    }

    /// Lets answers that are being given be given.
    pub(crate) async fn end(mut self) {
        self.cancel.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
