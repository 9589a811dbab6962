//! `adjtimex(2)`, which no safe wrapper has.

use nix::errno::Errno;

use crate::source::Answer;

/// The state of the kernel's clock and its status bits, a line each. Nothing is changed.
pub(in crate::source) fn state() -> Answer {
    // SAFETY: every field of `timex` is an integer, for which all zeroes are a value.
    let mut clock: libc::timex = unsafe { std::mem::zeroed() };
    // With no mode set the call only reads.
    clock.modes = 0;
    // SAFETY: the pointer is to a whole `timex` that lives until after the call.
    let state = unsafe { libc::adjtimex(&raw mut clock) };
    let state = Errno::result(state)?;
    Ok(format!("{state}\n{}", clock.status).into_bytes())
}
