//! Differences as sentences, with units and without a full stop.

use std::collections::BTreeSet;

use muster_model::units;
use serde_json::Value;

use super::document::Relation;
use super::table::{Field, Rule, Style};
use super::value::{plain, shown};
use crate::listed::listed;

/// One side only has the device.
pub(super) fn removed(device: &str, relation: Relation) -> String {
    match relation {
        Relation::SameMachine => format!("{device} is gone"),
        Relation::TwoMachines => format!("{device} is missing"),
    }
}

/// The other side only has it.
pub(super) fn added(device: &str, relation: Relation) -> String {
    match relation {
        Relation::SameMachine => format!("{device} is new"),
        Relation::TwoMachines => format!("{device} is there in addition"),
    }
}

/// It has another name or place: `stands` is "named" or "in slot".
pub(super) fn moved(device: &str, stands: &str, before: &str, relation: Relation) -> String {
    match relation {
        Relation::SameMachine => format!("{device} was {stands} {before}"),
        Relation::TwoMachines => format!("{device} is {stands} {before} on the first machine"),
    }
}

/// What of a device differs: `device` is empty where the section is one object.
pub(super) struct Fact<'a> {
    pub(super) field: &'a Field,
    pub(super) path: &'a str,
    pub(super) label: &'a str,
    pub(super) device: &'a str,
    pub(super) relation: Relation,
}

impl Fact<'_> {
    /// The sentence.
    pub(super) fn changed(&self, before: &Value, after: &Value) -> String {
        let what = match self.device {
            "" => self.label.to_owned(),
            device => format!("{} of {device}", self.label),
        };
        if let Some(items) = self.items(before, after) {
            return format!("{what}: {items}");
        }
        let was = shown(self.field, self.path, before);
        let is = shown(self.field, self.path, after);
        match (self.relation, before.is_number() && after.is_number()) {
            (Relation::SameMachine, true) => {
                let verb = self.verb(before, after);
                let by = self.by(before, after);
                format!("{what} {verb} from {was} to {is}{by}")
            }
            (Relation::SameMachine, false) => format!("{what} is {is}, was {was}"),
            (Relation::TwoMachines, _) => {
                format!("{what}: {is} instead of {was}{}", self.by(before, after))
            }
        }
    }

    fn verb(&self, before: &Value, after: &Value) -> &'static str {
        match (self.field.rule, after.as_f64() > before.as_f64()) {
            (Rule::Less, true) => "grew",
            (Rule::Less, false) => "fell",
            _ => "went",
        }
    }

    /// By how much, where that is what a person asks next.
    fn by(&self, before: &Value, after: &Value) -> String {
        let (Some(before), Some(after)) = (before.as_u64(), after.as_u64()) else {
            return String::new();
        };
        let gap = before.abs_diff(after);
        let (less, fewer) = match after > before {
            true => ("more", "more"),
            false => ("less", "fewer"),
        };
        match self.field.rule {
            Rule::Amount => format!(" ({} {less})", units::bytes(gap).replace('\u{a0}', " ")),
            Rule::More if self.device.is_empty() && !self.path.contains('_') => {
                format!(" ({gap} {fewer})")
            }
            _ => String::new(),
        }
    }

    /// What came and went in a list of names.
    fn items(&self, before: &Value, after: &Value) -> Option<String> {
        let names = |value: &Value| -> Option<BTreeSet<String>> {
            if let (Style::Words, Value::String(words)) = (self.field.style, value) {
                return Some(words.split_whitespace().map(str::to_owned).collect());
            }
            let items = value.as_array()?;
            let are_names = items.iter().all(Value::is_string);
            are_names.then(|| items.iter().map(|item| plain(self.path, item)).collect())
        };
        let (before, after) = (names(before)?, names(after)?);
        let (went, came) = match self.relation {
            Relation::SameMachine => ("lost", "gained"),
            Relation::TwoMachines => ("lacks", "also has"),
        };
        let told = |of: Vec<&String>, word: &str| {
            let items = listed(of);
            (!items.is_empty()).then(|| format!("{word} {items}"))
        };
        let parts = [
            told(before.difference(&after).collect(), went),
            told(after.difference(&before).collect(), came),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        // The same names in another order are told as a whole.
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}
