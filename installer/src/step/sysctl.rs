//! A parameter of the kernel.

use serde::{Deserialize, Serialize};

use super::drop_in::{self, Folder};
use super::{Keep, Step, StepError};
use crate::host::Host;
use crate::value::{HostPath, KeptFile, NoValue, ParameterName};

/// A parameter of the kernel, set now and by a file of sysctl.d(5) at each boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sysctl {
    /// As sysctl(8) writes it.
    pub name: ParameterName,
    /// What it is set to.
    pub value: ParameterValue,
}

/// A value on one line; whatever is between its words is one space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct ParameterValue(String);

/// A parameter as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SysctlState {
    /// Of the file that follows.
    pub folder: Folder,
    /// What is set at boot; none where muster sets nothing.
    pub at_boot: Option<KeptFile>,
    /// What the kernel has; none when it has no such parameter, or none runs.
    pub value: Option<ParameterValue>,
}

impl Sysctl {
    fn drop_in(&self) -> Result<HostPath, StepError> {
        let path = format!("/etc/sysctl.d/90-muster-{}.conf", self.name);
        HostPath::try_from(path).map_err(|why| StepError::refused(why.to_string()))
    }
}

impl Step for Sysctl {
    type State = SysctlState;

    fn title(&self) -> String {
        format!("Set {} to {}", self.name, self.value.0)
    }

    fn inspect(&self, host: &dyn Host) -> Result<SysctlState, StepError> {
        let value = match host.is_running() {
            true => host.parameter(&self.name)?,
            false => None,
        };
        let (folder, at_boot) = drop_in::inspect(host, &self.drop_in()?)?;
        Ok(SysctlState {
            folder,
            at_boot,
            value: value.map(|value| ParameterValue(one_line(&value))),
        })
    }

    fn wanted(&self, before: &SysctlState) -> Result<SysctlState, StepError> {
        let line = format!("{} = {}\n", self.name, self.value.0);
        Ok(SysctlState {
            folder: before.folder.there(),
            at_boot: Some(KeptFile::of_root(&line)),
            value: before.value.as_ref().map(|_| self.value.clone()),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &SysctlState) -> Result<(), StepError> {
        drop_in::set(
            host,
            &self.drop_in()?,
            &state.folder,
            state.at_boot.as_ref(),
        )?;
        if let Some(value) = &state.value
            && self.inspect(host)?.value.as_ref() != Some(value)
        {
            host.set_parameter(&self.name, &value.0)?;
        }
        Ok(())
    }

    fn keep(&self, host: &dyn Host, before: &SysctlState) -> Result<Vec<Keep>, StepError> {
        let folder = drop_in::keep(host, &self.drop_in()?, &before.folder)?;
        Ok(folder.into_iter().collect())
    }
}

fn one_line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl TryFrom<String> for ParameterValue {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        let value = one_line(&text);
        let is_strange = |c: char| c.is_control() && c != '\t';
        match value.is_empty() || text.contains(is_strange) {
            true => Err(NoValue::because("a value is words on one line")),
            false => Ok(Self(value)),
        }
    }
}

impl From<ParameterValue> for String {
    fn from(value: ParameterValue) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{host, prove};
    use super::*;

    #[test]
    fn a_parameter_is_set_and_put_back() {
        let sysctl = json!({"sysctl": {"name": "vm.swappiness", "value": "10"}});
        let after = prove(&host(), &sysctl);
        assert_eq!(after.kernel.parameters["vm.swappiness"], "10");
        let file = after.text("/etc/sysctl.d/90-muster-vm.swappiness.conf");
        assert_eq!(file.unwrap(), "vm.swappiness = 10\n");
    }

    #[test]
    fn where_no_kernel_runs_it_is_set_at_boot() {
        let mut host = host();
        host.is_running = false;
        let kernel = host.kernel.clone();
        let after = prove(
            &host,
            &json!({"sysctl": {"name": "vm.swappiness", "value": "10"}}),
        );
        assert_eq!(after.kernel, kernel);
    }

    #[test]
    fn a_value_is_words_on_one_line() {
        let value = |text: &str| ParameterValue::try_from(text.to_owned());
        assert_eq!(value(" 1024\t65000 ").unwrap().0, "1024 65000");
        for wrong in ["", "  ", "1\nkernel.core_pattern = |/bin/sh", "1\r2"] {
            assert!(value(wrong).is_err(), "{wrong:?}");
        }
    }
}
