//! Walks two documents side by side: section by section, device by device, field by field.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::Section;
use serde_json::{Map, Value};

use super::document::{Difference, DifferenceKind, Relation, Side, UnknownFact, Weight};
use super::kinds::{self, Kind};
use super::known::Known;
use super::pair::{Pair, pair};
use super::table::{self, Field, Null, Rule};
use super::value::{self, Detail, at, key_of};
use super::{weigh, words};

const DOES_NOT_SAY: &str = "the machine does not say";

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

/// Findings with their place in the document.
#[derive(Default)]
pub(super) struct Found {
    devices: usize,
    differences: Vec<(Rank, Difference)>,
    unknown: Vec<(Rank, UnknownFact)>,
}

/// A device's number in the order of the walk, a field's row in the table, and its path.
type Rank = (usize, usize, String);

/// Two of one device, or two of a section that is one object.
struct Thing<'a> {
    section: Section,
    /// Path of its list, or the section's key.
    path: String,
    subject: String,
    /// As the end of a sentence; empty where the section is one object.
    words: String,
    /// Where it is in the inventory: `disks[sdd].partitions[sdd2]`.
    fact: String,
    /// What warnings call it.
    names: Vec<String>,
    number: usize,
    before: &'a Value,
    after: &'a Value,
}

impl Found {
    /// In the order of sections, devices and rows.
    pub(super) fn sorted(mut self) -> (Vec<Difference>, Vec<UnknownFact>) {
        self.differences.sort_by(|a, b| a.0.cmp(&b.0));
        self.unknown.sort_by(|a, b| a.0.cmp(&b.0));
        let differences = self.differences.into_iter().map(|(_, found)| found);
        let unknown = self.unknown.into_iter().map(|(_, found)| found);
        (differences.collect(), unknown.collect())
    }

    fn next_device(&mut self) -> usize {
        self.devices += 1;
        self.devices
    }

    fn unknown(&mut self, number: usize, row: usize, known: &Known<'_>, fact: String, why: &str) {
        let found = UnknownFact {
            fact: fact.clone(),
            side: known.side,
            reason: why.to_owned(),
        };
        self.unknown.push(((number, row, fact), found));
    }
}

impl<'a> Walk<'a> {
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
                self.found.unknown(number, 0, known, fact, why);
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
                self.found.unknown(outer.number, 0, known, fact, why);
                return;
            }
        }
        for pair in pair(kind, self.relation, &before, &after) {
            match pair {
                Pair::Both(before, after) => self.both(kind, outer, &fact, before, after),
                Pair::Before(device) => self.one(kind, outer, DifferenceKind::Removed, device),
                Pair::After(device) => self.one(kind, outer, DifferenceKind::Added, device),
            }
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
            subject: subject(outer, &key),
            words: words_for(kind, outer, after, Detail::Brief),
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
            field: Some(in_section(thing.section, &path)),
            before: at(thing.before, field).clone(),
            after: at(thing.after, field).clone(),
            weight: Weight::Neutral,
            words: words::moved(&thing.words, kind.stands, was, self.relation),
        };
        let rank = (thing.number, 0, String::new());
        self.found.differences.push((rank, difference));
    }

    fn one(
        &mut self,
        kind: &'static Kind,
        outer: &Thing<'_>,
        happened: DifferenceKind,
        device: &Value,
    ) {
        let told = words_for(kind, outer, device, Detail::Full);
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
            subject: subject(outer, &key_of(kind, device)),
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
        self.found.differences.push((rank, difference));
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

    /// A fact that differs.
    fn leaf(&mut self, thing: &Thing<'_>, path: &str, before: &Value, after: &Value) {
        let full = join(&thing.path, path);
        let unlisted = (usize::MAX, &table::UNLISTED);
        let (row, field) = table::row(&full).unwrap_or(unlisted);
        if matches!(field.rule, Rule::Identity) && !self.heeds_identities {
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
                self.found.unknown(thing.number, row, known, fact, why);
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
            field: Some(in_section(thing.section, &full)),
            before: before.clone(),
            after: after.clone(),
            weight,
            words: fact.changed(&as_now, &now),
        };
        let rank = (thing.number, row, full);
        self.found.differences.push((rank, difference));
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
        let known = match (before.is_null(), after.is_null()) {
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
        match field.null {
            Null::Unknown => Some((known, told.or_else(of_all).unwrap_or(DOES_NOT_SAY))),
            Null::None => told.map(|why| (known, why)),
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

/// Why a list of devices is empty, unless it is because there are none.
fn why_none<'a>(known: &Known<'a>, kind: &Kind, outer: &Thing<'_>) -> Option<&'a str> {
    let mut names: Vec<&str> = outer.names.iter().map(String::as_str).collect();
    names.extend(kind.path.split('.').next_back());
    let told = known.warning(outer.section, &names);
    told.or_else(|| known.warning_of_all(outer.section))
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
    let values = field.beside.iter().map(|path| beside(thing, device, path));
    values
        .into_iter()
        .any(|value| value == &Value::Bool(false) || value == "down")
}

fn differs_beside(thing: &Thing<'_>, field: &Field) -> bool {
    let differs = |path: &&str| {
        let before = beside(thing, thing.before, path);
        let after = beside(thing, thing.after, path);
        !before.is_null() && !after.is_null() && before != after
    };
    field.beside.iter().any(differs)
}

fn beside<'a>(thing: &Thing<'_>, device: &'a Value, path: &str) -> &'a Value {
    at(device, tail(path, &thing.path).trim_start_matches('.'))
}

fn words_for(kind: &Kind, outer: &Thing<'_>, device: &Value, detail: Detail) -> String {
    let words = value::device(kind, device, detail);
    let outer_kind = kinds::of(&outer.path).filter(|_| outer.path != kind.path);
    match outer_kind {
        Some(kind) => format!("{words} of {} {}", kind.noun, key_of(kind, outer.after)),
        None => words,
    }
}

/// `sda`, or `sda/sda1` in a device.
fn subject(outer: &Thing<'_>, key: &str) -> String {
    match outer.words.as_str() {
        "" => key.to_owned(),
        _ => format!("{}/{key}", outer.subject),
    }
}

fn in_section(section: Section, path: &str) -> String {
    tail(path, section.key()).trim_start_matches('.').to_owned()
}

fn tail<'a>(path: &'a str, start: &str) -> &'a str {
    path.strip_prefix(start).unwrap_or(path)
}

fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        (path, name) => format!("{path}.{name}"),
    }
}
