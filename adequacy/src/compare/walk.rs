//! Walks two documents side by side: section by section, device by device, field by field.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::Section;
use serde_json::{Map, Value};

use super::document::{Difference, DifferenceKind, Relation, Weight};
use super::found::Found;
use super::kinds::{self, Kind};
use super::known::Known;
use super::naming::{Detail, key_of};
use super::pair::{Pair, pair};
use super::thing::{Thing, join, tail};
use super::value::at;
use super::{table, words};

/// A walk and what it found so far.
pub(super) struct Walk<'a> {
    pub(super) before: &'a Known<'a>,
    pub(super) after: &'a Known<'a>,
    pub(super) relation: Relation,
    /// Whether what tells one machine from another counts.
    pub(super) heeds_identities: bool,
    /// Names of devices before, with those after.
    pub(super) renames: BTreeMap<String, String>,
    pub(super) found: Found,
}

impl Walk<'_> {
    pub(super) fn section(&mut self, section: Section) {
        let number = self.found.next_device();
        let lacking: Vec<&Known<'_>> = [self.before, self.after]
            .into_iter()
            .filter(|known| !known.was_discovered(section))
            .collect();
        if !lacking.is_empty() {
            if let [known] = lacking.as_slice() {
                let fact = section.key().to_owned();
                let why = "the inventory was made without this section";
                self.found.unknown((number, 0, fact), known, why);
            }
            return;
        }
        let (before, after) = (self.before.section(section), self.after.section(section));
        let whole = Thing {
            section,
            path: section.key().to_owned(),
            subject: section.key().to_owned(),
            words: String::new(),
            fact: section.key().to_owned(),
            names: Vec::new(),
            number,
            before: &before,
            after: &after,
        };
        match kinds::of(section.key()) {
            Some(kind) => self.list(kind, &whole, &before, &after),
            None => self.value(&whole, "", &before, &after),
        }
    }

    /// A list of devices in `outer`, or that is the section.
    fn list(&mut self, kind: &'static Kind, outer: &Thing<'_>, before: &Value, after: &Value) {
        let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let (before, after) = (items(before), items(after));
        let fact = format!("{}{}", outer.fact, tail(kind.path, &outer.path));
        for (known, ours, others) in [
            (self.before, &before, &after),
            (self.after, &after, &before),
        ] {
            let is_missing = ours.is_empty() && !others.is_empty();
            let why = is_missing.then(|| why_none(known, kind, outer)).flatten();
            if let Some(why) = why {
                self.found.unknown((outer.number, 0, fact), known, why);
                return;
            }
        }
        // What a list lacks that may lack something is neither gone nor new.
        let gaps = [self.after, self.before].map(|known| Some((known, known.lacking(kind.path)?)));
        let [in_after, in_before] = gaps;
        let mut doubtful = None;
        for pair in pair(kind, self.relation, &before, &after) {
            match pair {
                Pair::Both(before, after) => self.both(kind, outer, &fact, before, after),
                Pair::Before(_) if in_after.is_some() => doubtful = in_after,
                Pair::After(_) if in_before.is_some() => doubtful = in_before,
                Pair::Before(device) => self.one(kind, outer, DifferenceKind::Removed, device),
                Pair::After(device) => self.one(kind, outer, DifferenceKind::Added, device),
            }
        }
        if let Some((known, why)) = doubtful {
            self.found.unknown((outer.number, 0, fact), known, why);
        }
    }

    fn both(
        &mut self,
        kind: &'static Kind,
        outer: &Thing<'_>,
        fact: &str,
        before: &Value,
        after: &Value,
    ) {
        let key = key_of(kind, after);
        let mut names = vec![key.clone()];
        names.extend(outer.names.iter().cloned());
        let thing = Thing {
            section: outer.section,
            path: kind.path.to_owned(),
            subject: outer.subject_in(&key),
            words: outer.words_in(kind, after, Detail::Brief),
            fact: format!("{fact}[{key}]"),
            names,
            number: self.found.next_device(),
            before,
            after,
        };
        let was = key_of(kind, before);
        let expected = self.renames.get(&was).filter(|_| thing.path.contains('.'));
        if was != key && expected != Some(&key) {
            self.moved(kind, &thing, &was);
        }
        self.value(&thing, "", before, after);
    }

    fn moved(&mut self, kind: &Kind, thing: &Thing<'_>, was: &str) {
        let differs = |field: &&&str| at(thing.before, field) != at(thing.after, field);
        let Some(field) = kind.key.iter().find(differs) else {
            return;
        };
        let path = format!("{}.{field}", thing.path);
        let difference = Difference {
            section: thing.section.key().to_owned(),
            subject: thing.subject.clone(),
            kind: DifferenceKind::Moved,
            field: Some(thing.in_section(&path)),
            before: at(thing.before, field).clone(),
            after: at(thing.after, field).clone(),
            weight: Weight::Neutral,
            words: words::moved(&thing.words, kind.stands, was, self.relation),
        };
        let rank = (thing.number, 0, String::new());
        self.found.difference(rank, difference);
    }

    fn one(
        &mut self,
        kind: &'static Kind,
        outer: &Thing<'_>,
        happened: DifferenceKind,
        device: &Value,
    ) {
        let told = outer.words_in(kind, device, Detail::Full);
        let (before, after, weight, words) = match happened {
            DifferenceKind::Removed => (
                device.clone(),
                Value::Null,
                Weight::Worse,
                words::removed(&told, self.relation),
            ),
            _ => (
                Value::Null,
                device.clone(),
                Weight::Better,
                words::added(&told, self.relation),
            ),
        };
        let difference = Difference {
            section: outer.section.key().to_owned(),
            subject: outer.subject_in(&key_of(kind, device)),
            kind: happened,
            field: None,
            before,
            after,
            weight: if (kind.matters)(device) {
                weight
            } else {
                Weight::Neutral
            },
            words,
        };
        let rank = (self.found.next_device(), 0, String::new());
        self.found.difference(rank, difference);
    }

    /// What is at `path` in a thing.
    fn value(&mut self, thing: &Thing<'_>, path: &str, before: &Value, after: &Value) {
        if before == after {
            return;
        }
        let full = join(&thing.path, path);
        if let Some(kind) = kinds::of(&full).filter(|_| !path.is_empty()) {
            return self.list(kind, thing, before, after);
        }
        let nothing = Map::new();
        let fields = match (before, after) {
            (Value::Object(before), Value::Object(after)) => Some((before, after)),
            _ if table::row(&full).is_some() => None,
            (Value::Object(before), Value::Null) => Some((before, &nothing)),
            (Value::Null, Value::Object(after)) => Some((&nothing, after)),
            _ => None,
        };
        let Some((old, new)) = fields else {
            return self.leaf(thing, path, before, after);
        };
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let value = |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
            self.value(thing, &join(path, name), &value(old), &value(new));
        }
    }
}

/// Why a list of devices is empty, unless it is because there are none.
fn why_none<'a>(known: &Known<'a>, kind: &Kind, outer: &Thing<'_>) -> Option<&'a str> {
    let mut names: Vec<&str> = outer.names.iter().map(String::as_str).collect();
    names.extend(kind.path.split('.').next_back());
    let told = known.warning(outer.section, &names);
    told.or_else(|| known.warning_of_all(outer.section))
}
