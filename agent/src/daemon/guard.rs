//! `muster fence-guard`: a process that lives as long as the lease does, for `muster-fence.service`.
//!
//! systemd lets workloads run only while this process runs (`BindsTo=`). It has no rights and asks nobody: it reads the kept lease
//! and ends with it, and whatever else ends it stops the workloads as well. So they stop even when the agent is dead, hangs or cannot be
//! started any more. It leaves the agent the first part of the margin to stop them itself.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::clock::{BootClock, Clock};
use super::core::fencing::SinceBoot;
use super::lease::LeaseFile;
use super::notify;
use crate::exit::Exit;

/// A lease that was taken back is seen after this.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Runs until the lease in `file` has ended.
pub(crate) fn run(file: &Path) -> anyhow::Result<Exit> {
    let lease = LeaseFile::at(file.to_owned()).context("the boot id cannot be read")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(async {
        let why = tokio::select! {
            why = guard(&BootClock, || lease.kept().map(|kept| kept.until + kept.grace)) => why,
            () = notify::keep_alive(CancellationToken::new()) => std::future::pending().await,
        };
        anyhow::bail!("{why}: workloads may not run on this node")
    })
}

/// Waits until what `kept` gives has passed, or is gone; says which.
async fn guard(clock: &impl Clock, kept: impl Fn() -> Option<SinceBoot>) -> &'static str {
    let mut is_ready = false;
    loop {
        let Some(until) = kept() else {
            return "no controller has given a lease";
        };
        let now = clock.now();
        if now >= until {
            return "the lease ran out";
        }
        if !is_ready {
            notify::ready();
            is_ready = true;
        }
        let next = until.min(now.saturating_add(LOOK_AGAIN));
        if clock.sleep_until(next).await.is_err() {
            return "the timer of the lease cannot be set";
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io;

    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    /// Tokio's clock, which the tests hold.
    struct Held(tokio::time::Instant);

    impl Clock for Held {
        fn now(&self) -> SinceBoot {
            self.0.elapsed()
        }

        async fn sleep_until(&self, until: SinceBoot) -> io::Result<()> {
            tokio::time::sleep_until(self.0 + until).await;
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_lease_that_was_renewed_last() {
        let clock = Held(tokio::time::Instant::now());
        let looked = Cell::new(0);
        let kept = || {
            looked.set(looked.get() + 1);
            Some(if clock.now() < S(25) { S(30) } else { S(50) })
        };
        assert_eq!(guard(&clock, kept).await, "the lease ran out");
        assert_eq!(clock.now(), S(50));
        assert!(looked.get() < 30, "it is busy: {}", looked.get());
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_the_lease_is_taken_back() {
        let clock = Held(tokio::time::Instant::now());
        let kept = || (clock.now() < S(9)).then_some(S(30));
        assert_eq!(guard(&clock, kept).await, "no controller has given a lease");
        assert!(clock.now() <= S(9) + LOOK_AGAIN);
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_begin_without_a_lease() {
        let clock = Held(tokio::time::Instant::now());
        guard(&clock, || None).await;
        guard(&clock, || Some(Duration::ZERO)).await;
        assert_eq!(clock.now(), Duration::ZERO);
    }
}
