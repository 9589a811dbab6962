//! The ready-made checks: one file a subject, all alike.
//!
//! A check is a struct of its parameters, read from the policy by `Deserialize`, with what it asks for in
//! words and how it judges a machine. Each file lists its checks as [`Kind`]s; this file joins the
//! lists. `finding` is what comes out of a check, and the counting that most of them do; `parameters`
//! declares the structs.

mod bmc;
mod counting;
mod cpu;
mod disks;
mod filesystems;
mod finding;
mod firmware;
#[cfg(test)]
mod gains;
mod gpus;
mod host;
#[cfg(test)]
mod incomplete;
#[cfg(test)]
mod many;
mod memory;
#[cfg(test)]
mod more_devices;
mod network;
mod parameters;
mod pci;
#[cfg(test)]
mod recorded;
mod software;
#[cfg(test)]
pub(crate) mod testing;

use std::fmt;

use muster_model::Section;
use toml_span::{DeserError, Deserialize, Value};

use crate::machine::Machine;
pub(crate) use finding::{Finding, Outcome};
use parameters::parameters;

/// One ready-made check with its parameters.
pub(crate) trait Check: fmt::Debug + Send + Sync {
    /// What it asks for, in words with units: `at least 16 GiB`.
    fn required(&self) -> String;

    /// The sections of the inventory that it looks at.
    fn sections(&self) -> &'static [Section];

    /// What the machine has, and whether that will do.
    fn judge(&self, machine: &Machine<'_>) -> Finding;
}

/// A ready-made check, for policies to name.
#[derive(Clone, Copy)]
pub struct Kind {
    /// `check.NAME`.
    pub name: &'static str,
    /// What passes, in a sentence; what each parameter means.
    pub about: &'static str,
    /// Its parameters as an example.
    pub example: &'static str,
    pub(crate) read: fn(&mut Value<'_>) -> Result<Box<dyn Check>, DeserError>,
}

impl fmt::Debug for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Kind").field(&self.name).finish()
    }
}

/// Every ready-made check, in the order of the inventory's sections.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    [
        host::KINDS,
        firmware::KINDS,
        cpu::KINDS,
        memory::KINDS,
        network::KINDS,
        disks::KINDS,
        filesystems::KINDS,
        pci::KINDS,
        gpus::KINDS,
        bmc::KINDS,
        software::KINDS,
    ]
    .into_iter()
    .flatten()
}

pub(crate) fn kind(name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

/// Reads the parameters of the check `C`.
fn read<C>(value: &mut Value<'_>) -> Result<Box<dyn Check>, DeserError>
where
    C: Check + for<'de> Deserialize<'de> + 'static,
{
    Ok(Box::new(C::deserialize(value)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_is_named_once_and_its_example_is_right() {
        let mut names = BTreeSet::new();
        for kind in kinds() {
            assert!(names.insert(kind.name), "{} is there twice", kind.name);
            let text = format!("parameters = {}", kind.example);
            let mut document = toml_span::parse(&text).unwrap();
            let check = (kind.read)(document.pointer_mut("/parameters").unwrap()).unwrap();
            assert!(
                !check.required().is_empty(),
                "{} asks for nothing",
                kind.name
            );
            assert!(
                !check.sections().is_empty(),
                "{} looks at nothing",
                kind.name
            );
        }
    }
}
