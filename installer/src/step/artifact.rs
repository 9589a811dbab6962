//! A large file that is brought to the host.

use serde::{Deserialize, Serialize};

use super::{Step, StepError};
use crate::host::artifacts::Fetch;
use crate::host::{EntryKind, Host, files};
use crate::value::{
    AccountName, Attributes, HostPath, Mode, NoValue, ProxyUrl, Sha256Digest, Source,
};

/// A file from a server, or from a place on the host, with the SHA-256 that it has to have. It is put in place when it is whole and right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Where it is.
    pub source: Source,
    /// What it has to be.
    pub sha256: Sha256Digest,
    /// Where it is put. The folder has to be there.
    pub path: HostPath,
    /// Through which proxy for HTTP; without, straight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyUrl>,
    /// A larger one is not taken: from 1 to 65536 MiB.
    #[serde(default = "usual_size")]
    pub most_mib: MostMib,
    /// By name or number.
    #[serde(default = "AccountName::root")]
    pub owner: AccountName,
    /// By name or number.
    #[serde(default = "AccountName::root")]
    pub group: AccountName,
    /// Permissions.
    #[serde(default = "usual_mode")]
    pub mode: Mode,
}

/// From 1 to 65536 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "u32", into = "u32")]
pub struct MostMib(u32);

/// The file as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ArtifactState {
    /// None when nothing is there.
    pub file: Option<LargeFile>,
}

/// A file, by what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LargeFile {
    /// Of its content.
    pub sha256: Sha256Digest,
    /// Whose it is, and what may be done to it.
    pub attributes: Attributes,
}

fn usual_size() -> MostMib {
    MostMib(1024)
}

fn usual_mode() -> Mode {
    Mode::of(0o644)
}

impl Artifact {
    fn fetched(&self, host: &mut dyn Host, beside: &HostPath) -> Result<(), StepError> {
        let what = Fetch {
            source: &self.source,
            proxy: self.proxy.as_ref(),
            most_bytes: u64::from(self.most_mib.0) << 20,
        };
        // A beginning that a crash left may be damaged: then all of it is brought again.
        let had_beginning = host.look(beside)?.is_some();
        host.fetch(&what, beside)?;
        if had_beginning && host.digest(beside)?.as_ref() != Some(&self.sha256) {
            host.remove_file(beside)?;
            host.fetch(&what, beside)?;
        }
        match host.digest(beside)? {
            Some(found) if found == self.sha256 => Ok(()),
            found => {
                host.remove_file(beside)?;
                let found = found.map_or("nothing".to_owned(), |found| found.to_string());
                Err(StepError::refused(format!(
                    "what {} has is not what it is to be: its SHA-256 is {found}, and {} was expected; nothing was put in place",
                    self.source, self.sha256
                )))
            }
        }
    }

    fn place(&self, host: &mut dyn Host, wanted: &LargeFile) -> Result<(), StepError> {
        let beside = files::unfinished(&self.path);
        self.fetched(host, &beside)?;
        host.set_attributes(&beside, &wanted.attributes)?;
        host.sync(&beside)?;
        host.rename(&beside, &self.path)?;
        Ok(files::sync_folder(host, &self.path)?)
    }
}

impl Step for Artifact {
    type State = ArtifactState;

    fn title(&self) -> String {
        format!("Bring {} to {}", self.source, self.path)
    }

    fn inspect(&self, host: &dyn Host) -> Result<ArtifactState, StepError> {
        let Some(attributes) = files::attributes(host, &self.path)? else {
            return Ok(ArtifactState { file: None });
        };
        let sha256 = host.digest(&self.path)?;
        Ok(ArtifactState {
            file: sha256.map(|sha256| LargeFile { sha256, attributes }),
        })
    }

    fn wanted(&self, before: &ArtifactState) -> Result<ArtifactState, StepError> {
        if let Some(file) = &before.file
            && file.sha256 != self.sha256
        {
            return Err(StepError::refused(format!(
                "there is another file at {}, with the SHA-256 {}, which could not be put back: undo what installed it, or move it away",
                self.path, file.sha256
            )));
        }
        Ok(ArtifactState {
            file: Some(LargeFile {
                sha256: self.sha256.clone(),
                attributes: Attributes {
                    owner: self.owner.clone(),
                    group: self.group.clone(),
                    mode: self.mode,
                },
            }),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &ArtifactState) -> Result<(), StepError> {
        let now = self.inspect(host)?;
        match (&now.file, &state.file) {
            (Some(now), Some(wanted)) if now == wanted => host.sync(&self.path)?,
            (Some(now), Some(wanted)) if now.sha256 == wanted.sha256 => {
                host.set_attributes(&self.path, &wanted.attributes)?;
                host.sync(&self.path)?;
            }
            (_, Some(wanted)) if wanted.sha256 == self.sha256 => self.place(host, wanted)?,
            (_, Some(_)) => return Err(StepError::refused("its earlier content was not kept")),
            (Some(_), None) => host.remove_file(&self.path)?,
            (None, None) => {}
        }
        let beside = files::unfinished(&self.path);
        if host.look(&beside)?.is_some() {
            host.remove_file(&beside)?;
        }
        Ok(files::sync_folder(host, &self.path)?)
    }

    fn check(&self, host: &dyn Host) -> Result<(), StepError> {
        let Source::Path(path) = &self.source else {
            return Ok(());
        };
        match host.look(path)?.map(|entry| entry.kind) {
            Some(EntryKind::File) => Ok(()),
            _ => Err(StepError::refused(format!(
                "there is no file {path}: put it there first"
            ))),
        }
    }
}

impl TryFrom<u32> for MostMib {
    type Error = NoValue;

    fn try_from(mib: u32) -> Result<Self, NoValue> {
        match (1..=65536).contains(&mib) {
            true => Ok(Self(mib)),
            false => Err(NoValue::because("a size is from 1 to 65536 MiB")),
        }
    }
}

impl From<MostMib> for u32 {
    fn from(most: MostMib) -> Self {
        most.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sha2::{Digest as _, Sha256};

    use super::super::testing::{action, host, prove, refused};
    use crate::value::Sha256Digest;

    fn artifact(source: &str, content: &str) -> Value {
        let sha256 = Sha256Digest::of(&Sha256::digest(content)).to_string();
        json!({"artifact": {"source": source, "sha256": sha256, "path": "/usr/bin/tool", "mode": "0755"}})
    }

    #[test]
    fn a_file_is_brought_and_taken_away() {
        for (source, content) in [
            ("/usr/bin/flag", "program"),
            ("http://example.org/a", "from http://example.org/a"),
        ] {
            let after = prove(&host(), &artifact(source, content));
            assert_eq!(after.text("/usr/bin/tool").unwrap(), content);
            // What a crash left of it is gone on with, and right in the end even where it is damaged.
            for left in ["pro", "damaged"] {
                let mut host = host();
                host.put("/usr/bin/tool.muster-unfinished", left);
                let action = action(&artifact(source, content));
                let before = action.inspect(&host).unwrap();
                action
                    .set(&mut host, &action.wanted(&before).unwrap())
                    .unwrap();
                assert_eq!(host.text("/usr/bin/tool").unwrap(), content);
                assert_eq!(host.text("/usr/bin/tool.muster-unfinished"), None);
            }
        }
    }

    #[test]
    fn what_is_not_as_it_is_to_be_is_not_put_in_place() {
        let mut host = host();
        let action = action(&artifact("/usr/bin/flag", "other"));
        let before = action.inspect(&host).unwrap();
        let wanted = action.wanted(&before).unwrap();
        let told = action.set(&mut host, &wanted).unwrap_err().to_string();
        assert!(told.contains("nothing was put in place"), "{told}");
        assert_eq!(action.inspect(&host).unwrap(), before);
        host.put("/usr/bin/tool", "mine");
        let told = refused(&host, &artifact("/usr/bin/flag", "program"));
        assert!(
            told.starts_with("there is another file at /usr/bin/tool"),
            "{told}"
        );
    }

    #[test]
    fn what_is_to_be_copied_has_to_be_there() {
        let told = action(&artifact("/srv/none", ""))
            .check(&host())
            .unwrap_err();
        assert_eq!(
            told.to_string(),
            "there is no file /srv/none: put it there first"
        );
    }
}
