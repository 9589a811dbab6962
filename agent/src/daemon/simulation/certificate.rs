//! A model of a node's certificate: its serial number stands for all of it. What was issued is shown once it is kept, and that survives the agent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use muster_controller::peer::identify;
use muster_proto::v1;
use tokio::sync::watch;
use tokio::time::sleep;

use super::chance::Chance;
use crate::daemon::line::Lines;

const AGAIN: Duration = Duration::from_secs(5);
/// To keep one.
const SLOWEST_DISK: Duration = Duration::from_millis(500);

/// What the node shows, and whether it is time for another.
#[derive(Debug)]
pub(super) struct Certificate {
    serial: Mutex<String>,
    generation: AtomicU64,
    is_due: watch::Sender<bool>,
}

/// Of the certificate by which the node joined.
pub(super) fn first(node: &str) -> String {
    format!("first of {node}")
}

impl Certificate {
    /// The first one.
    pub(super) fn new(node: &str) -> Self {
        Self {
            serial: Mutex::new(first(node)),
            generation: AtomicU64::default(),
            is_due: watch::Sender::new(false),
        }
    }

    /// Its serial number.
    pub(super) fn shown(&self) -> String {
        self.serial.lock().unwrap().clone()
    }

    /// Counted up with each new one.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// It is time for another.
    pub(super) fn is_due(&self) {
        self.is_due.send_replace(true);
    }

    /// Has it replaced when it is time, as long as the agent runs.
    pub(super) async fn renew(self: Arc<Self>, mut lines: Lines, chance: Chance) {
        let mut due = self.is_due.subscribe();
        loop {
            // The sender is in this certificate.
            let _ = due.wait_for(|is_due| *is_due).await;
            let mut line = lines.up().await;
            let request = v1::RenewCertificateRequest {
                certificate_request: request().to_vec(),
            };
            let Ok(answer) = line.client.renew_certificate(request).await else {
                sleep(AGAIN).await;
                continue;
            };
            let chain = answer.into_inner().certificate_chain;
            // The agent may be killed while it is written.
            sleep(chance.up_to(SLOWEST_DISK)).await;
            lines.mark();
            *self.serial.lock().unwrap() = identify(&chain[0]).unwrap().serial;
            self.generation.fetch_add(1, Ordering::Relaxed);
            self.is_due.send_replace(false);
            lines.other().await;
        }
    }
}

/// The same for all: keys are not what is simulated.
fn request() -> &'static [u8] {
    static REQUEST: OnceLock<Vec<u8>> = OnceLock::new();
    REQUEST.get_or_init(|| {
        let key = rcgen::KeyPair::generate().unwrap();
        let request = rcgen::CertificateParams::default().serialize_request(&key);
        request.unwrap().der().to_vec()
    })
}
