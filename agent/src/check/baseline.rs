//! What the machine was earlier.

use anyhow::{Context as _, bail};
use muster_adequacy::Policy;
use muster_adequacy::compare::{Comparison, Options, Relation, RelationBy, compare};
use muster_adequacy::verdict::MachineName;
use muster_model::{Inventory, Section};

use crate::machine_file::MachineFile;
use crate::render::screen;

/// An earlier inventory of the machine that is judged.
#[derive(Debug)]
pub(super) struct Baseline<'a> {
    file: &'a MachineFile,
    inventory: Inventory,
}

impl<'a> Baseline<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read, or is no machine.
    pub(super) fn read(file: &'a MachineFile, policy: &Policy) -> anyhow::Result<Self> {
        let wanted: Vec<Section> = policy.sections().into_iter().collect();
        let inventory = file
            .inventory(&wanted)
            .context("cannot take the baseline")?;
        Ok(Self { file, inventory })
    }

    /// What has to be known of the machine now, to be compared. Usage is never compared.
    pub(super) fn sections(&self) -> impl Iterator<Item = Section> {
        let all = Section::ALL.into_iter();
        all.filter(|section| *section != Section::Usage && self.inventory.was_discovered(*section))
    }

    /// What changed on the machine until `now`. Opt-in sections that the baseline lacks are not missed.
    ///
    /// # Errors
    /// When it is of another machine.
    pub(super) fn compared_with(&self, now: &Inventory) -> anyhow::Result<Comparison> {
        let ordinary = Section::ALL
            .into_iter()
            .filter(|section| !section.is_opt_in());
        let mut options = Options {
            sections: self.sections().chain(ordinary).collect(),
            ..Options::default()
        };
        let found = compare(&self.inventory, now, &options);
        let by = match (found.relation, found.relation_by) {
            (Relation::SameMachine, _) => return Ok(found),
            (Relation::TwoMachines, RelationBy::Nothing | RelationBy::Asked) => {
                options.relation = Some(Relation::SameMachine);
                return Ok(compare(&self.inventory, now, &options));
            }
            (Relation::TwoMachines, RelationBy::SystemUuid) => "system's UUID",
            (Relation::TwoMachines, RelationBy::SystemSerial) => "system's serial number",
            (Relation::TwoMachines, RelationBy::MachineId) => "machine-id",
        };
        bail!(
            "the baseline {} is of another machine: it is of {}, and {} is judged (the {by} differs); \
             give an earlier inventory of the same machine, or compare the two with `muster diff`, \
             which takes --same-machine where the main board was replaced",
            self.file,
            screen(&named(&found.before)),
            screen(&named(&found.after)),
        )
    }
}

fn named(machine: &MachineName) -> String {
    match (&machine.hostname, &machine.serial) {
        (Some(hostname), Some(serial)) => format!("{hostname} (serial {serial})"),
        (Some(hostname), None) => hostname.clone(),
        (None, Some(serial)) => format!("serial {serial}"),
        (None, None) => "one without a name".to_owned(),
    }
}
