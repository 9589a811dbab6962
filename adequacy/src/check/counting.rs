//! Counting the devices that a check asks for, with what keeps the others from being counted.

use std::collections::BTreeMap;

use super::finding::Sorted;
use super::{Finding, Outcome};
use crate::listed::listed;
use crate::machine::Fact;
use crate::policy::values::Count;

/// What keeps a device from being counted, in words: nothing when it counts.
pub(super) type Lack = Fact<Option<String>>;

/// What a device lacks of a parameter: nothing when the policy does not give it.
pub(super) fn asked<P>(parameter: Option<&P>, lack: impl FnOnce(&P) -> Lack) -> Lack {
    parameter.map_or(Ok(None), lack)
}

/// All have to hold: what is lacking for certain decides, whatever else is unknown, and all of it is
/// said.
pub(super) fn all(criteria: impl IntoIterator<Item = Lack>) -> Lack {
    let mut lacks: Vec<String> = Vec::new();
    let mut unknown = None;
    for criterion in criteria {
        match criterion {
            Ok(None) => {}
            Ok(Some(lack)) if lacks.contains(&lack) => {}
            Ok(Some(lack)) => lacks.push(lack),
            Err(why) => unknown = unknown.or(Some(why)),
        }
    }
    match (lacks.as_slice(), unknown) {
        ([], Some(unknown)) => Err(unknown),
        ([], None) => Ok(None),
        (lacks, _) => Ok(Some(lacks.join(", "))),
    }
}

/// Passes when `least` devices lack nothing. On a failure the devices are those that do, and the
/// reasons what.
pub(super) fn at_least<'a, T: 'a>(
    least: Count,
    devices: impl IntoIterator<Item = &'a T>,
    name: impl Fn(&T) -> &str,
    lack: impl Fn(&T) -> Lack,
) -> Finding {
    let mut sorted = Sorted::default();
    let mut lacking: Vec<(String, Vec<String>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for device in devices {
        let name = name(device).to_owned();
        match lack(device) {
            Ok(None) => sorted.yes.push(name),
            Err(unknown) => sorted.unknown.push((name, unknown)),
            Ok(Some(lack)) => {
                let place = *known.entry(lack.clone()).or_insert(lacking.len());
                match lacking.get_mut(place) {
                    Some((_, names)) => names.push(name),
                    None => lacking.push((lack, vec![name])),
                }
            }
        }
    }
    let is_none = sorted.yes.is_empty() && sorted.unknown.is_empty();
    let finding = sorted.at_least(least.0);
    if finding.outcome != Outcome::Fail {
        return finding;
    }
    if lacking.is_empty() {
        return finding.because(if is_none {
            "there is none"
        } else {
            "there are no more"
        });
    }
    let reasons = lacking
        .iter()
        .map(|(lack, names)| format!("{}: {lack}", listed(names)));
    let finding = reasons.fold(finding, Finding::because);
    finding.with_devices(lacking.into_iter().flat_map(|(_, names)| names))
}

/// `1 disk`, `2 disks`.
pub(super) fn counted(count: Count, noun: &str) -> String {
    let plural = if count.0 == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// What is asked for: `at least 2 disks, not rotational, available for data`.
pub(super) fn required<const N: usize>(
    least: Count,
    noun: &str,
    criteria: [Option<String>; N],
) -> String {
    let count = counted(least, noun);
    let criteria = criteria.into_iter().flatten();
    criteria.fold(format!("at least {count}"), |text, criterion| {
        format!("{text}, {criterion}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Unknown;

    fn unknown(fact: &str) -> Unknown {
        Unknown {
            fact: fact.to_owned(),
            reason: "?".to_owned(),
        }
    }

    #[test]
    fn what_lacks_for_certain_decides() {
        let lack = || Ok(Some("small".to_owned()));
        assert_eq!(all([Err(unknown("a")), lack(), lack()]), lack());
        let both = Ok(Some("small, old".to_owned()));
        assert_eq!(all([lack(), Ok(None), Ok(Some("old".to_owned()))]), both);
        assert_eq!(
            all([Ok(None), Err(unknown("a")), Err(unknown("b"))]),
            Err(unknown("a"))
        );
        assert_eq!(all([Ok(None), Ok(None)]), Ok(None));
    }

    #[test]
    fn a_failure_says_what_lacks_where() {
        let devices = ["a", "b", "c", "d"];
        let lack = |name: &&str| match *name {
            "a" => Ok(None),
            "c" => Ok(Some("old".to_owned())),
            _ => Ok(Some("small".to_owned())),
        };
        let finding = at_least(Count(2), &devices, |name| name, lack);
        assert_eq!(finding.outcome, Outcome::Fail);
        assert_eq!(finding.reasons, ["b, d: small", "c: old"]);
        assert_eq!(finding.devices, ["b", "d", "c"]);
        let finding = at_least(Count(1), &devices, |name| name, lack);
        assert_eq!(finding.outcome, Outcome::Pass);
        assert_eq!(finding.devices, ["a"]);
        assert_eq!(finding.reasons, Vec::<String>::new());
    }

    #[test]
    fn numbers_have_their_nouns() {
        assert_eq!(required(Count(1), "disk", [None]), "at least 1 disk");
        let criteria = [Some("x".to_owned()), None, Some("y".to_owned())];
        assert_eq!(
            required(Count(2), "disk", criteria),
            "at least 2 disks, x, y"
        );
    }
}
