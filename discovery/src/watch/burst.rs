//! Which sections of a host may have changed: what the kernel tells, a burst at a time. Reads nothing of the host.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use muster_model::Section;

use super::Stopper;
use crate::Fault;
use crate::source::monitor::{Monitor, Notice};

/// A burst of events is over when none has come for so long.
pub const QUIET: Duration = Duration::from_millis(150);
/// The longest that a burst is waited for.
pub const AT_MOST: Duration = Duration::from_millis(600);

/// Listens to the kernel of the running machine, about some sections.
pub struct Bursts {
    monitor: Monitor,
    stopper: Stopper,
    stopped: bool,
    of: BTreeSet<Section>,
}

impl Bursts {
    /// Begins to listen: what happens from here on is not missed.
    ///
    /// # Errors
    /// When the kernel does not let this process listen.
    pub fn listen(of: BTreeSet<Section>) -> Result<Self, Fault> {
        let (monitor, stop) = Monitor::open()?;
        Ok(Self {
            monitor,
            stopper: Stopper(stop),
            stopped: false,
            of,
        })
    }

    /// A handle with which another thread ends the wait.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Waits for the next burst of events, and says what it is about: all sections where events were lost, none when
    /// `until` has come or somebody asked to stop.
    ///
    /// # Errors
    /// When the kernel does not let this process listen any more.
    pub fn next(&mut self, until: Instant) -> Result<BTreeSet<Section>, Fault> {
        let mut sections = BTreeSet::new();
        let mut burst_ends = None;
        while !self.stopped {
            let now = Instant::now();
            let wait_until = match burst_ends {
                None => until,
                Some(ends) if now >= ends => return Ok(sections),
                Some(ends) => (now + QUIET).min(ends),
            };
            match self
                .monitor
                .wait(wait_until.saturating_duration_since(now))?
            {
                Notice::Nothing => return Ok(sections),
                Notice::Stopped => self.stopped = true,
                Notice::Lost => sections.extend(&self.of),
                Notice::Sections(found) => sections.extend(found.intersection(&self.of)),
            }
            if !sections.is_empty() {
                burst_ends = burst_ends.or(Some(now.max(Instant::now()) + AT_MOST));
            } else if Instant::now() >= until {
                return Ok(sections);
            }
        }
        Ok(BTreeSet::new())
    }

    /// Interfaces that have another name than at the last call: before, after.
    pub(super) fn take_renames(&mut self) -> Vec<(String, String)> {
        self.monitor.take_renames()
    }
}
