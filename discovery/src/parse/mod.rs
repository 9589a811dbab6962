//! Bytes into facts: no I/O, no clock, no panic.

pub(crate) mod os_release;
