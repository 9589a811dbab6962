//! Connections over TLS 1.3. A client may have a certificate; the services ask for one where they need it.
//!
//! Map: this file takes connections; `door` is how the controller shows itself, and for how long; `verify` says
//! which certificates count; `crowd` bounds who has none; `stream` is one connection.

mod crowd;
mod door;
mod stream;
mod verify;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

use crate::peer::{Identified, Link};
use crowd::{Crowd, Stranger};

pub use crowd::Newcomers;
pub(super) use door::Door;
pub use door::TlsError;
pub(super) use stream::Accepted;
pub use verify::Revoked;

/// A handshake that takes longer is nobody's who means well.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at a time; more wait in the kernel's queue.
const MOST_HANDSHAKES: usize = 4096;

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    /// Where from.
    pub(super) address: SocketAddr,
    /// Which one it is.
    pub(super) link: Link,
    /// By their certificate, if they showed one.
    pub(super) identified: Option<Identified>,
    /// The pin of the root above it, as hex.
    pub(super) root: Option<String>,
}

/// Takes connections as long as the result is read.
pub(super) fn accept(
    listener: TcpListener,
    door: Door,
    newcomers: Newcomers,
) -> mpsc::Receiver<Accepted> {
    let (sender, receiver) = mpsc::channel(64);
    let crowd = Arc::new(Crowd::within(newcomers));
    tokio::spawn(take(listener, Arc::new(door), crowd, sender));
    receiver
}

async fn take(
    listener: TcpListener,
    door: Arc<Door>,
    crowd: Arc<Crowd>,
    sender: mpsc::Sender<Accepted>,
) {
    let slots = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        // Cancel-safe: a connection that nobody took stays in the kernel's queue.
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = sender.closed() => return,
        };
        let (stream, address) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                // No more files, as a rule: waiting lets some be closed.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(stranger) = crowd.enter(address.ip()) else {
            tracing::debug!(%address, "too many connections without a certificate");
            continue;
        };
        let (door, sender) = (Arc::clone(&door), sender.clone());
        tokio::spawn(async move {
            let shaken = shake(stream, address, &door, stranger).await;
            drop(slot);
            if let Some(accepted) = shaken {
                // Nobody reads when the service ends.
                let _ = sender.send(accepted).await;
            }
        });
    }
}

async fn shake(
    stream: TcpStream,
    address: SocketAddr,
    door: &Door,
    stranger: Stranger,
) -> Option<Accepted> {
    // An answer is small and complete: held back, it would wait for the other side's acknowledgement.
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(door.config());
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Accepted::new(stream, address, door, stranger)),
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "a handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!(%address, "a handshake took too long");
            None
        }
    }
}
