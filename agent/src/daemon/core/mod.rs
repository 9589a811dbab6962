//! What the daemon decides: pure functions of what it knows. No I/O, no clock, no randomness of their own.

pub(crate) mod backoff;
pub(crate) mod fencing;
pub(crate) mod pace;
pub(crate) mod renewal;
pub(crate) mod report;
pub(crate) mod room;
pub(crate) mod standing;
