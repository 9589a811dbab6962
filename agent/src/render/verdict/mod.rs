//! Verdicts as text.
//!
//! Map: `report` is for people, and begins with the `sentence`; `explain` tells all about one rule, with its
//! `facts`; `table` has a line a rule; `junit` and `sarif` are for other programs; `words` has what they
//! share.

mod explain;
mod facts;
mod junit;
mod report;
mod sarif;
mod sentence;
mod table;
pub(super) mod words;

#[cfg(test)]
mod goldens;

use muster_adequacy::compare::{Difference, DifferenceKind};
use muster_adequacy::verdict::{RuleVerdict, Severity, Verdict};
use muster_adequacy::{Policy, policy::Rule};
use muster_model::{Inventory, Role};

pub(crate) use explain::explain;
pub(crate) use junit::junit;
pub(crate) use report::{Layout, report};
pub(crate) use sarif::sarif;
pub(crate) use sentence::sentence_alone;
pub(crate) use table::table;

/// What differences from the baseline go by where rules have their names.
const BASELINE: &str = "baseline";

/// A name for a difference that is the same whatever the values: `disks/sda health.media_errors`.
fn name_of(difference: &Difference) -> String {
    let Difference {
        section, subject, ..
    } = difference;
    let place = match section == subject {
        true => section.clone(),
        false => format!("{section}/{subject}"),
    };
    match (&difference.field, difference.kind) {
        (Some(field), _) => format!("{place} {field}"),
        (None, DifferenceKind::Removed) => format!("{place} removed"),
        (None, DifferenceKind::Added) => format!("{place} added"),
        (None, DifferenceKind::Moved) => format!("{place} moved"),
        (None, DifferenceKind::Changed) => format!("{place} changed"),
    }
}

/// A verdict with what it was made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'a> {
    pub(crate) verdict: &'a Verdict,
    pub(crate) policy: &'a Policy,
    pub(crate) inventory: &'a Inventory,
    pub(crate) weighing: Weighing,
}

/// Which rules decide whether a machine is adequate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weighing {
    /// The required ones.
    Required,
    /// The recommended ones too.
    Strict,
}

impl Weighing {
    fn counts(self, rule: &RuleVerdict) -> bool {
        rule.severity == Severity::Required || self == Self::Strict
    }
}

/// What came out of a rule, once for all the roles that it came out of.
struct Outcome<'a> {
    rule: &'a Rule,
    verdict: &'a RuleVerdict,
    roles: Vec<Role>,
}

impl<'a> Judged<'a> {
    /// What came out of each rule, in the policy's order.
    fn outcomes(&self) -> Vec<Outcome<'a>> {
        let mut outcomes: Vec<Outcome<'a>> = Vec::new();
        for rule in self.policy.rules() {
            for judged in &self.verdict.roles {
                let Some(verdict) = judged.rules.iter().find(|found| found.id == rule.id()) else {
                    continue;
                };
                match outcomes.last_mut() {
                    Some(last) if last.verdict == verdict => last.roles.push(judged.role),
                    _ => outcomes.push(Outcome {
                        rule,
                        verdict,
                        roles: vec![judged.role],
                    }),
                }
            }
        }
        outcomes
    }
}
