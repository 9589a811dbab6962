//! Tells systemd how the service is doing. Without systemd nobody listens, and nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

/// Whether systemd started this as a service that tells.
pub(crate) fn is_service() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// The tasks run.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The tasks are ending.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// A line for `systemctl status`.
pub(crate) fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

/// Keeps the watchdog quiet until `cancel`: that it does proves that the tasks get their turns.
pub(crate) async fn keep_alive(cancel: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = tokio::time::interval((limit / 2).max(Duration::from_millis(10)));
    loop {
        // Both can be dropped at any time.
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => tell(&[NotifyState::Watchdog]),
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(error = %error, "systemd cannot be told");
    }
}
