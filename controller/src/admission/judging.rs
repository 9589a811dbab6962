//! From a verdict to where a machine stands.

use muster_adequacy::verdict::{RoleVerdict, RuleStatus, Severity, Standing, Verdict};
use muster_model::{NodeStatus, Role};

/// Candidate or inadequate, and why. What cannot be said does not keep a machine out: a person decides.
pub(super) fn judged(verdict: &Verdict, role: Option<Role>) -> (NodeStatus, String) {
    let failing: Vec<&str> = roles(verdict, role)
        .flat_map(|judged| &judged.rules)
        .filter(|rule| rule.severity == Severity::Required && rule.status == RuleStatus::Fail)
        .map(|rule| rule.id.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    match standing(verdict, role) {
        Some(Standing::Adequate) => (NodeStatus::Candidate, "waits to be accepted".to_owned()),
        Some(Standing::Inadequate) => (
            NodeStatus::Inadequate,
            format!("fails {}", failing.join(", ")),
        ),
        Some(Standing::Undetermined) | None => (
            NodeStatus::Candidate,
            "waits to be accepted; whether it is adequate could not be determined".to_owned(),
        ),
    }
}

/// How the machine stands for `role`, or for the role that it is best for; none when no rule is for it.
pub(super) fn standing(verdict: &Verdict, role: Option<Role>) -> Option<Standing> {
    roles(verdict, role).map(|judged| judged.standing).min()
}

fn roles(verdict: &Verdict, role: Option<Role>) -> impl Iterator<Item = &RoleVerdict> {
    let judged = verdict.roles.iter();
    judged.filter(move |judged| role.is_none_or(|role| role == judged.role))
}
