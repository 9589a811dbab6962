//! Which device of one list is which of another.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::document::Relation;
use super::kinds::Kind;
use super::value::at;

/// A device on both sides, or on one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pair<'a> {
    Both(&'a Value, &'a Value),
    Before(&'a Value),
    After(&'a Value),
}

/// Pairs two lists, in the order of the first and then of the second. Devices that cannot be told
/// apart are paired in their order.
pub(super) fn pair<'a>(
    kind: &Kind,
    relation: Relation,
    before: &'a [Value],
    after: &'a [Value],
) -> Vec<Pair<'a>> {
    let mut matching = Matching {
        before,
        after,
        partner: vec![None; before.len()],
        taken: vec![false; after.len()],
    };
    match relation {
        Relation::SameMachine => {
            let anything = |_: &Value, _: &Value| true;
            for fields in kind.identities {
                matching.by(fields, anything);
            }
            for fields in kind.places {
                matching.by(fields, |before, after| may_be_one(kind, before, after));
            }
        }
        Relation::TwoMachines => {
            for fields in kind.places {
                matching.by(fields, |_, _| true);
            }
        }
    }
    matching.pairs()
}

/// Whether nothing that is known of both says that they are two devices.
fn may_be_one(kind: &Kind, before: &Value, after: &Value) -> bool {
    kind.sure.iter().all(|field| {
        let (before, after) = (at(before, field), at(after, field));
        before.is_null() || after.is_null() || before == after
    })
}

struct Matching<'a> {
    before: &'a [Value],
    after: &'a [Value],
    partner: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl<'a> Matching<'a> {
    /// Pairs what is left and has the same values in `fields`.
    fn by(&mut self, fields: &[&str], may_be: impl Fn(&Value, &Value) -> bool) {
        let mut free: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
        for ((place, device), taken) in self.after.iter().enumerate().zip(&self.taken) {
            if let (false, Some(key)) = (taken, key(fields, device)) {
                free.entry(key).or_default().push_back(place);
            }
        }
        for (device, partner) in self.before.iter().zip(&mut self.partner) {
            if partner.is_some() {
                continue;
            }
            let candidates = key(fields, device).and_then(|key| free.get_mut(&key));
            let fits = |place: &usize| {
                let other = self.after.get(*place);
                other.is_some_and(|other| may_be(device, other))
            };
            let found = candidates.and_then(|candidates| {
                let first = candidates.iter().position(fits)?;
                candidates.remove(first)
            });
            if let Some(place) = found {
                *partner = Some(place);
                if let Some(taken) = self.taken.get_mut(place) {
                    *taken = true;
                }
            }
        }
    }

    fn pairs(self) -> Vec<Pair<'a>> {
        let after = self.after;
        let old = self.before.iter().zip(self.partner);
        let old = old.map(|(device, partner)| {
            let partner = partner.and_then(|place| after.get(place));
            partner.map_or(Pair::Before(device), |partner| Pair::Both(device, partner))
        });
        let new = after.iter().zip(self.taken);
        let new = new.filter_map(|(device, taken)| (!taken).then_some(Pair::After(device)));
        old.chain(new).collect()
    }
}

/// The values of `fields`, if the first is known.
fn key(fields: &[&str], device: &Value) -> Option<String> {
    let mut values = fields.iter().map(|field| at(device, field));
    let first = values.next().filter(|value| !value.is_null())?;
    Some(values.fold(first.to_string(), |key, value| format!("{key} {value}")))
}

#[cfg(test)]
mod tests {
    use super::super::kinds;
    use super::*;
    use serde_json::json;

    fn disk(name: &str, serial: Option<&str>) -> Value {
        json!({"name": name, "model": "M", "serial": serial, "wwn": null})
    }

    fn names(path: &str, relation: Relation, before: &[Value], after: &[Value]) -> Vec<String> {
        let kind = kinds::of(path).unwrap();
        let name = |device: &Value| device["name"].as_str().unwrap().to_owned();
        let told = pair(kind, relation, before, after)
            .into_iter()
            .map(|pair| match pair {
                Pair::Both(before, after) => format!("{}={}", name(before), name(after)),
                Pair::Before(device) => format!("-{}", name(device)),
                Pair::After(device) => format!("+{}", name(device)),
            });
        told.collect()
    }

    #[test]
    fn over_time_a_disk_is_known_by_its_serial_number() {
        let before = [disk("sda", Some("1")), disk("sdb", Some("2"))];
        let swapped = [disk("sda", Some("2")), disk("sdb", Some("1"))];
        let time = Relation::SameMachine;
        assert_eq!(
            names("disks", time, &before, &swapped),
            ["sda=sdb", "sdb=sda"]
        );
        let replaced = [disk("sda", Some("1")), disk("sdb", Some("3"))];
        assert_eq!(
            names("disks", time, &before, &replaced),
            ["sda=sda", "-sdb", "+sdb"]
        );
        let as_nobody = [disk("sda", None), disk("sdb", None)];
        assert_eq!(
            names("disks", time, &before, &as_nobody),
            ["sda=sda", "sdb=sdb"]
        );
    }

    #[test]
    fn of_two_machines_it_is_known_by_its_place() {
        let before = [disk("sda", Some("1")), disk("sdb", Some("2"))];
        let other = [disk("sda", Some("3")), disk("sdc", Some("4"))];
        assert_eq!(
            names("disks", Relation::TwoMachines, &before, &other),
            ["sda=sda", "-sdb", "+sdc"]
        );
    }

    #[test]
    fn both_paths_to_one_disk_stay_apart() {
        let path = |name: &str| json!({"name": name, "wwn": "w", "serial": "1"});
        let both = [path("sda"), path("sdb")];
        assert_eq!(
            names("disks", Relation::SameMachine, &both, &both),
            ["sda=sda", "sdb=sdb"]
        );
        assert_eq!(
            names("disks", Relation::SameMachine, &both, &both[1..]),
            ["-sda", "sdb=sdb"]
        );
    }
}
