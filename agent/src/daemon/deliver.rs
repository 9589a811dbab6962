//! The task that delivers the spool: in order, again until it is acknowledged.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::clock::now_unix_ms;
use super::connect::{chain, told};
use super::core::backoff::Backoff;
use super::events::{SharedSpool, SpoolError};
use super::line::{Line, Lines};
use super::random;
use super::spool::Spool;

/// Nodes that lost a controller together have something to tell together: each waits for up to so long.
const SPREAD: Duration = Duration::from_secs(3);

/// A controller that asks for older ones may do so: now and then, not on and on.
const MOST_REFUSALS: u32 = 3;

/// What the task needs.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) spool: SharedSpool,
    /// Changes when there is something new in the spool.
    pub(crate) recorded: watch::Receiver<()>,
    pub(crate) lines: Lines,
}

/// Why a delivery came to nothing.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("{controller} does not get on with them")]
    NoProgress { controller: String },
    #[error("{controller} does not take them: {reason}")]
    Refused { controller: String, reason: String },
}

impl Delivery {
    /// Runs until `cancel`. What is cut off is delivered again, and stored once.
    pub(crate) async fn run(mut self, cancel: CancellationToken) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.keep_delivering() => {}
        }
    }

    async fn keep_delivering(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            self.recorded.mark_unchanged();
            let line = self.lines.up().await;
            tokio::time::sleep(SPREAD.mul_f64(random::share())).await;
            match self.deliver(line).await {
                Ok(()) => {
                    backoff = Backoff::default();
                    if self.recorded.changed().await.is_err() {
                        return std::future::pending().await;
                    }
                }
                Err(error) => {
                    let reason = chain(&error);
                    tracing::warn!(reason, "events are not delivered yet");
                    tokio::time::sleep(backoff.lost(random::share())).await;
                }
            }
        }
    }

    /// Until the controller has everything.
    async fn deliver(&self, mut line: Line) -> Result<(), Undelivered> {
        let mut refused = 0;
        while let Some(delivery) = self.spool.with(|spool| spool.delivery()).await? {
            let controller = line.target.to_string();
            let spool = delivery.spool.clone();
            let last = delivery.events.last().map_or(0, |event| event.sequence);
            let answered = line.client.deliver_events(delivery).await;
            let answer = answered.map_err(|status| Undelivered::Refused {
                controller: controller.clone(),
                reason: told(&status),
            })?;
            let acknowledged = answer.into_inner().acknowledged;
            let heed =
                move |kept: &mut Spool| kept.acknowledge(&spool, acknowledged, now_unix_ms());
            self.spool.with(heed).await?;
            refused += u32::from(acknowledged < last);
            if refused > MOST_REFUSALS {
                return Err(Undelivered::NoProgress { controller });
            }
        }
        Ok(())
    }
}
