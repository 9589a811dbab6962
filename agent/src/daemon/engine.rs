//! The task that makes this node what it is to be.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::core::report::Local;
use super::ports::{Desired, Engine};

/// Lets `engine` pursue what is desired, the newest only, until `cancel`.
pub(crate) async fn run(
    engine: Arc<dyn Engine>,
    mut desired: watch::Receiver<Option<Desired>>,
    local: watch::Sender<Local>,
    cancel: CancellationToken,
) {
    loop {
        let newest = *desired.borrow_and_update();
        let pursue = async {
            if let Some(newest) = newest {
                engine.pursue(newest, &local).await;
            }
            std::future::pending::<()>().await;
        };
        // An engine can be dropped at any await: its port says so.
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            changed = desired.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = pursue => {}
        }
    }
}
