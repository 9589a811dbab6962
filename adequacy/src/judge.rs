//! A policy and an inventory make a verdict.

use std::collections::BTreeSet;

use muster_model::{Inventory, Role};

use crate::check::{Finding, Outcome};
use crate::expression::{Answer, Facts};
use crate::machine::Machine;
use crate::policy::{Policy, Rule, Test};
use crate::verdict::{
    MachineName, RoleVerdict, RuleStatus, RuleVerdict, Severity, Standing, VERDICT_SCHEMA, Verdict,
};

/// Judges one machine for every role of the policy.
pub fn judge(policy: &Policy, inventory: &Inventory) -> Verdict {
    let machine = Machine::new(inventory);
    let facts = Facts::new(&machine);
    let mut judged: Vec<(&Rule, RuleVerdict)> = policy
        .rules()
        .iter()
        .map(|rule| (rule, judge_rule(rule, &machine, &facts)))
        .collect();
    let mut left: BTreeSet<Role> = policy.roles().iter().copied().collect();
    let mut roles = Vec::with_capacity(left.len());
    for role in policy.roles() {
        left.remove(role);
        roles.push(for_role(*role, &mut judged, &left));
    }
    Verdict {
        schema: VERDICT_SCHEMA.to_owned(),
        policy: policy.name().clone(),
        machine: MachineName::of(inventory),
        standing: Standing::best(&roles),
        roles,
        baseline: None,
    }
}

/// What was judged for a role. A rule that none of the roles that are `left` has is given away: its devices may
/// be thousands, and copying them costs more than judging did.
fn for_role(
    role: Role,
    judged: &mut Vec<(&Rule, RuleVerdict)>,
    left: &BTreeSet<Role>,
) -> RoleVerdict {
    let mut rules = Vec::with_capacity(judged.len());
    let mut kept = Vec::with_capacity(judged.len());
    for (rule, verdict) in judged.drain(..) {
        let is_for_it = rule.roles().contains(&role);
        if !rule.roles().is_disjoint(left) {
            if is_for_it {
                rules.push(verdict.clone());
            }
            kept.push((rule, verdict));
        } else if is_for_it {
            rules.push(verdict);
        }
    }
    *judged = kept;
    RoleVerdict {
        role,
        standing: Standing::by(&rules, &[Severity::Required]),
        rules,
    }
}

fn judge_rule(rule: &Rule, machine: &Machine<'_>, facts: &Facts<'_>) -> RuleVerdict {
    let not_now = rule
        .applies_when()
        .and_then(|condition| hindered(condition.text(), condition.evaluate(facts)));
    let (status, finding) = not_now.unwrap_or_else(|| {
        let finding = match rule.test() {
            Test::Check { check, .. } => check.judge(machine),
            Test::Expression(expression) => in_words(expression.evaluate(facts)),
        };
        (status_of(finding.outcome), finding)
    });
    RuleVerdict {
        id: rule.id().to_owned(),
        title: rule.title().to_owned(),
        severity: rule.severity(),
        status,
        actual: finding.actual.map(said),
        required: rule.required(),
        devices: finding.devices,
        reasons: in_short(finding.reasons),
        // Where a fact is unknown, what repairs a failure may do harm.
        remedy: match status {
            RuleStatus::Fail => rule.remedy().to_owned(),
            _ => String::new(),
        },
    }
}

/// What a machine has, though it be a text of nothing.
fn said(actual: String) -> String {
    if actual.trim().is_empty() {
        "an empty text".to_owned()
    } else {
        actual
    }
}

/// What thousands of devices have in common nobody reads of each; all are among the devices concerned.
fn in_short(mut reasons: Vec<String>) -> Vec<String> {
    const MOST: usize = 32;
    let more = reasons.len().saturating_sub(MOST);
    if more > 0 {
        reasons.truncate(MOST);
        reasons.push(format!("and {more} more"));
    }
    reasons
}

/// Why a rule is not tested, by its condition; nothing when it is.
fn hindered(condition: &str, answer: Answer) -> Option<(RuleStatus, Finding)> {
    let mut finding = in_words(answer);
    let status = match finding.outcome {
        Outcome::Pass => return None,
        Outcome::Fail => {
            finding.reasons = vec![format!("its condition does not hold: {condition}")];
            RuleStatus::NotApplicable
        }
        Outcome::Undetermined => RuleStatus::Undetermined,
    };
    finding.actual = None;
    Some((status, finding))
}

/// What an expression found.
fn in_words(answer: Answer) -> Finding {
    match answer {
        Answer::Yes => Finding::new(Outcome::Pass, "it holds"),
        Answer::No => Finding::new(Outcome::Fail, "it does not hold"),
        Answer::Unknown(facts) => Finding {
            outcome: Outcome::Undetermined,
            actual: None,
            devices: Vec::new(),
            reasons: facts.iter().map(ToString::to_string).collect(),
        },
        Answer::Failed(reason) => Finding {
            outcome: Outcome::Undetermined,
            actual: None,
            devices: Vec::new(),
            reasons: vec![reason],
        },
    }
}

fn status_of(outcome: Outcome) -> RuleStatus {
    match outcome {
        Outcome::Pass => RuleStatus::Pass,
        Outcome::Fail => RuleStatus::Fail,
        Outcome::Undetermined => RuleStatus::Undetermined,
    }
}

impl MachineName {
    /// Which machine an inventory is of.
    pub fn of(inventory: &Inventory) -> Self {
        Self {
            hostname: inventory.host.hostname.clone(),
            machine_id: inventory.host.machine_id.clone(),
            serial: inventory.system.serial.clone(),
            inventory_captured_at: inventory.captured_at.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_told_than_anybody_reads() {
        let reasons = |count: usize| -> Vec<String> { (0..count).map(|n| n.to_string()).collect() };
        assert_eq!(in_short(reasons(32)), reasons(32));
        let short = in_short(reasons(4096));
        let (last, first) = short.split_last().unwrap();
        assert_eq!(first, reasons(32));
        assert_eq!(last, "and 4064 more");
    }
}
