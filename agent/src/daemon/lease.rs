//! The lease outside the agent's process: `lease.json`, in the folder that the service manager gives for the time until the next boot.
//!
//! An agent that comes back within the lease goes on where the one before it ended, and the [guard](super::guard) knows when to give up. The times are
//! those of `CLOCK_BOOTTIME`, so that they mean something in the same boot alone: the file says which.

use std::env;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::connect::chain;
use super::core::fencing::{Allowed, Permit, Running, SinceBoot};
use super::ports::Leases;
use super::state::{StateError, files};

const NAME: &str = "lease.json";
/// Set by systemd where the unit has `RuntimeDirectory=`.
const RUNTIME_FOLDER: &str = "RUNTIME_DIRECTORY";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const VERSION: u32 = 1;
/// It says nothing secret, and the guard is another user.
const PUBLIC: u32 = 0o644;

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct LeaseFile {
    path: PathBuf,
    boot: String,
}

/// What stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    version: u32,
    boot_id: String,
    epoch: u64,
    /// Milliseconds since that boot, suspended time included.
    until_ms: u64,
    grace_ms: u64,
}

impl LeaseFile {
    /// The file at `path`; it need not be there.
    pub(crate) fn at(path: PathBuf) -> std::io::Result<Self> {
        Ok(Self {
            path,
            boot: boot_id()?,
        })
    }

    /// The agent's: in the folder that systemd gives until the next boot, or in that of the state.
    pub(crate) fn of_agent(state: &Path) -> std::io::Result<Self> {
        // Were there several folders, the first would be ours.
        let given = env::var_os(RUNTIME_FOLDER).and_then(|all| env::split_paths(&all).next());
        Self::at(given.as_deref().unwrap_or(state).join(NAME))
    }

    /// The lease of this boot that has not ended; none when there is no such, or when that cannot be told.
    pub(crate) fn read(&self, now: SinceBoot) -> Option<Permit> {
        let permit = self.kept()?;
        (now < permit.until).then_some(permit)
    }

    /// The lease of this boot, whether it has ended or not.
    pub(crate) fn kept(&self) -> Option<Permit> {
        let content = match files::read(&self.path) {
            Ok(content) => content?,
            Err(error) => {
                let reason = chain(&error);
                tracing::warn!(reason, "the kept lease cannot be read");
                return None;
            }
        };
        match serde_json::from_slice::<Document>(&content) {
            Ok(document) => self.permit(&document),
            Err(error) => {
                tracing::warn!(error = %error, "the kept lease is damaged");
                None
            }
        }
    }

    fn permit(&self, document: &Document) -> Option<Permit> {
        let of_this_boot = document.version == VERSION && document.boot_id == self.boot;
        of_this_boot.then(|| Permit {
            epoch: document.epoch,
            // None is started before a controller says so.
            allowed: Allowed::Remaining,
            until: Duration::from_millis(document.until_ms),
            grace: Duration::from_millis(document.grace_ms),
        })
    }
}

/// What runs, as the agent before this one left it.
pub(crate) fn left_running(permit: Option<Permit>) -> Running {
    permit.map_or(Running::Unknown, |permit| Running::Epoch(permit.epoch))
}

impl Leases for LeaseFile {
    fn keep(&self, permit: Permit) -> std::io::Result<()> {
        let document = Document {
            version: VERSION,
            boot_id: self.boot.clone(),
            epoch: permit.epoch,
            // Rounded down: it never ends later than the one that was given.
            until_ms: milliseconds(permit.until),
            grace_ms: milliseconds(permit.grace),
        };
        let content = serde_json::to_vec(&document)?;
        files::replace(&self.path, &content, PUBLIC)
    }

    fn forget(&self) -> std::io::Result<()> {
        files::remove(&self.path).map_err(io_error)
    }
}

fn io_error(error: StateError) -> Error {
    match error {
        StateError::File { source, .. } => source,
        other => Error::other(other),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[allow(
    clippy::disallowed_methods,
    reason = "one file of the kernel, before anything is discovered"
)]
fn boot_id() -> std::io::Result<String> {
    let text = std::fs::read_to_string(BOOT_ID)?;
    match text.trim() {
        "" => Err(Error::new(ErrorKind::InvalidData, "there is no boot id")),
        id => Ok(id.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn a_lease_comes_back_until_it_ends_and_not_after_a_boot() {
        let folder = tempfile::tempdir().unwrap();
        let file = LeaseFile::at(folder.path().join(NAME)).unwrap();
        assert_eq!(file.read(S(1)), None, "there is none yet");
        let permit = Permit::granted(S(70), S(30), 3, Allowed::Remaining);
        file.keep(permit).unwrap();
        assert_eq!(file.read(S(99)), Some(permit));
        assert_eq!(file.read(S(100)), None, "it has ended");
        assert_eq!(file.kept(), Some(permit));
        let later = LeaseFile {
            boot: "another".to_owned(),
            ..file.clone()
        };
        assert_eq!(later.read(S(99)), None, "it is of another boot");
        file.forget().unwrap();
        file.forget().unwrap();
        assert_eq!(file.read(S(99)), None);
    }

    #[test]
    fn a_damaged_or_newer_lease_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = LeaseFile::at(folder.path().join(NAME)).unwrap();
        file.keep(Permit::granted(S(70), S(30), 3, Allowed::Remaining))
            .unwrap();
        let whole = files::read(&file.path).unwrap().unwrap();
        let whole = String::from_utf8_lossy(&whole).into_owned();
        let newer = whole.replace("\"version\":1", "\"version\":2");
        assert_ne!(newer, whole);
        for content in ["", "{", newer.as_str(), &whole[..whole.len() - 1]] {
            std::fs::write(&file.path, content).unwrap();
            assert_eq!(file.read(S(99)), None, "{content:?}");
        }
    }

    #[test]
    fn without_a_lease_nobody_knows_what_runs() {
        assert_eq!(left_running(None), Running::Unknown);
        let permit = Permit::granted(S(70), S(30), 3, Allowed::Remaining);
        assert_eq!(left_running(Some(permit)), Running::Epoch(3));
    }
}
