//! Follows one host: a change for each device that comes, goes, or says something else.
//!
//! ```no_run
//! use std::time::Duration;
//! use muster_discovery::{Options, Source, Watcher};
//!
//! let mut watcher = Watcher::new(Source::live()?, Options::default())?;
//! println!("{} interfaces at the start", watcher.inventory().network.len());
//! let stopper = watcher.stopper();
//! // On another thread, such as that of a signal handler: stopper.stop();
//! # stopper.stop();
//! while !watcher.is_stopped() {
//!     for change in watcher.next(Duration::from_secs(3600))? {
//!         println!("{} {} {:?}", change.section, change.subject, change.kind);
//!     }
//! }
//! # Ok::<(), muster_discovery::Fault>(())
//! ```
//!
//! The kernel says that something happened (netlink for links and addresses, events of udev or, where
//! none runs, of the kernel for devices, `poll(2)` of the mount table for mounts); only the sections
//! concerned are read again, and compared with what was known. Events that come together are waited
//! for: until [`QUIET`] has passed without one, but no longer than [`AT_MOST`] after the first.
//!
//! Limits: what no event tells (readings, counters, free memory, health) is not followed. A driver
//! that does not answer delays a change by up to [`Options::device_deadline`](crate::Options).

mod difference;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use muster_model::{Change, Inventory, Origin, Section};

use crate::source::monitor::{Monitor, Notice, Stop};
use crate::{Fault, Options, Source, discover};
use difference::Known;

/// A burst of events is over when none has come for so long.
pub const QUIET: Duration = Duration::from_millis(150);
/// The longest that a burst is waited for.
pub const AT_MOST: Duration = Duration::from_millis(600);

/// Follows one host.
pub struct Watcher {
    source: Source,
    options: Options,
    monitor: Monitor,
    stop: Stop,
    stopped: bool,
    inventory: Inventory,
    known: Known,
}

/// Ends [`Watcher::next`], from any thread.
#[derive(Clone)]
pub struct Stopper(Stop);

impl Stopper {
    /// The call of [`Watcher::next`] that waits, or the next one, gives back nothing at once.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Watcher {
    /// Begins to listen, then reads the host as `options` say: nothing is missed in between.
    /// Listening for LLDP is left out when sections are read again.
    ///
    /// # Errors
    /// When the source is not the running machine, or the kernel does not let this process listen.
    pub fn new(source: Source, options: Options) -> Result<Self, Fault> {
        if source.origin() != Origin::Live {
            return Err(Fault::NotAsked);
        }
        let (monitor, stop) = Monitor::open()?;
        let inventory = discover(&source, &options).inventory;
        let known = Known::new(&inventory, &options.sections);
        Ok(Self {
            source,
            options: Options {
                lldp: None,
                ..options
            },
            monitor,
            stop,
            stopped: false,
            inventory,
            known,
        })
    }

    /// What was read at the start.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// A handle with which another thread ends the wait.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Waits for the next changes, in the order of the document; none when `timeout` has passed or
    /// somebody asked to stop.
    ///
    /// # Errors
    /// When the kernel does not let this process listen any more.
    pub fn next(&mut self, timeout: Duration) -> Result<Vec<Change>, Fault> {
        let until = Instant::now() + timeout;
        while !self.stopped {
            let sections = self.next_burst(until)?;
            if !sections.is_empty() {
                let changes = self.read_again(sections);
                if !changes.is_empty() {
                    return Ok(changes);
                }
            }
            if Instant::now() >= until {
                break;
            }
        }
        Ok(Vec::new())
    }

    /// The sections that one burst of events is about.
    fn next_burst(&mut self, until: Instant) -> Result<BTreeSet<Section>, Fault> {
        let mut sections = BTreeSet::new();
        let mut burst_ends = None;
        loop {
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
                Notice::Stopped => {
                    self.stopped = true;
                    return Ok(BTreeSet::new());
                }
                Notice::Lost => sections.extend(&self.options.sections),
                Notice::Sections(found) => {
                    sections.extend(found.intersection(&self.options.sections));
                }
            }
            if !sections.is_empty() {
                burst_ends = burst_ends.or(Some(now.max(Instant::now()) + AT_MOST));
            } else if Instant::now() >= until {
                return Ok(sections);
            }
        }
    }

    fn read_again(&mut self, sections: BTreeSet<Section>) -> Vec<Change> {
        let options = Options {
            sections,
            ..self.options.clone()
        };
        // Taken first: a name given after this is noticed again, and compared again.
        let renames = self.monitor.take_renames();
        let found = discover(&self.source, &options).inventory;
        let at = format!("{:.3}", jiff::Timestamp::now());
        self.known.update(&found, &options.sections, &renames, &at)
    }
}
