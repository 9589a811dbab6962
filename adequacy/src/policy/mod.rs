//! A policy: what a machine has to be for a role, as written in TOML.
//!
//! ```toml
//! schema = "muster.policy/v1"
//! name = "default"
//! version = "1"
//! roles = ["control", "worker"]
//!
//! [[rules]]
//! id = "memory-total"
//! title = "Enough memory"
//! severity = "required"
//! check.memory_total = { at_least = "4 GiB" }
//! remedy = "Add memory modules."
//! ```
//!
//! Map: this file is the policy as data; `read` takes it from TOML; `fault` says with line and column what
//! is wrong with it; `values` are the kinds of values that parameters take, `date` one of them, `hardware`
//! those that name parts of a machine.

pub(crate) mod date;
mod fault;
pub(crate) mod hardware;
mod read;
pub(crate) mod size;
pub(crate) mod software;
pub(crate) mod speed;
pub(crate) mod values;
pub(crate) mod version;

use std::collections::BTreeSet;

use muster_model::{Role, Section};

use crate::check::Check;
use crate::expression::Expression;
use crate::verdict::{PolicyName, Severity};

pub use fault::{Collected, Fault, Faults, nearest};

/// The value of `schema` in a policy.
pub const POLICY_SCHEMA: &str = "muster.policy/v1";

/// What machines are judged by.
#[derive(Debug)]
pub struct Policy {
    name: PolicyName,
    description: String,
    roles: Vec<Role>,
    rules: Vec<Rule>,
}

/// One thing that a machine has to be.
#[derive(Debug)]
pub struct Rule {
    id: String,
    title: String,
    severity: Severity,
    roles: BTreeSet<Role>,
    condition: Option<Expression>,
    test: Test,
    remedy: String,
}

/// How a rule is decided.
#[derive(Debug)]
pub(crate) enum Test {
    /// By one of the ready-made checks.
    Check {
        /// Its name in the policy.
        name: &'static str,
        check: Box<dyn Check>,
    },
    /// By an expression that has to be true.
    Expression(Expression),
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line and column.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        read::policy(text)
    }

    /// Name and version.
    pub fn name(&self) -> &PolicyName {
        &self.name
    }

    /// What it is for, in words.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The roles that it judges, in the order of [`Role::ALL`].
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Its rules, in its order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The sections of an inventory that its rules look at.
    pub fn sections(&self) -> BTreeSet<Section> {
        self.rules.iter().flat_map(Rule::sections).collect()
    }
}

impl Rule {
    /// Its name, unique in the policy.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it looks at, in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether a failure makes a machine inadequate.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The roles that it is for.
    pub fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// When it applies, as a CEL expression; `None` is always.
    pub fn condition(&self) -> Option<&str> {
        self.condition.as_ref().map(Expression::text)
    }

    /// The ready-made check that decides it.
    pub fn check(&self) -> Option<&'static str> {
        match &self.test {
            Test::Check { name, .. } => Some(name),
            Test::Expression(_) => None,
        }
    }

    /// The CEL expression that decides it.
    pub fn expression(&self) -> Option<&str> {
        match &self.test {
            Test::Check { .. } => None,
            Test::Expression(expression) => Some(expression.text()),
        }
    }

    /// What is asked for, in words with units, or as the expression.
    pub fn required(&self) -> String {
        match &self.test {
            Test::Check { check, .. } => check.required(),
            Test::Expression(expression) => expression.text().to_owned(),
        }
    }

    /// What a person can do about a failure.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// The sections of an inventory that it looks at.
    pub fn sections(&self) -> BTreeSet<Section> {
        let of_test = match &self.test {
            Test::Check { check, .. } => check.sections().iter().copied().collect(),
            Test::Expression(expression) => expression.sections().clone(),
        };
        let of_condition = self.condition.iter().flat_map(Expression::sections);
        of_condition.copied().chain(of_test).collect()
    }

    pub(crate) fn test(&self) -> &Test {
        &self.test
    }

    pub(crate) fn applies_when(&self) -> Option<&Expression> {
        self.condition.as_ref()
    }
}
