//! The connection on which heartbeats go, and why it is lost.

use muster_proto::v1::node_client::NodeClient;

use super::Heartbeats;
use crate::daemon::clock::Clock;
use crate::daemon::connect::ConnectError;
use crate::daemon::core::standing::Stale;
use crate::daemon::enroll::NO_CONTROLLER;
use crate::daemon::line::Line;
use crate::daemon::news::News;
use crate::daemon::state::StateError;

/// A connection on which heartbeats go.
pub(super) struct Connection {
    pub(super) line: Line,
    /// The other tasks have it.
    pub(super) is_shared: bool,
    /// Of who dialled.
    pub(super) generation: u64,
    pub(super) news: News,
}

/// Why a heartbeat came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error("{NO_CONTROLLER}")]
    NoController,
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("{controller} does not take the heartbeat: {reason}")]
    Refused {
        controller: String,
        reason: String,
        is_ended: bool,
    },
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Lost {
    /// The certificate has ended: asking on and on is no use.
    pub(super) fn is_ended(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_ended,
            Self::Refused { is_ended, .. } => *is_ended,
            Self::NoController | Self::Stale(_) | Self::State(_) => false,
        }
    }
}

impl<C: Clock> Heartbeats<C> {
    pub(super) async fn connect(&mut self) -> Result<Connection, Lost> {
        let target = self.endpoints.next().ok_or(Lost::NoController)?;
        let generation = self.dial.generation();
        let dialled = self.dial.dial(&target).await;
        self.endpoints.tried(&target, &dialled);
        let wire = dialled?;
        tracing::info!(controller = %target, "connected");
        let client = NodeClient::new(wire);
        let line = Line { target, client };
        let news = News::default();
        Ok(Connection {
            line,
            is_shared: false,
            generation,
            news,
        })
    }
}

/// Until the controller has something new for a node in `generation`; never without a connection.
pub(super) async fn news(connection: Option<&mut Connection>, generation: u64) {
    match connection {
        Some(Connection { line, news, .. }) => news.of_other(generation, &mut line.client).await,
        None => std::future::pending().await,
    }
}
