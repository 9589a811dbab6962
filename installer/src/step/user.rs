//! A user of the system.

use serde::{Deserialize, Serialize};

use super::drop_in::{self, Folder};
use super::{Keep, Step, StepError};
use crate::host::{Host, files};
use crate::value::{AccountName, HostPath, KeptFile, NoValue};

/// A user of the system for a service, with a group of the same name, by a file of sysusers.d(5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Not a number.
    pub name: AccountName,
    /// What it is for.
    pub description: Description,
    /// Its home directory, which is not made; `/` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<HostPath>,
}

/// What a user is for: a line without quotation marks, colons and backslashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Description(String);

/// A user as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserState {
    /// Of the file that follows.
    pub folder: Folder,
    /// The file that describes it; none where muster describes it not.
    pub described: Option<KeptFile>,
    /// Whether there is such a user.
    pub exists: bool,
}

impl User {
    fn drop_in(&self) -> Result<HostPath, StepError> {
        let path = format!("/etc/sysusers.d/muster-{}.conf", self.name);
        HostPath::try_from(path).map_err(|why| StepError::refused(why.to_string()))
    }

    fn exists(&self, host: &dyn Host) -> Result<bool, StepError> {
        let passwd = files::text(host, &HostPath::known("/etc/passwd"))?.unwrap_or_default();
        let mut names = passwd.lines().filter_map(|line| line.split(':').next());
        Ok(names.any(|name| name == self.name.as_str()))
    }
}

impl Step for User {
    type State = UserState;

    fn title(&self) -> String {
        format!("Have the system user {}", self.name)
    }

    fn inspect(&self, host: &dyn Host) -> Result<UserState, StepError> {
        let (folder, described) = drop_in::inspect(host, &self.drop_in()?)?;
        Ok(UserState {
            folder,
            described,
            exists: self.exists(host)?,
        })
    }

    fn wanted(&self, before: &UserState) -> Result<UserState, StepError> {
        let home = self.home.as_ref().map_or("/", HostPath::as_str);
        if self.name.number().is_some() || home.contains([' ', '"', ':', '\\', '%']) {
            return Err(StepError::refused(
                "a user has a name, and a home directory without spaces, quotation marks, colons, backslashes and %",
            ));
        }
        let (name, description) = (&self.name, &self.description.0);
        let line = format!("u {name} - \"{description}\" {home} /usr/sbin/nologin\n");
        Ok(UserState {
            folder: before.folder.there(),
            described: Some(KeptFile::of_root(&line)),
            exists: true,
        })
    }

    fn set(&self, host: &mut dyn Host, state: &UserState) -> Result<(), StepError> {
        let path = self.drop_in()?;
        // The file goes last: while it is there, systemd may make the user again.
        match (state.exists, self.exists(host)?) {
            (true, false) => {
                drop_in::set(host, &path, &state.folder, state.described.as_ref())?;
                host.make_accounts(&path)?;
            }
            (false, true) => {
                host.remove_account(&self.name)?;
                drop_in::set(host, &path, &state.folder, state.described.as_ref())?;
            }
            _ => drop_in::set(host, &path, &state.folder, state.described.as_ref())?,
        }
        Ok(host.sync_everything()?)
    }

    fn keep(&self, host: &dyn Host, before: &UserState) -> Result<Vec<Keep>, StepError> {
        let folder = drop_in::keep(host, &self.drop_in()?, &before.folder)?;
        Ok(folder.into_iter().collect())
    }
}

impl TryFrom<String> for Description {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        let fits = |c: char| !c.is_control() && !matches!(c, '"' | ':' | '\\' | '%');
        match !text.is_empty() && text.len() <= 256 && text.chars().all(fits) {
            true => Ok(Self(text)),
            false => Err(NoValue::because(
                "a description is a line without \", :, \\ and %, of up to 256 bytes",
            )),
        }
    }
}

impl From<Description> for String {
    fn from(description: Description) -> Self {
        description.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{host, prove, refused};
    use super::*;

    #[test]
    fn a_user_is_made_and_removed() {
        let user = json!({"name": "work", "description": "Runs work", "home": "/var/lib/work"});
        let after = prove(&host(), &json!({"user": user}));
        let file = after.text("/etc/sysusers.d/muster-work.conf").unwrap();
        assert_eq!(
            file,
            "u work - \"Runs work\" /var/lib/work /usr/sbin/nologin\n"
        );
        assert!(after.text("/etc/passwd").unwrap().contains("\nwork:"));
    }

    #[test]
    fn a_user_that_was_there_stays() {
        let root = json!({"name": "root", "description": "The administrator"});
        prove(&host(), &json!({"user": root}));
    }

    #[test]
    fn nothing_gets_out_of_its_field() {
        let told = |user| refused(&host(), &json!({"user": user}));
        assert!(told(json!({"name": "0", "description": "a"})).contains("a user has a name"));
        assert!(
            told(json!({"name": "a", "description": "a", "home": "/a b"}))
                .contains("without spaces")
        );
        for wrong in ["", "a\" /root /bin/sh", "a:b", "a\nu b", "%H"] {
            assert!(
                Description::try_from(wrong.to_owned()).is_err(),
                "{wrong:?}"
            );
        }
    }
}
