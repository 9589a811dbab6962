//! The name of the host.

use serde::{Deserialize, Serialize};

use super::{Step, StepError};
use crate::host::{Host, files};
use crate::value::{HostName, HostPath, KeptFile};

/// The name of the host, now and by hostname(5) at each boot.
///
/// systemd-hostnamed reads the file when it is asked. It is not told, so that what was in the file, comments too, can be put back to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hostname {
    /// The name.
    pub name: HostName,
}

/// The names that the host has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HostnameState {
    /// The file that names it at boot.
    pub at_boot: Option<KeptFile>,
    /// What the kernel calls it; none where none runs.
    pub kernel: Option<String>,
}

fn path() -> HostPath {
    HostPath::known("/etc/hostname")
}

impl Step for Hostname {
    type State = HostnameState;

    fn title(&self) -> String {
        format!("Call the host {}", self.name)
    }

    fn inspect(&self, host: &dyn Host) -> Result<HostnameState, StepError> {
        let kernel = match host.is_running() {
            true => Some(host.host_name()?),
            false => None,
        };
        Ok(HostnameState {
            at_boot: files::file(host, &path())?,
            kernel,
        })
    }

    fn wanted(&self, before: &HostnameState) -> Result<HostnameState, StepError> {
        let name = self.name.as_str();
        Ok(HostnameState {
            at_boot: Some(KeptFile::of_root(&format!("{name}\n"))),
            kernel: before.kernel.as_ref().map(|_| name.to_owned()),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &HostnameState) -> Result<(), StepError> {
        files::set_file(host, &path(), state.at_boot.as_ref())?;
        if let Some(name) = &state.kernel
            && host.host_name()? != *name
        {
            host.set_host_name(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{host, prove};

    #[test]
    fn a_host_is_named_and_has_its_old_name_again() {
        let action = json!({"hostname": {"name": "node-1"}});
        let after = prove(&host(), &action);
        assert_eq!(after.kernel.name, "node-1");
        assert_eq!(after.text("/etc/hostname").unwrap(), "node-1\n");
        let mut nameless = host();
        nameless.take("/etc/hostname");
        prove(&nameless, &action);
    }
}
