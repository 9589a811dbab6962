//! Signals that would end the process while something on the host has to be put back first.

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// `SIGINT`, `SIGTERM` and `SIGHUP`, held back in this thread, and in those that it starts, until
/// the value is dropped: one that came meanwhile is delivered then.
#[derive(Debug)]
pub(crate) struct HeldSignals {
    before: SigSet,
}

impl HeldSignals {
    /// Holds them back.
    ///
    /// # Errors
    /// What the kernel answered.
    pub(crate) fn hold() -> Result<Self, Errno> {
        let before = ending().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { before })
    }

    /// A descriptor that becomes readable when one of them has come.
    ///
    /// # Errors
    /// What the kernel answered.
    pub(crate) fn descriptor(&self) -> Result<SignalFd, Errno> {
        SignalFd::with_flags(&ending(), SfdFlags::SFD_CLOEXEC)
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        let _ = self.before.thread_set_mask();
    }
}

fn ending() -> SigSet {
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]
        .into_iter()
        .collect()
}
