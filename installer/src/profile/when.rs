//! When a step is to be done: simple conditions on facts of the host.

use std::collections::BTreeMap;

use muster_model::Inventory;
use muster_model::host::VirtualizationKind;
use toml_span::de_helpers::TableHelper;
use toml_span::value::ValueInner;
use toml_span::{Span, Value};

use super::fault::Collected;

/// What conditions can ask for. An unknown fact decides nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// As `uname -m`.
    pub architecture: Option<String>,
    /// `ID` of os-release(5), such as `debian`.
    pub distribution: Option<String>,
    /// `none`, `vm` or `container`.
    pub virtualization: Option<String>,
}

impl Facts {
    /// Those that an inventory tells.
    pub fn of(inventory: &Inventory) -> Self {
        let host = &inventory.host;
        let kind = host.virtualization.kind.map(|kind| match kind {
            VirtualizationKind::None => "none",
            VirtualizationKind::Vm => "vm",
            VirtualizationKind::Container => "container",
        });
        Self {
            architecture: host.kernel.architecture.clone(),
            distribution: host.os.id.clone(),
            virtualization: kind.map(str::to_owned),
        }
    }
}

/// Whether a step is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Yes,
    No,
    /// Nor can it be read: it is about a value that nobody gave.
    NotGiven,
}

/// Whether the condition holds; without facts, whether it is one.
pub(super) fn holds(
    condition: &mut Value<'_>,
    values: &BTreeMap<String, String>,
    facts: Option<&Facts>,
    faults: &mut Collected,
) -> Wanted {
    let mut table = match TableHelper::new(condition) {
        Ok(table) => table,
        Err(error) => {
            faults.add_all(error);
            return Wanted::No;
        }
    };
    let is_given = match table.take("given") {
        Some((_, mut names)) => are_given(&mut names, values, faults),
        None => true,
    };
    let none = Facts::default();
    let known = facts.unwrap_or(&none);
    let asked = [
        ("architecture", &known.architecture),
        ("distribution", &known.distribution),
        ("virtualization", &known.virtualization),
    ];
    let mut holds = true;
    for (name, fact) in asked {
        let Some((key, mut value)) = table.take(name) else {
            continue;
        };
        let Some(allowed) = words(&mut value, faults) else {
            continue;
        };
        match (fact, facts) {
            (Some(fact), _) => holds &= allowed.contains(fact),
            (None, Some(_)) => unknown(name, key.span, faults),
            (None, None) => {}
        }
    }
    if let Err(error) = table.finalize(None) {
        faults.add_all(error);
    }
    match (is_given, holds) {
        (false, _) => Wanted::NotGiven,
        (true, true) => Wanted::Yes,
        (true, false) => Wanted::No,
    }
}

/// Whether each of these parameters has a value that is not empty.
fn are_given(
    names: &mut Value<'_>,
    values: &BTreeMap<String, String>,
    faults: &mut Collected,
) -> bool {
    let span = names.span;
    let mut are_given = true;
    for name in words(names, faults).unwrap_or_default() {
        match values.get(&name) {
            Some(value) => are_given &= !value.is_empty(),
            None => faults.add(span.start, format!("there is no parameter {name:?}")),
        }
    }
    are_given
}

fn unknown(name: &str, at: Span, faults: &mut Collected) {
    let message = format!(
        "the host does not tell its {name}, so that this cannot be decided; `muster discover -s host` says why"
    );
    faults.add(at.start, message);
}

fn words(value: &mut Value<'_>, faults: &mut Collected) -> Option<Vec<String>> {
    let span = value.span;
    let mut words = Vec::new();
    if let ValueInner::Array(members) = value.take() {
        for mut member in members {
            match member.take_string(Some("a text")) {
                Ok(word) => words.push(word.into_owned()),
                Err(error) => faults.add_one(&error),
            }
        }
    }
    if words.is_empty() {
        faults.add(span.start, "a list is wanted: [\"…\", \"…\"]");
        return None;
    }
    Some(words)
}
