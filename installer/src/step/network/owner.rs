//! Who looks after the links of a step: found by looking.

use serde::{Deserialize, Serialize};

use super::{Link, Network};
use crate::host::{Manager, SeenLink};
use crate::step::StepError;

/// Who looks after the links of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// One, and no other.
    Manager(Manager),
    /// Nothing that muster knows looks after this link; where there is none, after any.
    Nobody(Option<String>),
    /// Two that would undo what the other does.
    Several(Manager, Manager),
}

/// Who looks after the links that are there; where none of them is, whoever runs.
pub(super) fn of(step: &Network, seen: &[SeenLink], running: &[Manager]) -> Owner {
    let touched = step.touched(&step.names(seen));
    // What the step makes belongs to whoever was told to make it.
    let is_made = |name: &str| {
        let named = |link: &&Link| link.name.as_str() == name;
        step.links.iter().find(named).is_some_and(Link::is_made)
    };
    let there = seen.iter().filter(|link| {
        touched.iter().any(|name| name.as_str() == link.name) && !is_made(&link.name)
    });
    let mut found: Option<Manager> = None;
    for link in there {
        for manager in &link.managers {
            match found {
                Some(other) if other != *manager => return Owner::Several(other, *manager),
                _ => found = Some(*manager),
            }
        }
        if link.managers.is_empty() {
            return Owner::Nobody(Some(link.name.clone()));
        }
    }
    match (found, running) {
        (Some(manager), _) => Owner::Manager(manager),
        (None, [manager]) => Owner::Manager(*manager),
        (None, [one, other, ..]) => Owner::Several(*one, *other),
        (None, []) => Owner::Nobody(None),
    }
}

/// The one that looks after them.
///
/// # Errors
/// There is none, or more than one: what to do about that.
pub(super) fn require(owner: &Owner) -> Result<Manager, StepError> {
    match owner {
        Owner::Manager(manager @ Manager::Networkd) => Ok(*manager),
        Owner::Manager(other) => Err(StepError::refused(format!(
            "{other} looks after these links, and a network step knows systemd-networkd alone yet: configure them there, and leave this step out"
        ))),
        Owner::Nobody(Some(link)) => Err(StepError::refused(format!(
            "nothing that muster knows looks after {link}, so that it would not be set up at the next boot: have systemd-networkd do it (a .network file for it, and `networkctl reload`)"
        ))),
        Owner::Nobody(None) => Err(StepError::refused(
            "nothing that muster knows looks after the network: `systemctl enable --now systemd-networkd.service` has systemd-networkd do it",
        )),
        Owner::Several(one, other) => Err(StepError::refused(format!(
            "both {one} and {other} look after these links, and each would undo what the other does: take them from one of the two (`nmcli device set LINK managed no`, or a .network file with Unmanaged=yes)"
        ))),
    }
}
