//! One sentence: what the machine is fit for.

use std::collections::BTreeSet;

use muster_adequacy::verdict::{RoleVerdict, RuleStatus, Standing};
use muster_model::Role;

use super::words::count;
use super::{Judged, Weighing};
use crate::render::comparison::changes_counted;
use crate::render::layout::{Line, Page, Tone};

/// The roles that have the same standing for the same reason.
struct Clause<'a> {
    standing: Standing,
    deciding: BTreeSet<&'a str>,
    roles: Vec<Role>,
}

/// The sentence as a text of its own; with a baseline a second one, of what changed.
pub(crate) fn sentence_alone(judged: &Judged<'_>, width: usize) -> String {
    let mut page = Page::new(width);
    page.paragraph(&sentence(judged));
    if let Some(baseline) = &judged.verdict.baseline {
        page.paragraph(&changes_counted(baseline).plain("."));
    }
    page.finish()
}

/// `node-7 is adequate as worker; not as control: 2 rules fail.`
pub(super) fn sentence(judged: &Judged<'_>) -> Line {
    let hostname = judged.verdict.machine.hostname.as_deref();
    let mut line = Line::toned(Tone::Name, hostname.unwrap_or("This machine")).plain(" ");
    let worse = match judged.weighing {
        Weighing::Required => 0,
        Weighing::Strict => judged.verdict.worse_than_before(),
    };
    let mut before = None;
    for clause in clauses(judged) {
        if before.is_some() {
            line = line.plain("; ");
        }
        line = line.and(clause.line(before, worse));
        before = Some(clause.standing);
    }
    line.plain(".")
}

/// The best standing first.
fn clauses<'a>(judged: &Judged<'a>) -> Vec<Clause<'a>> {
    let mut clauses: Vec<Clause<'a>> = Vec::new();
    for role in &judged.verdict.roles {
        let deciding = deciding(role, judged.weighing);
        let same = clauses
            .iter_mut()
            .find(|clause| clause.standing == role.standing && clause.deciding == deciding);
        match same {
            Some(clause) => clause.roles.push(role.role),
            None => clauses.push(Clause {
                standing: role.standing,
                deciding,
                roles: vec![role.role],
            }),
        }
    }
    clauses.sort_by_key(|clause| clause.standing);
    clauses
}

/// The rules for which a role has its standing.
fn deciding(role: &RoleVerdict, weighing: Weighing) -> BTreeSet<&str> {
    let decides = match role.standing {
        Standing::Adequate => return BTreeSet::new(),
        Standing::Undetermined => RuleStatus::Undetermined,
        Standing::Inadequate => RuleStatus::Fail,
    };
    let rules = role.rules.iter();
    rules
        .filter(|rule| rule.status == decides && weighing.counts(rule))
        .map(|rule| rule.id.as_str())
        .collect()
}

impl Clause<'_> {
    /// `worse` differences from the baseline weigh too.
    fn line(&self, before: Option<Standing>, worse: usize) -> Line {
        let rules = self.deciding.len();
        let (tone, words, conjunction, why) = match self.standing {
            Standing::Adequate => (Tone::Good, "is adequate as", " and ", String::new()),
            Standing::Undetermined => {
                let why = match rules {
                    1 => "1\u{a0}rule is undetermined".to_owned(),
                    _ => format!("{rules}\u{a0}rules are undetermined"),
                };
                let words = match before {
                    None => "may be adequate as",
                    Some(_) => "may be as",
                };
                (Tone::Attention, words, " or ", why)
            }
            Standing::Inadequate => {
                let words = match before {
                    None => "is not adequate as",
                    Some(Standing::Inadequate) => "nor as",
                    Some(_) => "not as",
                };
                (Tone::Bad, words, " or ", what_fails(rules, worse))
            }
        };
        let roles: Vec<&str> = self.roles.iter().map(|role| role.key()).collect();
        let line = Line::toned(tone, &format!("{words} {}", roles.join(conjunction)));
        if why.is_empty() {
            line
        } else {
            line.plain(": ").plain(&why)
        }
    }
}

/// `1 rule fails and 2 differences from the baseline are worse`
fn what_fails(rules: usize, worse: usize) -> String {
    let failing = (rules > 0).then(|| count(rules, "rule fails", "rules fail"));
    let changed = (worse > 0).then(|| {
        count(
            worse,
            "difference from the baseline is worse",
            "differences from the baseline are worse",
        )
    });
    let parts: Vec<String> = [failing, changed].into_iter().flatten().collect();
    parts.join(" and ")
}
