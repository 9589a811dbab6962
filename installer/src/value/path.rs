//! Where something is on the host.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NoValue;

/// An absolute path in UTF-8 without `.`, `..`, empty steps and control characters; `/` itself is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct HostPath(String);

/// In bytes: limits.h, PATH_MAX.
const LONGEST: usize = 4096;

impl HostPath {
    /// A path of the program itself, which is right.
    pub(crate) fn known(path: &'static str) -> Self {
        debug_assert!(check(path).is_ok(), "{path}");
        Self(path.to_owned())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder that it is in; none when that is the root directory.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.0.rsplit_once('/')?;
        (!parent.is_empty()).then(|| Self(parent.to_owned()))
    }

    /// Its last step.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// What is called `name` in this folder.
    ///
    /// # Errors
    /// `name` is no name of a file.
    pub fn join(&self, name: &str) -> Result<Self, NoValue> {
        Self::try_from(format!("{}/{name}", self.0))
    }

    /// The path with `suffix` at its end, in the same folder.
    pub(crate) fn with_suffix(&self, suffix: &'static str) -> Self {
        Self(format!("{}{suffix}", self.0))
    }
}

fn check(path: &str) -> Result<(), NoValue> {
    let Some(steps) = path.strip_prefix('/') else {
        return Err(NoValue::because("a path begins with /"));
    };
    if path.len() > LONGEST {
        return Err(NoValue::because(format!(
            "a path has up to {LONGEST} bytes"
        )));
    }
    if path.chars().any(char::is_control) {
        return Err(NoValue::because("a path has no control characters"));
    }
    match steps
        .split('/')
        .find(|step| matches!(*step, "" | "." | ".."))
    {
        Some(_) => Err(NoValue::because(
            "a path has no //, . or .., and no / at its end",
        )),
        None => Ok(()),
    }
}

impl TryFrom<String> for HostPath {
    type Error = NoValue;

    fn try_from(path: String) -> Result<Self, NoValue> {
        check(&path).map(|()| Self(path))
    }
}

impl From<HostPath> for String {
    fn from(path: HostPath) -> Self {
        path.0
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_down_from_the_root() {
        for path in ["/etc", "/etc/sysctl.d/90-muster.conf", "/a b/..c/ü"] {
            assert_eq!(HostPath::try_from(path.to_owned()).unwrap().as_str(), path);
        }
        let long = format!("/{}", "a".repeat(LONGEST));
        for path in [
            "", "etc", "/", "/etc/", "//etc", "/a/../b", "/./a", "/..", "/a\nb", &long,
        ] {
            assert!(HostPath::try_from(path.to_owned()).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_path_has_a_folder_and_a_name() {
        let path = HostPath::known("/etc/hosts");
        assert_eq!(path.parent(), Some(HostPath::known("/etc")));
        assert_eq!(path.name(), "hosts");
        assert_eq!(HostPath::known("/etc").parent(), None);
        assert_eq!(HostPath::known("/etc").join("hosts").unwrap(), path);
        assert!(path.join("..").is_err());
    }
}
