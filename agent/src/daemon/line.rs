//! The connection to a controller that the tasks share.

use muster_proto::v1::node_client::NodeClient;
use tokio::sync::watch;

use super::connect::Wire;
use crate::value::Target;

/// A connection on which a controller answers this node.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) target: Target,
    pub(crate) client: NodeClient<Wire>,
}

/// The present connection, for the tasks beside the heartbeats.
#[derive(Debug, Clone)]
pub(crate) struct Lines(watch::Receiver<Option<Line>>);

impl Lines {
    /// Those that are sent; none while there is no connection.
    pub(crate) fn new(lines: watch::Receiver<Option<Line>>) -> Self {
        Self(lines)
    }

    /// Waits until there is a connection. Never, when none will come any more.
    pub(crate) async fn up(&mut self) -> Line {
        if let Ok(line) = self.0.wait_for(Option::is_some).await
            && let Some(line) = line.clone()
        {
            return line;
        }
        std::future::pending().await
    }

    /// Whatever connection there is now counts as known to [`Self::other`].
    pub(crate) fn mark(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits until there was another connection, or none, since [`Self::mark`]. For ever, when none will come any more.
    pub(crate) async fn other(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
