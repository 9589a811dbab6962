//! Diagnostics: on standard error, or to systemd's journal with their fields where standard error leads there.

use std::env;
use std::io::{IsTerminal as _, stderr};

use rustix::fs::fstat;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

/// Set by systemd to the device and inode of the journal's stream: systemd.exec(5).
const STREAM: &str = "JOURNAL_STREAM";
/// Before the names of fields, so that they are nobody else's: `MUSTER_STATUS`.
const PREFIX: &str = "MUSTER";
const IDENTIFIER: &str = "muster";
/// What installations tell the journal: it names its fields itself, because `MESSAGE_ID` has no prefix.
pub(crate) const INSTALL: &str = "muster_install";

/// Starts logging: nothing at 0, then `info`, `debug` and `trace`.
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Without the journal's socket its stream takes lines as well.
    let journal = || {
        Some([
            tracing_journald::layer().ok()?,
            tracing_journald::layer().ok()?,
        ])
    };
    match leads_to_journal().then(journal).flatten() {
        Some([others, install]) => {
            let others = others
                .with_field_prefix(Some(PREFIX.to_owned()))
                .with_syslog_identifier(IDENTIFIER.to_owned())
                .with_filter(
                    Targets::new()
                        .with_default(level)
                        .with_target(INSTALL, LevelFilter::OFF),
                );
            let install = install
                .with_field_prefix(None)
                .with_syslog_identifier(IDENTIFIER.to_owned())
                .with_filter(Targets::new().with_target(INSTALL, LevelFilter::TRACE));
            registry().with(others).with(install).init();
        }
        None => {
            let lines = fmt::layer()
                .with_writer(stderr)
                .with_ansi(stderr().is_terminal());
            registry().with(lines).with(level).init();
        }
    }
}

/// Whether standard error is the journal's.
pub(crate) fn leads_to_journal() -> bool {
    let (Ok(stream), Ok(error)) = (env::var(STREAM), fstat(stderr())) else {
        return false;
    };
    stream == format!("{}:{}", error.st_dev, error.st_ino)
}
