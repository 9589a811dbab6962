//! The task that stops workloads when they may not run any more, whatever the other tasks do.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::core::fencing::{Allowed, Permit, Running, SinceBoot, Step, Stop, next};
use super::events::{Events, Happened};
use super::ports::{Leases, Workloads};

/// When stopping failed, it is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// What the task needs.
pub(crate) struct Fence<C> {
    pub(crate) clock: C,
    pub(crate) workloads: Arc<dyn Workloads>,
    pub(crate) leases: Arc<dyn Leases>,
    /// What the heartbeats were answered.
    pub(crate) permit: watch::Receiver<Option<Permit>>,
    /// What runs, for the heartbeats to report.
    pub(crate) running: watch::Sender<Running>,
    pub(crate) events: Events,
}

impl<C: Clock> Fence<C> {
    /// Runs until `cancel`.
    pub(crate) async fn run(mut self, cancel: CancellationToken) {
        let mut kept = None;
        // What was begun on the workloads is finished before the task ends.
        while !cancel.is_cancelled() {
            let permit = *self.permit.borrow_and_update();
            let running = *self.running.borrow();
            match next(permit, running, self.clock.now()) {
                Step::Stop(why) => {
                    kept = None;
                    self.stop(why, Permit::grace_of(permit)).await;
                }
                Step::Start(epoch) => {
                    // Whether they do start or not: from here on workloads of that epoch may run.
                    tracing::info!(epoch, "workloads may run");
                    self.running.send_replace(Running::Epoch(epoch));
                    let message = format!("in epoch {epoch}");
                    self.events.tell(Happened::WorkloadsAllowed, message);
                }
                Step::Wait(until) => {
                    if until.is_some() && kept != permit {
                        kept = permit;
                        self.renew(permit).await;
                    }
                    // All three can be dropped at any time.
                    tokio::select! {
                        biased;
                        () = cancel.cancelled() => {}
                        changed = self.permit.changed() => {
                            if changed.is_err() {
                                return;
                            }
                        }
                        () = sleep(&self.clock, until) => {}
                    }
                }
            }
        }
    }

    async fn stop(&self, why: Stop, grace: Duration) {
        let reason = why.reason();
        tracing::warn!(reason, "stopping all workloads");
        let stopped = self.workloads.stop_all(grace).await;
        // Not before: the guard would end, and leave them no time. What could not be stopped it stops then.
        if let Err(error) = self.leases.forget() {
            // It says nothing that is not so: the lease in it ends by itself.
            tracing::warn!(error = %error, "the kept lease cannot be removed");
        }
        match stopped {
            Ok(()) => {
                tracing::info!("no workload runs");
                if why == Stop::LeaseOver {
                    self.events.tell(Happened::LeaseLost, reason);
                }
                self.events.tell(Happened::WorkloadsStopped, reason);
                self.running.send_replace(Running::Nothing);
            }
            Err(error) => {
                tracing::error!(error = %error, "workloads cannot be stopped; trying again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Whoever relies on the lease hears that it is longer; where workloads have stopped although they may run, they are
    /// started again. What fails here is tried again with the next answer.
    async fn renew(&self, permit: Option<Permit>) {
        let Some(permit) = permit else { return };
        if let Err(error) = self.leases.keep(permit) {
            tracing::error!(error = %error, "the lease cannot be kept: workloads stop when the last one that was kept ends");
        }
        if permit.allowed != Allowed::Any {
            return;
        }
        if let Err(error) = self.workloads.allow().await {
            tracing::error!(error = %error, "workloads cannot be started");
        }
    }
}

async fn sleep(clock: &impl Clock, until: Option<SinceBoot>) {
    let Some(until) = until else {
        return std::future::pending().await;
    };
    if let Err(error) = clock.sleep_until(until).await {
        // Without a timer the lease is looked at every second.
        tracing::error!(error = %error, "the timer of the lease cannot be set");
        tokio::time::sleep(AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::daemon::ports::WorkloadsError;

    const S: fn(u64) -> Duration = Duration::from_secs;

    /// Tokio's clock, which the tests hold.
    #[derive(Clone)]
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

    /// Notes what is asked of it, with the second at which it was.
    struct Noted {
        start: tokio::time::Instant,
        asked: Mutex<Vec<(u64, &'static str)>>,
        failures: AtomicU32,
    }

    impl Noted {
        fn note(&self, what: &'static str) {
            let at = self.start.elapsed().as_secs();
            self.asked.lock().unwrap().push((at, what));
        }
    }

    #[async_trait]
    impl Workloads for Noted {
        async fn count(&self) -> Option<u32> {
            None
        }

        async fn stop_all(&self, _grace: Duration) -> Result<(), WorkloadsError> {
            self.note("stop");
            let left = self.failures.load(Ordering::Relaxed);
            self.failures
                .store(left.saturating_sub(1), Ordering::Relaxed);
            match left {
                0 => Ok(()),
                _ => Err(WorkloadsError {
                    what: "stuck".to_owned(),
                }),
            }
        }

        async fn allow(&self) -> Result<(), WorkloadsError> {
            self.note("allow");
            Ok(())
        }
    }

    impl Leases for Noted {
        fn keep(&self, permit: Permit) -> io::Result<()> {
            self.note(match permit.epoch {
                1 => "keep 1",
                _ => "keep 2",
            });
            Ok(())
        }

        fn forget(&self) -> io::Result<()> {
            self.note("forget");
            Ok(())
        }
    }

    struct Bench {
        noted: Arc<Noted>,
        permit: watch::Sender<Option<Permit>>,
        running: watch::Receiver<Running>,
        cancel: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    fn bench(failures: u32) -> Bench {
        resumed(failures, None, Running::Unknown)
    }

    fn resumed(failures: u32, before: Option<Permit>, runs: Running) -> Bench {
        let start = tokio::time::Instant::now();
        let noted = Arc::new(Noted {
            start,
            asked: Mutex::default(),
            failures: AtomicU32::new(failures),
        });
        let (permit, permits) = watch::channel(before);
        let (runs, running) = watch::channel(runs);
        let cancel = CancellationToken::new();
        let fence = Fence {
            clock: Held(start),
            workloads: noted.clone(),
            leases: noted.clone(),
            permit: permits,
            running: runs,
            events: Events::unheard(),
        };
        Bench {
            noted,
            permit,
            running,
            task: tokio::spawn(fence.run(cancel.clone())),
            cancel,
        }
    }

    impl Bench {
        fn grant(&self, sent: u64, epoch: u64) {
            let permit = Permit::granted(S(sent), S(30), epoch, Allowed::Any);
            self.permit.send_replace(Some(permit));
        }

        async fn until(&self, second: u64) {
            tokio::time::sleep_until(self.noted.start + S(second)).await;
        }

        async fn end(self) -> Vec<(u64, &'static str)> {
            self.cancel.cancel();
            self.task.await.unwrap();
            self.noted.asked.lock().unwrap().clone()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn workloads_stop_when_the_lease_ends_and_not_before() {
        let bench = bench(0);
        bench.until(1).await;
        assert_eq!(*bench.running.borrow(), Running::Nothing);
        bench.grant(5, 1);
        bench.until(20).await;
        bench.grant(20, 1);
        bench.until(49).await;
        assert_eq!(*bench.running.borrow(), Running::Epoch(1));
        bench.until(60).await;
        assert_eq!(*bench.running.borrow(), Running::Nothing);
        bench.grant(60, 2);
        bench.until(61).await;
        assert_eq!(*bench.running.borrow(), Running::Epoch(2));
        let expected = [
            (0, "stop"),
            (0, "forget"),
            (1, "keep 1"),
            (1, "allow"),
            (20, "keep 1"),
            (20, "allow"),
            (50, "stop"),
            (50, "forget"),
            (60, "keep 2"),
            (60, "allow"),
        ];
        assert_eq!(bench.end().await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_epoch_stops_what_the_old_one_started() {
        let bench = bench(0);
        bench.until(1).await;
        bench.grant(1, 1);
        bench.until(2).await;
        bench.grant(2, 2);
        bench.until(3).await;
        let expected = [
            (0, "stop"),
            (0, "forget"),
            (1, "keep 1"),
            (1, "allow"),
            (2, "stop"),
            (2, "forget"),
            (2, "keep 2"),
            (2, "allow"),
        ];
        assert_eq!(bench.end().await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_that_comes_back_within_the_lease_stops_nothing_until_it_ends() {
        let before = Permit::granted(S(0), S(30), 1, Allowed::Any);
        let bench = resumed(0, Some(before), Running::Epoch(1));
        bench.until(40).await;
        let expected = [(0, "keep 1"), (0, "allow"), (30, "stop"), (30, "forget")];
        assert_eq!(bench.end().await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_stopped_is_not_called_stopped() {
        let bench = bench(2);
        bench.until(1).await;
        assert_eq!(*bench.running.borrow(), Running::Unknown);
        bench.until(3).await;
        assert_eq!(*bench.running.borrow(), Running::Nothing);
        let mut asked = bench.end().await;
        asked.retain(|(_, what)| *what == "stop");
        assert_eq!(asked, [(0, "stop"), (1, "stop"), (2, "stop")]);
    }
}
