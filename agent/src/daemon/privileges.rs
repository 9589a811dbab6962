//! Who does what takes root: this process, with the rights that it has, or the helper. And whose the agent's state is.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use nix::unistd::{User, geteuid, setgid, setgroups, setuid};

use super::observe::OwnRights;
use super::ports::Observer;
use crate::helper::client::HelperEyes;

/// As whom the agent of a package runs.
const USER: &str = "muster";

/// Who does it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Privileges {
    /// This process, as far as it may.
    #[default]
    Own,
    /// `muster-helper.service`, over the system's message bus.
    Helper,
}

impl From<bool> for Privileges {
    fn from(has_helper: bool) -> Self {
        match has_helper {
            true => Self::Helper,
            false => Self::Own,
        }
    }
}

impl Privileges {
    /// Who sees this machine; the log is told which.
    pub(crate) fn observer(self) -> Arc<dyn Observer> {
        match self {
            Self::Helper => {
                tracing::info!("what takes root is done by muster-helper.service");
                Arc::new(HelperEyes)
            }
            Self::Own if geteuid().is_root() => {
                tracing::info!("what takes root is done by the agent itself");
                Arc::new(OwnRights)
            }
            Self::Own => {
                tracing::info!("nobody does what takes root: some facts stay unknown");
                Arc::new(OwnRights)
            }
        }
    }
}

/// The user of the package's agent, when the state in `folder` is its.
pub(crate) fn service_user(folder: &Path) -> Option<User> {
    let owner = folder.metadata().ok()?.uid();
    let user = User::from_name(USER).ok().flatten()?;
    (user.uid.as_raw() == owner).then_some(user)
}

/// Root becomes the user of the package's agent where the state in `folder` is its: it follows nothing that this user may have put there, and
/// leaves no file behind that this user cannot read.
pub(crate) fn become_owner(folder: &Path) -> Result<(), Errno> {
    let Some(user) = service_user(folder).filter(|_| geteuid().is_root()) else {
        return Ok(());
    };
    setgroups(&[user.gid])?;
    setgid(user.gid)?;
    setuid(user.uid)
}
