//! A module of the kernel.

use serde::{Deserialize, Serialize};

use super::drop_in::{self, Folder};
use super::{Keep, Step, StepError};
use crate::host::Host;
use crate::value::{HostPath, KeptFile, ModuleName};

/// A module of the kernel, loaded now and by a file of modules-load.d(5) at each boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// With underscores.
    pub name: ModuleName,
}

/// A module as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ModuleState {
    /// Of the file that follows.
    pub folder: Folder,
    /// What is loaded at boot; none where muster loads nothing.
    pub at_boot: Option<KeptFile>,
    /// Whether the kernel has it; none where none runs.
    pub loaded: Option<bool>,
}

impl Module {
    fn drop_in(&self) -> Result<HostPath, StepError> {
        let path = format!("/etc/modules-load.d/muster-{}.conf", self.name);
        HostPath::try_from(path).map_err(|why| StepError::refused(why.to_string()))
    }
}

impl Step for Module {
    type State = ModuleState;

    fn title(&self) -> String {
        format!("Load the kernel module {}", self.name)
    }

    fn inspect(&self, host: &dyn Host) -> Result<ModuleState, StepError> {
        let loaded = match host.is_running() {
            true => Some(host.is_loaded(&self.name)?),
            false => None,
        };
        let (folder, at_boot) = drop_in::inspect(host, &self.drop_in()?)?;
        Ok(ModuleState {
            folder,
            at_boot,
            loaded,
        })
    }

    fn wanted(&self, before: &ModuleState) -> Result<ModuleState, StepError> {
        Ok(ModuleState {
            folder: before.folder.there(),
            at_boot: Some(KeptFile::of_root(&format!("{}\n", self.name))),
            loaded: before.loaded.map(|_| true),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &ModuleState) -> Result<(), StepError> {
        drop_in::set(
            host,
            &self.drop_in()?,
            &state.folder,
            state.at_boot.as_ref(),
        )?;
        match (state.loaded, self.inspect(host)?.loaded) {
            (Some(true), Some(false)) => host.load(&self.name)?,
            (Some(false), Some(true)) => host.unload(&self.name)?,
            _ => {}
        }
        Ok(())
    }
    fn keep(&self, host: &dyn Host, before: &ModuleState) -> Result<Vec<Keep>, StepError> {
        let goes = before.loaded == Some(false) && host.is_running();
        let is_used = goes && host.is_loaded(&self.name)? && host.is_used(&self.name)?;
        let name = &self.name;
        let loaded = is_used.then(|| Keep {
            field: "loaded".into(),
            why: format!("the kernel module {name} stays until the next boot: something uses it"),
        });
        let folder = drop_in::keep(host, &self.drop_in()?, &before.folder)?;
        Ok(loaded.into_iter().chain(folder).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{action, host, prove};

    #[test]
    fn a_module_is_loaded_and_unloaded() {
        let after = prove(&host(), &json!({"module": {"name": "br_netfilter"}}));
        assert!(after.kernel.modules.contains("br_netfilter"));
        let file = after.text("/etc/modules-load.d/muster-br_netfilter.conf");
        assert_eq!(file.unwrap(), "br_netfilter\n");
        let mut without = host();
        without.is_running = false;
        assert!(
            prove(&without, &json!({"module": {"name": "br_netfilter"}}))
                .kernel
                .modules
                .is_empty()
        );
    }

    #[test]
    fn the_folder_of_its_file_comes_and_goes_with_it() {
        let mut host = host();
        host.take("/etc/modules-load.d");
        let written = json!({"module": {"name": "br_netfilter"}});
        let mut after = prove(&host, &written);
        let before = action(&written).inspect(&host).unwrap();
        assert_eq!(action(&written).keep(&after, &before).unwrap(), []);
        after.put("/etc/modules-load.d/mine.conf", "");
        assert_eq!(
            action(&written).keep(&after, &before).unwrap()[0].field,
            "folder"
        );
    }

    #[test]
    fn one_that_something_uses_stays() {
        let mut host = host();
        let action = action(&json!({"module": {"name": "used"}}));
        let before = action.inspect(&host).unwrap();
        action
            .set(&mut host, &action.wanted(&before).unwrap())
            .unwrap();
        assert_eq!(action.keep(&host, &before).unwrap()[0].field, "loaded");
    }
}
