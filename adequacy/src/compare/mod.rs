//! What differs between two inventories, in words: one machine over time, or two machines.
//!
//! Map: `document` is what comes out. `relation` tells whether it is one machine. `walk` goes through
//! both documents side by side, two of one device as a `thing`, down to the `leaf`, and keeps what it
//! `found`. `pair` finds which device is which, by `kinds`, the table of all lists; `weigh` says
//! whether a difference counts and is bad news, by `table`, the table of all fields. `words` makes
//! sentences, `naming` calls a device something, `value` writes values, `known` has the reasons for what is not known.
//!
//! Invariants: what changes all the time is no difference; what one side does not know is none
//! either, and is listed with its reason; seen from the other side every weight is the opposite.

mod document;
mod found;
mod kinds;
mod known;
mod leaf;
mod naming;
mod pair;
mod relation;
mod table;
#[cfg(test)]
mod tests;
mod thing;
mod value;
mod walk;
mod weigh;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use muster_model::{Inventory, Section};
use serde_json::Value;

pub use document::{
    COMPARISON_SCHEMA, Comparison, Difference, DifferenceKind, Relation, RelationBy, Side,
    UnknownFact, Weight,
};

use found::Found;
use known::Known;
use pair::{Pair, pair};
use value::{at, text};
use walk::Walk;

/// What to compare, and as what.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the machines stand to each other; `None` is told from their identities.
    pub relation: Option<Relation>,
    /// Whether serial numbers, addresses and names of two machines are compared too.
    pub identities: bool,
    /// The sections to compare.
    pub sections: BTreeSet<Section>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            relation: None,
            identities: false,
            sections: Section::ALL.into_iter().collect(),
        }
    }
}

/// What differs in `after` from `before`.
pub fn compare(before: &Inventory, after: &Inventory, options: &Options) -> Comparison {
    let (relation, relation_by) = match options.relation {
        Some(relation) => (relation, RelationBy::Asked),
        None => relation::tell(before, after),
    };
    let before = Known::new(before, Side::Before);
    let after = Known::new(after, Side::After);
    let mut walk = Walk {
        before: &before,
        after: &after,
        relation,
        heeds_identities: options.identities || relation == Relation::SameMachine,
        renames: renames(&before, &after, relation),
        found: Found::default(),
    };
    // How busy a machine is changes all the time.
    let asked =
        |section: &Section| *section != Section::Usage && options.sections.contains(section);
    for section in Section::ALL.into_iter().filter(asked) {
        walk.section(section);
    }
    let (differences, unknown) = walk.found.sorted();
    Comparison {
        schema: COMPARISON_SCHEMA.to_owned(),
        before: before.name(),
        after: after.name(),
        relation,
        relation_by,
        differences,
        unknown,
    }
}

/// Interfaces, disks and partitions that have another name, so that what names them is not told as
/// changed for that.
fn renames(before: &Known<'_>, after: &Known<'_>, relation: Relation) -> BTreeMap<String, String> {
    let mut renames = BTreeMap::new();
    for section in [Section::Network, Section::Disks] {
        let (before, after) = (before.section(section), after.section(section));
        add_renames(&mut renames, section.key(), relation, &before, &after);
    }
    renames
}

fn add_renames(
    renames: &mut BTreeMap<String, String>,
    path: &str,
    relation: Relation,
    before: &Value,
    after: &Value,
) {
    let (Some(kind), Some(before), Some(after)) =
        (kinds::of(path), before.as_array(), after.as_array())
    else {
        return;
    };
    for pair in pair(kind, relation, before, after) {
        let Pair::Both(before, after) = pair else {
            continue;
        };
        let names = (text(at(before, "name")), text(at(after, "name")));
        if let (Some(before), Some(after)) = names
            && before != after
        {
            renames.insert(before.to_owned(), after.to_owned());
        }
        let (before, after) = (at(before, "partitions"), at(after, "partitions"));
        add_renames(renames, "disks.partitions", relation, before, after);
    }
}
