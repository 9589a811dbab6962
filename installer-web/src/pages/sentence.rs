//! The verdict in one sentence.

use muster_adequacy::Verdict;
use muster_adequacy::verdict::{RoleVerdict, RuleStatus, Severity, Standing};

use crate::parts::shown;
use crate::pictures::Mark;
use crate::words::Words;

/// Roles with the same standing, and how many rules decide it.
struct Clause {
    standing: Standing,
    deciding: usize,
    roles: Vec<&'static str>,
}

/// `node-7 is adequate as worker; not as control: 2 rules fail.`
pub(crate) fn sentence(words: &Words, verdict: &Verdict) -> String {
    let name = verdict.machine.hostname.as_deref();
    let name = name.map_or_else(|| words.this_machine_begins.to_owned(), shown);
    let clauses: Vec<String> = clauses(verdict)
        .iter()
        .enumerate()
        .map(|(place, clause)| clause.text(words, place == 0))
        .collect();
    format!("{name} {}.", clauses.join("; "))
}

/// What it is worth.
pub(crate) fn mark(standing: Standing) -> Mark {
    match standing {
        Standing::Adequate => Mark::Good,
        Standing::Undetermined => Mark::Unknown,
        Standing::Inadequate => Mark::Bad,
    }
}

/// The best first; of those that are alike, together.
fn clauses(verdict: &Verdict) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    for role in &verdict.roles {
        let deciding = deciding(role);
        let same = clauses
            .iter_mut()
            .find(|clause| clause.standing == role.standing && clause.deciding == deciding);
        match same {
            Some(clause) => clause.roles.push(role.role.key()),
            None => clauses.push(Clause {
                standing: role.standing,
                deciding,
                roles: vec![role.role.key()],
            }),
        }
    }
    clauses.sort_by_key(|clause| clause.standing);
    clauses
}

/// How many required rules give a role its standing.
fn deciding(role: &RoleVerdict) -> usize {
    let decides = match role.standing {
        Standing::Adequate => return 0,
        Standing::Undetermined => RuleStatus::Undetermined,
        Standing::Inadequate => RuleStatus::Fail,
    };
    let rules = role.rules.iter();
    rules
        .filter(|rule| rule.status == decides && rule.severity == Severity::Required)
        .count()
}

impl Clause {
    fn text(&self, words: &Words, is_first: bool) -> String {
        let (first, later, conjunction) = match self.standing {
            Standing::Adequate => (words.is_adequate_as, words.is_adequate_as, words.and),
            Standing::Undetermined => (words.may_be_adequate_as, words.may_be_as, words.or),
            Standing::Inadequate => (words.is_not_adequate_as, words.not_as, words.or),
        };
        let verb = if is_first { first } else { later };
        let roles = self.roles.join(conjunction);
        match self.standing {
            Standing::Adequate => format!("{verb} {roles}"),
            Standing::Undetermined => {
                format!(
                    "{verb} {roles}: {}",
                    (words.rules_undetermined)(self.deciding)
                )
            }
            Standing::Inadequate => {
                format!("{verb} {roles}: {}", (words.rules_fail)(self.deciding))
            }
        }
    }
}
