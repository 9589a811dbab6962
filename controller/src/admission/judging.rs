//! From a verdict to where a machine stands.

use muster_adequacy::verdict::{RuleStatus, Severity, Standing, Verdict};
use muster_model::{NodeStatus, Role};

/// Candidate or inadequate, and why. What cannot be said does not keep a machine out: a person decides.
pub(super) fn judged(verdict: &Verdict, role: Option<Role>) -> (NodeStatus, String) {
    let roles = || {
        verdict
            .roles
            .iter()
            .filter(|judged| role.is_none_or(|role| role == judged.role))
    };
    let standing = roles().map(|judged| judged.standing).min();
    let failing: Vec<&str> = roles()
        .flat_map(|judged| &judged.rules)
        .filter(|rule| rule.severity == Severity::Required && rule.status == RuleStatus::Fail)
        .map(|rule| rule.id.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    match standing {
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
