//! A unit of systemd.

use serde::{Deserialize, Serialize};

use super::{Step, StepError};
use crate::host::{Enablement, EntryKind, Host, files};
use crate::value::{Content, HostPath, KeptFile, UnitName};

/// A unit of systemd: its file, whether it is started at boot, and whether it is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Its name.
    pub name: UnitName,
    /// Its file in `/etc/systemd/system`; without, the file is left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Whether it is started at boot; without, it is left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_boot: Option<AtBoot>,
    /// Whether it is up; without, it is left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// What a unit is to be at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AtBoot {
    /// Started.
    Enabled,
    /// Not started by itself.
    Disabled,
    /// Not to be started by anything.
    Masked,
}

/// A unit as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UnitState {
    /// Its file in `/etc/systemd/system`, where the step has one.
    pub file: Option<KeptFile>,
    /// Whether it is started at boot.
    pub at_boot: Enablement,
    /// Whether it is up; none where nothing runs.
    pub active: Option<bool>,
}

impl Unit {
    fn path(&self) -> Result<HostPath, StepError> {
        let folder = HostPath::known("/etc/systemd/system");
        let path = folder.join(self.name.as_str());
        path.map_err(|why| StepError::refused(why.to_string()))
    }

    fn file(&self, host: &dyn Host) -> Result<Option<KeptFile>, StepError> {
        match self.content {
            Some(_) if !self.is_link(host)? => Ok(files::file(host, &self.path()?)?),
            _ => Ok(None),
        }
    }

    /// A link to /dev/null is how a unit is masked.
    fn is_link(&self, host: &dyn Host) -> Result<bool, StepError> {
        let entry = host.look(&self.path()?)?;
        Ok(entry.is_some_and(|entry| entry.kind == EntryKind::Link))
    }

    fn wanted_at_boot(&self, before: Enablement) -> Result<Enablement, StepError> {
        let name = &self.name;
        let has_install = self.content.as_ref().map(has_install_section);
        match (self.at_boot, has_install) {
            (None, None) => Ok(before),
            (None | Some(AtBoot::Disabled), Some(false)) => Ok(Enablement::Static),
            (None | Some(AtBoot::Disabled), Some(true)) => Ok(Enablement::Disabled),
            (Some(AtBoot::Enabled), Some(false)) => Err(StepError::refused(format!(
                "{name} cannot be enabled: its content has no section [Install]"
            ))),
            (Some(AtBoot::Masked), Some(_)) => Err(StepError::refused(format!(
                "{name} cannot be masked and have content: leave one of them out"
            ))),
            (Some(AtBoot::Enabled), Some(true)) => Ok(Enablement::Enabled),
            (Some(wanted), None) => match (wanted, before) {
                (AtBoot::Masked, _) => Ok(Enablement::Masked),
                (_, Enablement::Static | Enablement::Other) => Err(StepError::refused(format!(
                    "{name} can be neither enabled nor disabled: `systemctl is-enabled {name}` says what it is"
                ))),
                (AtBoot::Enabled, _) => Ok(Enablement::Enabled),
                (AtBoot::Disabled, _) => Ok(Enablement::Disabled),
            },
        }
    }
}

impl Step for Unit {
    type State = UnitState;

    fn title(&self) -> String {
        let at_boot = self.at_boot.map(|at_boot| match at_boot {
            AtBoot::Enabled => "enable",
            AtBoot::Disabled => "disable",
            AtBoot::Masked => "mask",
        });
        let active = self.active.map(|active| match active {
            true => "start",
            false => "stop",
        });
        let install = self.content.as_ref().map(|_| "install");
        let words: Vec<&str> = [install, at_boot, active].into_iter().flatten().collect();
        let words = match words.as_slice() {
            [] => "leave".to_owned(),
            [word] => (*word).to_owned(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        };
        let (first, rest) = words.split_at(1);
        format!("{}{rest} the unit {}", first.to_uppercase(), self.name)
    }

    fn inspect(&self, host: &dyn Host) -> Result<UnitState, StepError> {
        let active = match host.is_running() {
            true => Some(host.is_active(&self.name)?),
            false => None,
        };
        Ok(UnitState {
            file: self.file(host)?,
            at_boot: host.enablement(&self.name)?,
            active,
        })
    }

    fn wanted(&self, before: &UnitState) -> Result<UnitState, StepError> {
        let file = match &self.content {
            Some(content) => {
                let mut file = KeptFile::of_root("");
                file.content = content.clone();
                Some(file)
            }
            None => before.file.clone(),
        };
        Ok(UnitState {
            file,
            at_boot: self.wanted_at_boot(before.at_boot)?,
            active: before.active.map(|before| self.active.unwrap_or(before)),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &UnitState) -> Result<(), StepError> {
        let now = self.inspect(host)?;
        let changes_file = now.file != state.file;
        // What is up runs what its file said before: it is stopped first, so that a crash in between is seen.
        if now.active == Some(true) && (state.active == Some(false) || changes_file) {
            host.stop(&self.name)?;
        }
        if now.at_boot != state.at_boot
            && matches!(now.at_boot, Enablement::Enabled | Enablement::Masked)
        {
            host.set_enablement(&self.name, Enablement::Disabled)?;
            // Before the file goes: nobody would find links to a unit that is no more.
            host.sync_everything()?;
        }
        if self.content.is_some() && !self.is_link(host)? {
            files::set_file(host, &self.path()?, state.file.as_ref())?;
        }
        // Also where the file is right already: whoever wrote it may have been killed before this.
        if self.content.is_some() && host.is_running() {
            host.reload_units()?;
        }
        if host.enablement(&self.name)? != state.at_boot
            && matches!(
                state.at_boot,
                Enablement::Enabled | Enablement::Disabled | Enablement::Masked
            )
        {
            host.set_enablement(&self.name, state.at_boot)?;
        }
        if state.active == Some(true) && !host.is_active(&self.name)? {
            host.start(&self.name)?;
        }
        Ok(host.sync_everything()?)
    }
}

fn has_install_section(content: &Content) -> bool {
    let text = content.text().unwrap_or_default();
    text.lines().any(|line| line.trim() == "[Install]")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{action, host, prove, refused};
    use super::*;
    use crate::host::Machine as _;

    const SERVICE: &str =
        "[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n";

    #[test]
    fn a_unit_is_installed_enabled_and_started_and_gone_again() {
        let unit = json!({"name": "work.service", "content": SERVICE, "at_boot": "enabled", "active": true});
        let after = prove(&host(), &json!({"unit": unit}));
        assert!(after.kernel.active.contains("work.service"));
        let name = "work.service".to_owned().try_into().unwrap();
        assert_eq!(after.enablement(&name).unwrap(), Enablement::Enabled);
    }

    #[test]
    fn a_unit_that_is_there_is_changed_disabled_stopped_or_masked_and_put_back() {
        for unit in [
            json!({"name": "old.service", "content": SERVICE}),
            json!({"name": "old.service", "content": "[Service]\n", "active": true}),
            json!({"name": "old.service", "at_boot": "disabled", "active": false}),
            json!({"name": "old.service", "active": false}),
            json!({"name": "shipped.service", "at_boot": "enabled", "active": true}),
            json!({"name": "shipped.service", "at_boot": "masked", "active": false}),
            json!({"name": "shipped.service", "content": SERVICE, "at_boot": "enabled"}),
        ] {
            prove(&host(), &json!({"unit": unit}));
        }
    }

    #[test]
    fn a_unit_that_is_masked_is_unmasked_and_masked_again() {
        let mut host = host();
        let name = "shipped.service".to_owned().try_into().unwrap();
        host.set_enablement(&name, Enablement::Masked).unwrap();
        for unit in [
            json!({"name": name, "at_boot": "enabled"}),
            json!({"name": name, "content": SERVICE, "active": true}),
        ] {
            prove(&host, &json!({"unit": unit}));
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let told = |unit| refused(&host(), &json!({"unit": unit}));
        let without = json!({"name": "a.service", "content": "[Service]\n", "at_boot": "enabled"});
        assert!(told(without).contains("no section [Install]"));
        let both = json!({"name": "a.service", "content": "", "at_boot": "masked"});
        assert!(told(both).contains("leave one of them out"));
        let is_static = json!({"name": "static.service", "at_boot": "enabled"});
        assert!(told(is_static).contains("neither enabled nor disabled"));
    }

    #[test]
    fn its_title_says_all_of_it() {
        let title = |unit| action(&json!({"unit": unit})).title();
        let all = json!({"name": "a.service", "content": "", "at_boot": "enabled", "active": true});
        assert_eq!(title(all), "Install, enable and start the unit a.service");
        let one = json!({"name": "a.service", "at_boot": "masked"});
        assert_eq!(title(one), "Mask the unit a.service");
    }
}
