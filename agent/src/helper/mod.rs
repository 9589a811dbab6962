//! `muster helper`: does for the agent what takes root, so that the agent itself has no right at all.
//!
//! It is `io.muster.Helper1` on the system's message bus, which starts it when it is called; the bus lets root and the user `muster` call, and nobody
//! else (`systemd/dbus-1/`). When nothing was asked of it for a while it ends.
//!
//! Map: `service` has the calls and nothing else; `client` is the agent's end.
//!
//! Invariants: no call takes a command line, a path or the name of a unit; answers are bounded in size and time; a call that hangs keeps
//! no other one waiting.

pub(crate) mod client;
mod service;

use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::daemon::notify;
use crate::exit::Exit;
use service::{Calls, NAME, PATH, Service};

/// It ends when it was asked for nothing so long.
const IDLE: Duration = Duration::from_secs(30);
/// A call that came while it gave its name back is answered; others start it anew.
const LAST: Duration = Duration::from_secs(1);

/// Serves until nothing was asked for a while.
pub(crate) fn run() -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(async {
        tokio::select! {
            served = serve() => served?,
            () = notify::keep_alive(CancellationToken::new()) => std::future::pending().await,
        }
        Ok(Exit::Complete)
    })
}

async fn serve() -> anyhow::Result<()> {
    let (calls, running) = watch::channel(Calls::default());
    let served = async {
        zbus::connection::Builder::system()
            .serve_at(PATH, Service::new(calls))
            .name(NAME)
            .build()
            .await
    };
    let connection = served
        .await
        .context("cannot be io.muster.Helper1 on the system's message bus; is this root, and is the bus's policy installed?")?;
    until_idle(running.clone(), IDLE).await;
    notify::stopping();
    connection.release_name(NAME).await?;
    until_idle(running, LAST).await;
    Ok(())
}

/// Until no call has run for so long.
async fn until_idle(mut running: watch::Receiver<Calls>, idle: Duration) {
    loop {
        let is_quiet = *running.borrow_and_update() == Calls::default();
        let changed = tokio::time::timeout(idle, running.changed()).await;
        if is_quiet && !matches!(changed, Ok(Ok(()))) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_ends_only_when_nothing_runs() {
        let (calls, running) = watch::channel(Calls::default());
        let begun = Instant::now();
        let idle = tokio::spawn(until_idle(running, IDLE));
        tokio::time::sleep(IDLE / 2).await;
        let call = Calls::begin(&calls).unwrap();
        tokio::time::sleep(IDLE * 10).await;
        assert!(!idle.is_finished(), "it leaves a call alone");
        drop(call);
        idle.await.unwrap();
        assert!(begun.elapsed() >= IDLE * 11, "{:?}", begun.elapsed());
    }
}
