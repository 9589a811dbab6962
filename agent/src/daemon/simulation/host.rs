//! A machine: its clock, its workloads and what its service manager does for them. It may be off, or suspended.
//!
//! What is assumed of a machine stands here, and docs/fencing.md says it to people: its clock is wrong by [`DRIFT`] at most; workloads that are to
//! stop have stopped after two graces (they may end by themselves within the first, and are killed within the second); when the agent does not
//! stop them, a guard that knows the lease begins to a grace after it. What ran in a machine that slept through the end of its lease did not run
//! while it slept, and is stopped within two graces after it woke up: no program on the machine can do better.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::chance::Chance;
use super::gate::Gate;
use super::ledger::Ledger;
use crate::daemon::clock::Clock;
use crate::daemon::core::fencing::{Allowed, Permit, SinceBoot};

/// A clock that is two hundred times as bad as those that are built into machines.
const DRIFT: f64 = 0.02;
/// A third of the usual margin.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// A machine.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) id: String,
    pub(super) chance: Chance,
    pub(super) ledger: Arc<Ledger>,
    /// The agent's state on disk.
    pub(super) folder: tempfile::TempDir,
    /// Closed while the whole machine is suspended.
    pub(super) awake: Gate,
    machine: Mutex<Machine>,
    workloads: watch::Sender<Option<Workload>>,
    kept: watch::Sender<Option<Permit>>,
}

#[derive(Debug)]
struct Machine {
    is_on: bool,
    booted: Instant,
    /// Of its clock, to the true time.
    rate: f64,
    /// Since when the controller's store says that it is fenced.
    fenced: Option<Instant>,
    /// The controller's store says that it is in maintenance, where none runs.
    is_empty: bool,
    /// It was suspended so often.
    naps: u32,
}

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Workload {
    epoch: u64,
    began: Instant,
    stops_at: Option<Instant>,
    /// Its lease ran out while the machine was suspended, and nothing ran: it is stopped when the machine wakes up.
    is_outdated: bool,
}

impl Host {
    pub(super) fn new(
        id: String,
        chance: Chance,
        ledger: Arc<Ledger>,
        folder: tempfile::TempDir,
    ) -> Self {
        let machine = Machine {
            is_on: true,
            booted: Instant::now(),
            rate: rate(&chance),
            fenced: None,
            is_empty: false,
            naps: 0,
        };
        Self {
            id,
            chance,
            ledger,
            folder,
            awake: Gate::default(),
            machine: Mutex::new(machine),
            workloads: watch::Sender::new(None),
            kept: watch::Sender::new(None),
        }
    }

    /// Switched on, unless it is: a new boot, on which nothing runs.
    pub(super) fn boot(&self) {
        let mut machine = self.machine.lock().unwrap();
        if !machine.is_on {
            machine.is_on = true;
            machine.booted = Instant::now();
            machine.rate = rate(&self.chance);
            self.awake.open();
        }
    }

    /// Switched off: whatever ran does not run any more.
    pub(super) fn power_off(&self) {
        self.machine.lock().unwrap().is_on = false;
        self.kept.send_replace(None);
        self.end();
    }

    pub(super) fn is_on(&self) -> bool {
        self.machine.lock().unwrap().is_on
    }

    /// Workloads of that epoch start, unless they run.
    pub(super) fn run_workloads(&self, epoch: u64) {
        if self.runs() {
            return;
        }
        self.ledger.note(format_args!(
            "{}: workloads start in epoch {epoch}",
            self.id
        ));
        let (is_fenced, is_empty) = {
            let machine = self.machine.lock().unwrap();
            (machine.fenced.is_some(), machine.is_empty)
        };
        if is_fenced || is_empty {
            self.ledger.broken(format_args!(
                "{}: workloads start while it is fenced or in maintenance",
                self.id
            ));
        }
        self.workloads.send_replace(Some(Workload {
            epoch,
            began: Instant::now(),
            stops_at: None,
            is_outdated: false,
        }));
    }

    /// The service manager is told to stop all workloads, and has done so after `within`.
    pub(super) fn stop_within(self: &Arc<Self>, within: Duration) {
        let at = Instant::now() + within;
        let is_sooner = self.workloads.send_if_modified(|workload| match workload {
            Some(workload) if workload.stops_at.is_none_or(|other| at < other) => {
                workload.stops_at = Some(at);
                true
            }
            _ => false,
        });
        if !is_sooner {
            return;
        }
        self.ledger.note(format_args!(
            "{}: workloads are stopped within {within:?}",
            self.id
        ));
        let began = self.began();
        let host = Arc::clone(self);
        tokio::spawn(self.awake.keep(async move {
            tokio::time::sleep_until(at).await;
            if host.began() == began {
                host.end();
            }
        }));
    }

    /// Until none runs.
    pub(super) async fn stopped(&self) {
        let mut workloads = self.workloads.subscribe();
        // The sender is in this host.
        let _ = workloads.wait_for(Option::is_none).await;
    }

    /// The workloads end by themselves.
    pub(super) fn leave(&self) {
        self.end();
    }

    pub(super) fn runs(&self) -> bool {
        self.workloads.borrow().is_some()
    }

    /// Asleep from now on.
    pub(super) fn suspend(&self) {
        self.ledger.note(format_args!("{}: suspended", self.id));
        self.machine.lock().unwrap().naps += 1;
        self.awake.close();
    }

    /// Awake again, unless it is. What the sleep has outdated is stopped within two graces.
    pub(super) fn resume(self: &Arc<Self>) {
        if !self.awake.is_closed() {
            return;
        }
        self.ledger.note(format_args!("{}: awake", self.id));
        self.awake.open();
        let now = BootTime(Arc::clone(self)).now();
        if self.kept.borrow().is_none_or(|permit| permit.until > now) {
            return;
        }
        self.mark_outdated();
        let host = Arc::clone(self);
        let (began, naps) = (self.began(), self.naps());
        tokio::spawn(async move {
            tokio::time::sleep(GRACE * 2 + Duration::from_secs(1)).await;
            let is_outdated = host
                .workloads
                .borrow()
                .is_some_and(|workload| workload.is_outdated);
            if is_outdated && (host.began(), host.naps()) == (began, naps) {
                host.ledger.broken(format_args!(
                    "{}: what was outdated while it slept runs on",
                    host.id
                ));
            }
        });
    }

    fn naps(&self) -> u32 {
        self.machine.lock().unwrap().naps
    }

    /// The controller has written down that this node is fenced.
    pub(super) fn declared_fenced(&self) {
        self.machine.lock().unwrap().fenced = Some(Instant::now());
        let counts = self
            .workloads
            .borrow()
            .is_some_and(|workload| !workload.is_outdated);
        match (counts, self.awake.is_closed()) {
            (true, false) => self
                .ledger
                .broken(format_args!("{}: fenced while its workloads run", self.id)),
            (true, true) => self.mark_outdated(),
            (false, _) => {}
        }
    }

    fn mark_outdated(&self) {
        self.workloads.send_modify(|workload| {
            if let Some(workload) = workload {
                workload.is_outdated = true;
            }
        });
    }

    /// The controller has written down that this node is active.
    pub(super) fn declared_active(&self, epoch: u64) {
        self.declared_other();
        let old = self
            .workloads
            .borrow()
            .filter(|workload| workload.epoch != epoch);
        if let Some(old) = old {
            let old = old.epoch;
            self.ledger.broken(format_args!(
                "{}: active in epoch {epoch} while workloads of epoch {old} run",
                self.id
            ));
        }
    }

    /// The controller has written down that this node is in maintenance.
    pub(super) fn declared_empty(&self) {
        self.declared_other();
        self.machine.lock().unwrap().is_empty = true;
        if self.runs() {
            self.ledger.broken(format_args!(
                "{}: in maintenance while workloads run",
                self.id
            ));
        }
    }

    /// Or that it is something else.
    pub(super) fn declared_other(&self) {
        let mut machine = self.machine.lock().unwrap();
        machine.fenced = None;
        machine.is_empty = false;
    }

    /// The agent has written down a lease, for the guard and for the agent after it.
    pub(super) fn keep_lease(self: &Arc<Self>, permit: Option<Permit>) {
        self.kept.send_replace(permit);
        let now = BootTime(Arc::clone(self)).now();
        let good = permit.filter(|permit| permit.until > now);
        self.workloads.send_modify(|workload| {
            if let (Some(workload), Some(good)) = (workload, good) {
                workload.is_outdated &= workload.epoch != good.epoch;
            }
        });
    }

    /// The lease of this boot that has not ended: under it nothing more is started.
    pub(super) fn kept_lease(self: &Arc<Self>) -> Option<Permit> {
        let now = BootTime(Arc::clone(self)).now();
        let kept = self.kept.borrow().filter(|permit| now < permit.until);
        kept.map(|permit| Permit {
            allowed: Allowed::Remaining,
            ..permit
        })
    }

    /// Stops workloads when the agent does not, a grace after the lease that was kept.
    pub(super) async fn guard(self: Arc<Self>) {
        let clock = BootTime(Arc::clone(&self));
        let mut kept = self.kept.subscribe();
        loop {
            let permit = *kept.borrow_and_update();
            let until = permit.map(|permit| permit.until + GRACE);
            let ended = async {
                match until {
                    Some(until) => clock.sleep_until(until).await.unwrap(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = kept.changed() => changed.unwrap(),
                () = ended => {
                    self.stop_within(self.chance.up_to(GRACE));
                    kept.changed().await.unwrap();
                }
            }
        }
    }

    fn began(&self) -> Option<Instant> {
        self.workloads.borrow().map(|workload| workload.began)
    }

    fn end(&self) {
        if self.workloads.send_replace(None).is_some() {
            self.ledger
                .note(format_args!("{}: no workload runs", self.id));
        }
    }
}

fn rate(chance: &Chance) -> f64 {
    let share = f64::from(u32::try_from(chance.within(0..2001)).unwrap()) / 1000.0 - 1.0;
    1.0 + DRIFT * share
}

/// The machine's `CLOCK_BOOTTIME`.
#[derive(Debug, Clone)]
pub(super) struct BootTime(pub(super) Arc<Host>);

impl Clock for BootTime {
    fn now(&self) -> SinceBoot {
        let machine = self.0.machine.lock().unwrap();
        machine.booted.elapsed().mul_f64(machine.rate)
    }

    async fn sleep_until(&self, until: SinceBoot) -> io::Result<()> {
        let rate = self.0.machine.lock().unwrap().rate;
        let left = until.saturating_sub(self.now());
        // Later by a millisecond at most, as timers are.
        tokio::time::sleep(left.div_f64(rate) + Duration::from_millis(1)).await;
        Ok(())
    }
}
