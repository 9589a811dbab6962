//! Diagnostics on standard error.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::filter::LevelFilter;

/// Starts logging: nothing at 0, then `info`, `debug` and `trace`.
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .init();
}
