//! A file.

use serde::{Deserialize, Serialize};

use super::{Step, StepError};
use crate::host::{Host, files};
use crate::value::{AccountName, Attributes, Content, HostPath, KeptFile, Mode};

/// A file with its content, owner and mode. What was there is kept in the receipt, and put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where it is; the directory that it is in has to be there.
    pub path: HostPath,
    /// What is in it.
    pub content: Content,
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

/// A file as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FileState {
    /// None: there is no file.
    pub file: Option<KeptFile>,
}

fn usual_mode() -> Mode {
    Mode::of(0o644)
}

impl Step for File {
    type State = FileState;

    fn title(&self) -> String {
        format!("Have the file {}", self.path)
    }

    fn inspect(&self, host: &dyn Host) -> Result<FileState, StepError> {
        let file = files::file(host, &self.path)?;
        Ok(FileState { file })
    }

    fn wanted(&self, _before: &FileState) -> Result<FileState, StepError> {
        let attributes = Attributes {
            owner: self.owner.clone(),
            group: self.group.clone(),
            mode: self.mode,
        };
        let content = self.content.clone();
        Ok(FileState {
            file: Some(KeptFile {
                content,
                attributes,
            }),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &FileState) -> Result<(), StepError> {
        Ok(files::set_file(host, &self.path, state.file.as_ref())?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{host, prove, refused};

    #[test]
    fn a_file_is_made_or_replaced_and_put_back() {
        for file in [
            json!({"path": "/etc/new", "content": "a\n", "mode": "0600"}),
            json!({"path": "/etc/new", "content": {"base64": "/wA="}}),
            json!({"path": "/etc/motd", "content": "new\n"}),
            json!({"path": "/etc/motd", "content": "Hello\n", "owner": "7"}),
        ] {
            prove(&host(), &json!({"file": file}));
        }
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let told = |path| refused(&host(), &json!({"file": {"path": path, "content": ""}}));
        assert_eq!(told("/etc/systemd"), "/etc/systemd is a directory");
        let mut host = host();
        host.put("/etc/large", &"a".repeat((1 << 20) + 1));
        let told = refused(
            &host,
            &json!({"file": {"path": "/etc/large", "content": ""}}),
        );
        assert!(told.contains("larger than 1 MiB"), "{told}");
    }
}
