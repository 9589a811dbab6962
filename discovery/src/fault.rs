//! Why a request to the host brought nothing.

use muster_model::WarningKind;
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// A request to the host that failed. Recorded and replayed like an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
pub enum Fault {
    /// `ENOENT`, `ENOTDIR`: it is not there.
    #[error("not there")]
    Absent,
    /// `EACCES`, `EPERM`.
    #[error("permission denied")]
    Denied,
    /// `ENODEV`, `ENXIO`: the device went away.
    #[error("the device went away")]
    Vanished,
    /// No answer within the deadline.
    #[error("no answer in time")]
    TimedOut,
    /// The content or the file is not what it has to be.
    #[error("{0}")]
    Malformed(String),
    /// The kernel or the device does not know the request.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// Another root or a capture is read, and the running machine is never asked for it.
    #[error("not asked: this is not the running machine")]
    NotAsked,
}

impl Fault {
    /// The kind under which a warning files this fault.
    pub fn kind(&self) -> WarningKind {
        match self {
            Self::Absent => WarningKind::Absent,
            Self::Denied => WarningKind::Denied,
            Self::Vanished => WarningKind::Vanished,
            Self::TimedOut => WarningKind::TimedOut,
            Self::Malformed(_) => WarningKind::Malformed,
            Self::Unsupported(_) | Self::NotAsked => WarningKind::Unsupported,
        }
    }
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::ENOENT | Errno::ENOTDIR => Self::Absent,
            Errno::EACCES | Errno::EPERM => Self::Denied,
            Errno::ENODEV | Errno::ENXIO | Errno::ESTALE => Self::Vanished,
            Errno::ETIMEDOUT | Errno::ETIME => Self::TimedOut,
            Errno::EIO => Self::Malformed("input/output error (EIO)".to_owned()),
            Errno::ELOOP => Self::Malformed("too many symbolic links (ELOOP)".to_owned()),
            Errno::EISDIR => Self::Malformed("a directory where a file should be".to_owned()),
            other => Self::Unsupported(format!("{} ({other:?})", other.desc())),
        }
    }
}
