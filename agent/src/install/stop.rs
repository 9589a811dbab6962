//! Ctrl-C, and being asked to end: heeded when it suits, and never in the middle of something.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SigSet, Signal};

/// Whether somebody wants this process to end.
#[derive(Debug, Clone)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Begins to listen, before other threads are made. Each time, `answer` is told on standard error.
    pub(super) fn listen(answer: &'static str) -> anyhow::Result<Self> {
        let signals = hold_back()?;
        let is_asked = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&is_asked);
        // It ends with the process; programs that steps run are not told, being in groups of their own.
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                while signals.wait().is_ok() {
                    asked.store(true, Ordering::Relaxed);
                    let _ = writeln!(anstream::stderr(), "{answer}");
                }
            })?;
        Ok(Self(is_asked))
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What would end this process waits until somebody listens. Threads that are made from here on inherit that.
pub(super) fn hold_back() -> anyhow::Result<SigSet> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    signals.thread_block()?;
    Ok(signals)
}
