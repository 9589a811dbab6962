//! Who does what takes root: this process, with the rights that it has, or the helper. And whose the agent's state is.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use nix::unistd::{User, geteuid, setgid, setgroups, setuid};

use super::observe::OwnRights;
use super::ports::{NoWorkloads, Observer, Workloads, WorkloadsError};
use super::systemd::{SystemdWorkloads, TARGET, is_booted};
use crate::helper::client::{HelperEyes, HelperWorkloads};
use crate::value::WorkloadsChoice;

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

    /// The workloads as the configuration wants them; `auto` is systemd where it runs this machine and knows the target.
    ///
    /// # Errors
    /// systemd does not answer, or is to manage workloads and does not know the target.
    pub(crate) async fn workloads(
        self,
        choice: WorkloadsChoice,
    ) -> Result<Arc<dyn Workloads>, WorkloadsError> {
        let systemd = SystemdWorkloads::default();
        let has_target = match choice {
            WorkloadsChoice::None => false,
            WorkloadsChoice::Auto if !is_booted() => false,
            WorkloadsChoice::Auto | WorkloadsChoice::Systemd => systemd.has_target().await?,
        };
        match (choice, has_target) {
            (_, true) => Ok(match self {
                Self::Own => Arc::new(systemd),
                Self::Helper => Arc::new(HelperWorkloads::of(systemd)),
            }),
            (WorkloadsChoice::Systemd, false) => Err(WorkloadsError {
                what: format!(
                    "systemd does not know {TARGET}: install the units, or set workloads = \"none\""
                ),
            }),
            (WorkloadsChoice::Auto | WorkloadsChoice::None, false) => {
                tracing::info!("no workloads are managed on this node");
                Ok(Arc::new(NoWorkloads))
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
