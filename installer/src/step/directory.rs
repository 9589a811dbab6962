//! A directory.

use serde::{Deserialize, Serialize};

use super::{Keep, Step, StepError};
use crate::host::{Host, files};
use crate::value::{AccountName, Attributes, HostPath, Mode};

/// A directory with its owner and mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Where it is; the directory that it is in has to be there.
    pub path: HostPath,
    /// Whose it is.
    #[serde(default = "AccountName::root")]
    pub owner: AccountName,
    /// The group.
    #[serde(default = "AccountName::root")]
    pub group: AccountName,
    /// What may be done to it.
    #[serde(default = "usual_mode")]
    pub mode: Mode,
}

/// A directory as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DirectoryState {
    /// None: there is no directory.
    pub directory: Option<Attributes>,
}

fn usual_mode() -> Mode {
    Mode::of(0o755)
}

impl Step for Directory {
    type State = DirectoryState;

    fn title(&self) -> String {
        format!("Have the directory {}", self.path)
    }

    fn inspect(&self, host: &dyn Host) -> Result<DirectoryState, StepError> {
        let directory = files::directory(host, &self.path)?;
        Ok(DirectoryState { directory })
    }

    fn wanted(&self, _before: &DirectoryState) -> Result<DirectoryState, StepError> {
        let attributes = Attributes {
            owner: self.owner.clone(),
            group: self.group.clone(),
            mode: self.mode,
        };
        Ok(DirectoryState {
            directory: Some(attributes),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &DirectoryState) -> Result<(), StepError> {
        Ok(files::set_directory(
            host,
            &self.path,
            state.directory.as_ref(),
        )?)
    }

    fn keep(&self, host: &dyn Host, before: &DirectoryState) -> Result<Vec<Keep>, StepError> {
        let goes = before.directory.is_none();
        let has_content = goes && !host.list(&self.path)?.is_empty();
        let path = &self.path;
        let keep = has_content.then(|| Keep {
            field: "directory".into(),
            why: format!("{path} stays: there is something in it that muster did not put there"),
        });
        Ok(keep.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{action, host, prove, refused};
    use crate::host::Files as _;
    use crate::value::HostPath;

    #[test]
    fn a_directory_is_made_or_changed_and_put_back() {
        prove(
            &host(),
            &json!({"directory": {"path": "/var/lib/new", "owner": "7"}}),
        );
        prove(
            &host(),
            &json!({"directory": {"path": "/etc/sysctl.d", "mode": "0700"}}),
        );
    }

    #[test]
    fn what_is_in_it_stays() {
        let mut host = host();
        let action = action(&json!({"directory": {"path": "/var/lib/new"}}));
        let before = action.inspect(&host).unwrap();
        action
            .set(&mut host, &action.wanted(&before).unwrap())
            .unwrap();
        assert_eq!(action.keep(&host, &before).unwrap(), []);
        host.put("/var/lib/new/mine", "");
        assert_eq!(action.keep(&host, &before).unwrap()[0].field, "directory");
        assert!(action.set(&mut host, &before).is_err());
        assert!(
            host.look(&HostPath::known("/var/lib/new/mine"))
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn a_file_is_no_directory() {
        let told = refused(&host(), &json!({"directory": {"path": "/etc/motd"}}));
        assert_eq!(told, "/etc/motd is a file");
    }
}
