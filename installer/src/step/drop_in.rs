//! A file of ours in a folder of somebody's, such as sysctl.d(5), which need not be there.

use serde::{Deserialize, Serialize};

use super::{Keep, StepError};
use crate::host::{Host, HostError, files};
use crate::value::{Attributes, HostPath, KeptFile};

const FOLDER_MODE: u32 = 0o755;

/// The folder of a file of ours; none where it is not there, and goes again with what we put into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Folder(Option<Attributes>);

impl Folder {
    /// As it is to be: there.
    pub(super) fn there(&self) -> Self {
        let made = || Attributes::of_root(FOLDER_MODE);
        Self(Some(self.0.clone().unwrap_or_else(made)))
    }
}

/// The folder and the file as they are.
pub(super) fn inspect(
    host: &dyn Host,
    path: &HostPath,
) -> Result<(Folder, Option<KeptFile>), HostError> {
    let folder = match path.parent() {
        Some(folder) => files::directory(host, &folder)?,
        None => None,
    };
    Ok((Folder(folder), files::file(host, path)?))
}

/// Brings both to a state: the folder first where it comes, and last where it goes.
pub(super) fn set(
    host: &mut dyn Host,
    path: &HostPath,
    folder: &Folder,
    file: Option<&KeptFile>,
) -> Result<(), HostError> {
    let Some(parent) = path.parent() else {
        return files::set_file(host, path, file);
    };
    match &folder.0 {
        Some(attributes) => {
            files::set_directory(host, &parent, Some(attributes))?;
            files::set_file(host, path, file)
        }
        None if host.look(&parent)?.is_none() => files::set_directory(host, &parent, None),
        None => {
            files::set_file(host, path, file)?;
            files::set_directory(host, &parent, None)
        }
    }
}

/// That the folder stays, where somebody else has something in it.
pub(super) fn keep(
    host: &dyn Host,
    path: &HostPath,
    before: &Folder,
) -> Result<Option<Keep>, StepError> {
    let Some(parent) = path.parent().filter(|_| before.0.is_none()) else {
        return Ok(None);
    };
    let names = host.list(&parent)?;
    let mut others = names.iter().filter(|name| *name != path.name());
    let is_shared = others.any(|name| !files::is_unfinished(name));
    Ok(is_shared.then(|| Keep {
        field: "folder".into(),
        why: format!("{parent} stays: there is something in it that this step did not put there"),
    }))
}
