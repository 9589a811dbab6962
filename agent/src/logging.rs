//! Diagnostics: on standard error, or to systemd's journal with their fields where standard error leads there.

use std::env;
use std::io::{IsTerminal as _, stderr};

use rustix::fs::fstat;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

/// Set by systemd to the device and inode of the journal's stream: systemd.exec(5).
const STREAM: &str = "JOURNAL_STREAM";
/// Before the names of fields, so that they are nobody else's: `MUSTER_STATUS`.
const PREFIX: &str = "MUSTER";
const IDENTIFIER: &str = "muster";

/// Starts logging: nothing at 0, then `info`, `debug` and `trace`.
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Without the journal's socket its stream takes lines as well.
    let journal = leads_to_journal().then(tracing_journald::layer);
    match journal {
        Some(Ok(journal)) => {
            let journal = journal
                .with_field_prefix(Some(PREFIX.to_owned()))
                .with_syslog_identifier(IDENTIFIER.to_owned());
            registry().with(journal).with(level).init();
        }
        Some(Err(_)) | None => {
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
