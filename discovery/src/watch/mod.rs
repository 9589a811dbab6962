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
//! concerned are read again, and compared with what was known. [`Bursts`] is the listening alone, for who reads
//! again by itself. Events that come together are waited for: until [`QUIET`] has passed without one, but no longer than [`AT_MOST`] after the first.
//!
//! Limits: what no event tells (readings, counters, free memory, health) is not followed. A driver
//! that does not answer delays a change by up to [`Options::device_deadline`](crate::Options).

mod burst;
mod difference;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use muster_model::{Change, Inventory, Origin, Section};

use crate::source::monitor::Stop;
use crate::{Fault, Options, Source, discover};
pub use burst::{AT_MOST, Bursts, QUIET};
use difference::Known;

/// Follows one host.
pub struct Watcher {
    source: Source,
    options: Options,
    bursts: Bursts,
    inventory: Inventory,
    known: Known,
}

/// Ends [`Watcher::next`] and [`Bursts::next`], from any thread.
#[derive(Clone)]
pub struct Stopper(Stop);

impl Stopper {
    /// The call of `next` that waits, or the next one, gives back nothing at once.
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
        let bursts = Bursts::listen(options.sections.clone())?;
        let inventory = discover(&source, &options).inventory;
        let known = Known::new(&inventory, &options.sections);
        Ok(Self {
            source,
            options: Options {
                lldp: None,
                ..options
            },
            bursts,
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
        self.bursts.stopper()
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.bursts.is_stopped()
    }

    /// Waits for the next changes, in the order of the document; none when `timeout` has passed or
    /// somebody asked to stop.
    ///
    /// # Errors
    /// When the kernel does not let this process listen any more.
    pub fn next(&mut self, timeout: Duration) -> Result<Vec<Change>, Fault> {
        let until = Instant::now() + timeout;
        while !self.is_stopped() {
            let sections = self.bursts.next(until)?;
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

    fn read_again(&mut self, sections: BTreeSet<Section>) -> Vec<Change> {
        let options = Options {
            sections,
            ..self.options.clone()
        };
        // Taken first: a name given after this is noticed again, and compared again.
        let renames = self.bursts.take_renames();
        let found = discover(&self.source, &options).inventory;
        let at = format!("{:.3}", jiff::Timestamp::now());
        self.known.update(&found, &options.sections, &renames, &at)
    }
}
