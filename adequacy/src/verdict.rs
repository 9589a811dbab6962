//! The document `muster.verdict/v1`: what a policy says of one machine.

use muster_model::Role;
use serde::{Deserialize, Serialize};

use crate::compare::{Comparison, Weight};

/// The value of [`Verdict::schema`].
pub const VERDICT_SCHEMA: &str = "muster.verdict/v1";

/// What a policy says of one machine, role by role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// Always [`VERDICT_SCHEMA`].
    pub schema: String,
    /// The policy that was judged by.
    pub policy: PolicyName,
    /// The machine that was judged.
    pub machine: MachineName,
    /// Adequate when it is for one role at least; undetermined when it may be for one; else
    /// inadequate.
    pub standing: Standing,
    /// One a role, in the order of [`Role::ALL`].
    pub roles: Vec<RoleVerdict>,
    /// What changed on the machine since an earlier inventory of it; absent when none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Comparison>,
}

impl Verdict {
    /// For one role alone; nothing when the policy does not judge it.
    #[must_use]
    pub fn only(mut self, role: Role) -> Option<Self> {
        self.roles.retain(|judged| judged.role == role);
        self.standing = self.roles.first()?.standing;
        Some(self)
    }

    /// As it would be if every recommended rule were required, and one of them were that nothing is
    /// worse than in the baseline.
    #[must_use]
    pub fn strictly(mut self) -> Self {
        let is_worse = self.worse_than_before() > 0;
        for role in &mut self.roles {
            role.standing = match is_worse {
                true => Standing::Inadequate,
                false => Standing::by(&role.rules, &[Severity::Required, Severity::Recommended]),
            };
        }
        self.standing = Standing::best(&self.roles);
        self
    }

    /// How many differences from the baseline are worse; 0 without a baseline.
    #[must_use]
    pub fn worse_than_before(&self) -> usize {
        let baseline = self.baseline.iter();
        baseline
            .flat_map(|comparison| comparison.of_weight(Weight::Worse))
            .count()
    }
}

/// Which policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyName {
    /// Its `name`.
    pub name: String,
    /// Its `version`.
    pub version: String,
}

/// Which machine, and what was known when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MachineName {
    /// The inventory's `host.hostname`.
    pub hostname: Option<String>,
    /// The inventory's `host.machine_id`.
    pub machine_id: Option<String>,
    /// The inventory's `system.serial`.
    pub serial: Option<String>,
    /// When the inventory was taken, RFC 3339.
    pub inventory_captured_at: Option<String>,
}

/// Whether a machine is fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Every required rule passes.
    Adequate,
    /// No required rule fails, but of one at least it cannot be said.
    Undetermined,
    /// A required rule fails.
    Inadequate,
}

impl Standing {
    /// What the rules of the severities that `weigh` come to.
    pub(crate) fn by(rules: &[RuleVerdict], weigh: &[Severity]) -> Self {
        let any = |status: RuleStatus| {
            let mut rules = rules.iter();
            rules.any(|rule| weigh.contains(&rule.severity) && rule.status == status)
        };
        if any(RuleStatus::Fail) {
            Self::Inadequate
        } else if any(RuleStatus::Undetermined) {
            Self::Undetermined
        } else {
            Self::Adequate
        }
    }

    /// A machine is as good as in the role that suits it best.
    pub(crate) fn best(roles: &[RoleVerdict]) -> Self {
        let standings = roles.iter().map(|role| role.standing);
        standings.min().unwrap_or(Self::Undetermined)
    }
}

/// What the policy says of the machine in one role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoleVerdict {
    /// The role.
    pub role: Role,
    /// Whether the machine is fit for it.
    pub standing: Standing,
    /// One a rule, in the policy's order.
    pub rules: Vec<RuleVerdict>,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleVerdict {
    /// The rule's name in its policy.
    pub id: String,
    /// What the rule looks at, in words.
    pub title: String,
    /// Whether a failure makes the machine inadequate.
    pub severity: Severity,
    /// What came out.
    pub status: RuleStatus,
    /// What the machine has, in words with units; unknown when it cannot be said.
    pub actual: Option<String>,
    /// What the rule asks for, in words with units.
    pub required: String,
    /// The devices concerned, by their natural key: those that fail the rule or leave it undetermined, else
    /// those that make it pass.
    pub devices: Vec<String>,
    /// Why it failed, could not be said, or does not apply; empty for a pass.
    pub reasons: Vec<String>,
    /// What a person can do about a failure; empty when it did not fail. What is undetermined is to be found out
    /// first, and `reasons` say how.
    pub remedy: String,
}

/// How much a rule weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A machine that fails it is inadequate.
    Required,
    /// A machine that fails it is worse, and still adequate.
    Recommended,
}

/// What came out of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleStatus {
    /// The machine has what is asked for.
    Pass,
    /// It has not.
    Fail,
    /// A fact that decides is unknown.
    Undetermined,
    /// The rule's condition does not hold for this machine.
    NotApplicable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Options, compare};
    use muster_model::Inventory;

    fn rule(severity: Severity, status: RuleStatus) -> RuleVerdict {
        RuleVerdict {
            id: "a".to_owned(),
            title: "A".to_owned(),
            severity,
            status,
            actual: None,
            required: "b".to_owned(),
            devices: Vec::new(),
            reasons: Vec::new(),
            remedy: String::new(),
        }
    }

    fn verdict(of_control: &[RuleVerdict], of_worker: &[RuleVerdict]) -> Verdict {
        let judged = |role, rules: &[RuleVerdict]| RoleVerdict {
            role,
            standing: Standing::by(rules, &[Severity::Required]),
            rules: rules.to_vec(),
        };
        let roles = vec![
            judged(Role::Control, of_control),
            judged(Role::Worker, of_worker),
        ];
        Verdict {
            schema: VERDICT_SCHEMA.to_owned(),
            policy: PolicyName {
                name: "p".to_owned(),
                version: "1".to_owned(),
            },
            machine: MachineName::default(),
            standing: Standing::best(&roles),
            roles,
            baseline: None,
        }
    }

    /// What came of a machine whose memory changed from one size to another.
    fn memory_went(before: u64, after: u64) -> Comparison {
        let of = |bytes| {
            let mut inventory = Inventory::default();
            inventory.memory.total_bytes = Some(bytes);
            inventory
        };
        compare(&of(before), &of(after), &Options::default())
    }

    #[test]
    fn one_role_alone_has_its_own_standing() {
        let fails = rule(Severity::Required, RuleStatus::Fail);
        let both = verdict(&[fails], &[]);
        assert_eq!(both.standing, Standing::Adequate);
        let control = both.clone().only(Role::Control).unwrap();
        assert_eq!(control.standing, Standing::Inadequate);
        assert_eq!(control.roles.len(), 1);
        let worker = both.only(Role::Worker).unwrap();
        assert_eq!(worker.standing, Standing::Adequate);
        assert_eq!(worker.only(Role::Control), None);
    }

    #[test]
    fn recommended_rules_weigh_only_when_judged_strictly() {
        let fails = rule(Severity::Recommended, RuleStatus::Fail);
        let unknown = rule(Severity::Recommended, RuleStatus::Undetermined);
        let verdict = verdict(&[fails], &[unknown]);
        assert_eq!(verdict.standing, Standing::Adequate);
        let strict = verdict.strictly();
        let standings: Vec<Standing> = strict.roles.iter().map(|role| role.standing).collect();
        assert_eq!(standings, [Standing::Inadequate, Standing::Undetermined]);
        assert_eq!(strict.standing, Standing::Undetermined);
    }

    #[test]
    fn what_is_worse_than_before_weighs_only_when_judged_strictly() {
        let passes = rule(Severity::Required, RuleStatus::Pass);
        let after = |comparison| Verdict {
            baseline: Some(comparison),
            ..verdict(std::slice::from_ref(&passes), &[])
        };
        let worse = after(memory_went(64 << 30, 32 << 30));
        assert_eq!(worse.standing, Standing::Adequate);
        assert_eq!(worse.worse_than_before(), 1);
        let strict = worse.strictly();
        assert_eq!(strict.standing, Standing::Inadequate);
        let role = strict.only(Role::Worker).unwrap();
        assert_eq!(role.standing, Standing::Inadequate);
        let better = after(memory_went(32 << 30, 64 << 30)).strictly();
        assert_eq!(better.standing, Standing::Adequate);
        assert_eq!(better.worse_than_before(), 0);
    }
}
