//! One fact that differs, or that one side does not know.

use serde_json::Value;

use super::document::{Difference, DifferenceKind, Side};
use super::known::Known;
use super::table::{self, Field, Null, Rule};
use super::thing::{Thing, join};
use super::walk::Walk;
use super::{weigh, words};

const DOES_NOT_SAY: &str = "the machine does not say";

impl<'a> Walk<'a> {
    /// A fact that differs.
    pub(super) fn leaf(&mut self, thing: &Thing<'_>, path: &str, before: &Value, after: &Value) {
        let full = join(&thing.path, path);
        let unlisted = (usize::MAX, &table::UNLISTED);
        let (row, field) = table::row(&full).unwrap_or(unlisted);
        if matches!(field.rule, Rule::Identity) && !self.heeds_identities {
            return;
        }
        if !(field.steady)(thing.before) || !(field.steady)(thing.after) {
            return;
        }
        let (as_now, now) = match field.names_devices {
            true => (in_order(self.renamed(before)), in_order(after.clone())),
            false => (before.clone(), after.clone()),
        };
        let Some(weight) = weigh::weigh(field.rule, &as_now, &now) else {
            return;
        };
        if let Some((known, why)) = self.missing(thing, field, path, before, after) {
            if !is_explained(thing, field, known.side) {
                let fact = format!("{}.{path}", thing.fact);
                self.found.unknown((thing.number, row, fact), known, why);
            }
            return;
        }
        if differs_beside(thing, field) {
            return;
        }
        let label = table::label(field, path);
        let fact = words::Fact {
            field,
            path,
            label: &label,
            device: &thing.words,
            relation: self.relation,
        };
        let difference = Difference {
            section: thing.section.key().to_owned(),
            subject: thing.subject.clone(),
            kind: DifferenceKind::Changed,
            field: Some(thing.in_section(&full)),
            before: before.clone(),
            after: after.clone(),
            weight,
            words: fact.changed(&as_now, &now),
        };
        let rank = (thing.number, row, full);
        self.found.difference(rank, difference);
    }

    /// The side that does not know the fact, and why.
    fn missing(
        &self,
        thing: &Thing<'_>,
        field: &Field,
        path: &str,
        before: &Value,
        after: &Value,
    ) -> Option<(&'a Known<'a>, &'a str)> {
        let known = match (is_nothing(before), is_nothing(after)) {
            (true, false) => self.before,
            (false, true) => self.after,
            _ => return None,
        };
        let first = path.split('.').next().unwrap_or(path);
        let last = path.rsplit('.').next().unwrap_or(path);
        let mut names: Vec<&str> = thing.names.iter().map(String::as_str).collect();
        if names.is_empty() {
            names.extend([path, first, last]);
        }
        let told = known.warning(thing.section, &names);
        let of_all = || known.warning_of_all(thing.section);
        let null = match field.null {
            // An empty list is a list: it takes a reason to doubt it.
            Null::Unknown if before.is_array() && after.is_array() => Null::None,
            null => null,
        };
        match null {
            Null::Unknown => Some((known, told.or_else(of_all).unwrap_or(DOES_NOT_SAY))),
            Null::None => {
                let told = told.or_else(|| known.files_only());
                told.map(|why| (known, why))
            }
            Null::NoneUnlessWarned => told.or_else(of_all).map(|why| (known, why)),
        }
    }

    /// Names of devices before as they are after.
    fn renamed(&self, value: &Value) -> Value {
        match value {
            Value::String(name) => {
                let bare = name.strip_prefix("/dev/");
                let new = self.renames.get(bare.unwrap_or(name));
                match (new, bare) {
                    (Some(new), Some(_)) => format!("/dev/{new}").into(),
                    (Some(new), None) => new.as_str().into(),
                    (None, _) => value.clone(),
                }
            }
            Value::Array(names) => names.iter().map(|name| self.renamed(name)).collect(),
            other => other.clone(),
        }
    }
}

/// Not known, or a list with nothing in it.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// A list of names as a set.
fn in_order(value: Value) -> Value {
    match value {
        Value::Array(mut names) => {
            names.sort_by_key(ToString::to_string);
            Value::Array(names)
        }
        other => other,
    }
}

/// Whether one of the fields beside says why a side does not know: there is no signal, it is off.
fn is_explained(thing: &Thing<'_>, field: &Field, side: Side) -> bool {
    let device = match side {
        Side::Before => thing.before,
        Side::After => thing.after,
    };
    let values = field.beside.iter().map(|path| thing.field(device, path));
    values
        .into_iter()
        .any(|value| value == &Value::Bool(false) || value == "down")
}

fn differs_beside(thing: &Thing<'_>, field: &Field) -> bool {
    let differs = |path: &&str| {
        let before = thing.field(thing.before, path);
        let after = thing.field(thing.after, path);
        !before.is_null() && !after.is_null() && before != after
    };
    field.beside.iter().any(differs)
}
