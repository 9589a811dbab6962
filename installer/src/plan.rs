//! What is to be done, before anything is: a plan, which nobody changes any more, and which is confirmed by its digest.

use std::collections::BTreeMap;

use muster_model::Role;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::host::Host;
use crate::step::{Action, State, StepError};

/// The value of `schema` in a plan.
pub const PLAN_SCHEMA: &str = "muster.plan/v1";

/// A step that is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Its name, unique among the steps.
    pub id: String,
    /// Why it is to be done.
    pub why: String,
    /// What is to be done.
    pub action: Action,
    /// How often it is tried, from 1 on.
    pub attempts: u32,
}

/// What a plan is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// What is installed.
    pub profile: ProfileName,
    /// What the host is to be; none where the profile is for no role.
    pub role: Option<Role>,
    /// The values of the profile's parameters.
    pub parameters: BTreeMap<String, String>,
    /// In the order in which they are done.
    pub steps: Vec<Wish>,
}

/// Which profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProfileName {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// `muster.plan/v1`: what will be done to a host, as it is. The same host and wishes give the same plan, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plan {
    /// `muster.plan/v1`.
    schema: String,
    /// The SHA-256 of the document without this field, as JSON by RFC 8785: 64 hexadecimal digits.
    digest: String,
    /// What is installed.
    profile: ProfileName,
    /// What the host is to be.
    role: Option<Role>,
    /// The values of the profile's parameters.
    parameters: BTreeMap<String, String>,
    /// In the order in which they are done; undone they are from the last on.
    steps: Vec<PlannedStep>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedStep {
    /// Its name, unique in the plan.
    pub id: String,
    /// What is done, in words.
    pub what: String,
    /// Why.
    pub why: String,
    /// What is done.
    pub action: Action,
    /// What was found.
    pub before: State,
    /// What is to be. The same as `before` where there is nothing to do.
    pub after: State,
    /// Whether it cannot be undone.
    pub destructive: bool,
    /// What is to be known before it is confirmed, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How often it is tried.
    pub attempts: u32,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A step cannot be done on this host.
    #[error("step {id} cannot be planned: {why}")]
    Step {
        /// Which one.
        id: String,
        /// Why.
        why: StepError,
    },
    /// It is no plan, or not as muster wrote it.
    #[error("this is no plan that can be used: {0}")]
    Unusable(String),
}

impl Plan {
    /// Looks at the host, and plans. Nothing is changed.
    ///
    /// # Errors
    /// The step that cannot be done, and why.
    pub fn make(host: &dyn Host, wishes: Wishes) -> Result<Self, PlanError> {
        let steps = wishes.steps.into_iter().map(|wish| planned(host, wish));
        let mut plan = Self {
            schema: PLAN_SCHEMA.to_owned(),
            digest: String::new(),
            profile: wishes.profile,
            role: wishes.role,
            parameters: wishes.parameters,
            steps: steps.collect::<Result<_, _>>()?,
        };
        plan.digest = plan.computed()?;
        Ok(plan)
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// It is none, one of another version, or its digest is not that of its content.
    pub fn from_json(json: &[u8]) -> Result<Self, PlanError> {
        let plan: Self =
            serde_json::from_slice(json).map_err(|error| PlanError::Unusable(error.to_string()))?;
        plan.check()?;
        Ok(plan)
    }

    pub(crate) fn check(&self) -> Result<(), PlanError> {
        if self.schema != PLAN_SCHEMA {
            return Err(PlanError::Unusable(format!(
                "it is {:?}, and {PLAN_SCHEMA} is understood here",
                self.schema
            )));
        }
        match self.computed()? == self.digest {
            true => Ok(()),
            false => Err(PlanError::Unusable(
                "its digest is not that of its content: it was changed".to_owned(),
            )),
        }
    }

    /// What it is confirmed by.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What is installed.
    pub fn profile(&self) -> &ProfileName {
        &self.profile
    }

    /// What the host is to be.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// The values of the profile's parameters.
    pub fn parameters(&self) -> &BTreeMap<String, String> {
        &self.parameters
    }

    /// In the order in which they are done.
    pub fn steps(&self) -> &[PlannedStep] {
        &self.steps
    }

    /// Whether there is anything to do.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(PlannedStep::is_change)
    }

    fn computed(&self) -> Result<String, PlanError> {
        let mut document = serde_json::to_value(self).map_err(unwritable)?;
        if let Some(fields) = document.as_object_mut() {
            fields.remove("digest");
        }
        canonical::digest(&document).map_err(unwritable)
    }
}

impl PlannedStep {
    /// Whether there is anything to do.
    pub fn is_change(&self) -> bool {
        self.before != self.after
    }
}

fn planned(host: &dyn Host, wish: Wish) -> Result<PlannedStep, PlanError> {
    let before = wish.action.inspect(host);
    let found = before.and_then(|before| {
        let after = wish.action.wanted(&before)?;
        let notes = match before == after {
            true => Vec::new(),
            false => {
                wish.action.check(host)?;
                wish.action.consider(host, &before)?
            }
        };
        Ok((before, after, notes))
    });
    match found {
        Ok((before, after, notes)) => Ok(PlannedStep {
            what: wish.action.title(),
            destructive: before != after && wish.action.is_destructive(&before),
            id: wish.id,
            why: wish.why,
            action: wish.action,
            before,
            after,
            notes,
            attempts: wish.attempts,
        }),
        Err(why) => Err(PlanError::Step { id: wish.id, why }),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unwritable(error: serde_json::Error) -> PlanError {
    PlanError::Unusable(error.to_string())
}
