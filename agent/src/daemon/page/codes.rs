//! The way from the agent's socket to the page's task: `muster page code` asks for a code.

use muster_installer_web::{CODE_LASTS, Code};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// What opens the page, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opening {
    /// Where the page is, the likeliest address first.
    pub(crate) urls: Vec<String>,
    pub(crate) code: String,
    /// The code is good for so long.
    pub(crate) lasts_s: u64,
    /// SHA-256 of the page's certificate.
    pub(crate) fingerprint: String,
}

/// The end that asks.
#[derive(Debug, Clone)]
pub(crate) struct Codes(mpsc::Sender<Ask>);

/// The end that is asked.
#[derive(Debug)]
pub(crate) struct Asks(mpsc::Receiver<Ask>);

/// Somebody wants a code.
#[derive(Debug)]
pub(super) struct Ask(oneshot::Sender<Opening>);

/// Both ends. Where the page is off, nobody keeps the end that is asked.
pub(crate) fn codes() -> (Codes, Asks) {
    let (sender, receiver) = mpsc::channel(4);
    (Codes(sender), Asks(receiver))
}

impl Codes {
    /// Has a code made; none where there is no page.
    pub(crate) async fn make(&self) -> Option<Opening> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Ask(answer)).await.ok()?;
        answered.await.ok()
    }
}

impl Asks {
    pub(super) async fn next(&mut self) -> Option<Ask> {
        self.0.recv().await
    }
}

impl Ask {
    pub(super) fn answer(self, urls: &[String], fingerprint: &str, code: &Code) {
        // Who asked may have gone.
        let _ = self.0.send(Opening {
            urls: urls.to_vec(),
            code: code.reveal().to_owned(),
            lasts_s: CODE_LASTS.as_secs(),
            fingerprint: fingerprint.to_owned(),
        });
    }
}
