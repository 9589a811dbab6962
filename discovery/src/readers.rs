//! Runs the probes on a few threads: while one waits for a device, the others read on.
//!
//! Who runs what depends on chance, what is found does not: probes share nothing but the
//! [`Context`], in which whoever comes first reads for all.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::{Finding, Probe};

/// Threads that run probes, this one included.
const READERS: usize = 3;

/// A probe that ran.
pub(crate) struct Ran {
    place: usize,
    pub(crate) name: &'static str,
    pub(crate) finding: Finding,
    pub(crate) took: Duration,
}

/// Runs every probe, those named in `first` before the others; what they found, in the order of
/// `probes`.
pub(crate) fn run(context: &Context<'_>, probes: &[&Probe], first: &[&str]) -> Vec<Ran> {
    let mut queue: Vec<_> = probes.iter().enumerate().collect();
    queue.sort_by_key(|(_, probe)| {
        let rank = first.iter().position(|name| *name == probe.name);
        rank.unwrap_or(first.len())
    });
    let next = AtomicUsize::new(0);
    let read = || -> Vec<Ran> {
        std::iter::repeat_with(|| queue.get(next.fetch_add(1, Ordering::Relaxed)))
            .map_while(|taken| taken.map(|(place, probe)| run_one(context, *place, probe)))
            .collect()
    };
    let mut ran = thread::scope(|scope| {
        // Where no thread can be started, this one runs all.
        let helpers: Vec<_> = (1..READERS.min(probes.len()))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, read).ok())
            .collect();
        let mut ran = read();
        for helper in helpers {
            match helper.join() {
                Ok(more) => ran.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        ran
    });
    ran.sort_by_key(|ran| ran.place);
    ran
}

fn run_one(context: &Context<'_>, place: usize, probe: &Probe) -> Ran {
    let begun = Instant::now();
    Ran {
        place,
        name: probe.name,
        finding: (probe.run)(context),
        took: begun.elapsed(),
    }
}
