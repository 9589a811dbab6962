//! A profile: what is installed for a role, as written in TOML.
//!
//! ```toml
//! schema = "muster.profile/v1"
//! name = "worker"
//! version = "1"
//! roles = ["worker"]
//!
//! [parameters.swappiness]
//! description = "How readily the kernel swaps"
//! default = "10"
//!
//! [[steps]]
//! id = "swappiness"
//! why = "Memory of workloads is not swapped while there is any other."
//! when = { virtualization = ["none", "vm"] }
//! sysctl = { name = "vm.swappiness", value = "${swappiness}" }
//! ```
//!
//! Each step has one action, which is written as in a plan. Map: this file is what a profile is; `read` takes it from TOML; `when` has the
//! conditions; `fault` says with line and column what is wrong.

mod fault;
mod read;
mod when;

use std::collections::{BTreeMap, BTreeSet};

use muster_model::Role;

use crate::plan::{ProfileName, Wishes};

pub use fault::{Fault, Faults};
pub use when::Facts;

/// The value of `schema` in a profile.
pub const PROFILE_SCHEMA: &str = "muster.profile/v1";

/// What is installed for a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    name: ProfileName,
    description: String,
    roles: BTreeSet<Role>,
    parameters: BTreeMap<String, Parameter>,
    /// Its steps are read anew with the values of the parameters.
    text: String,
}

/// A value that whoever installs may give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// What it is.
    pub description: String,
    /// Where none is given; none: one has to be given.
    pub default: Option<String>,
}

/// Why a profile does not come to wishes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There are mistakes in it, or in it with the values that were given.
    #[error("{0}")]
    Faults(Faults),
    /// It has no such parameter.
    #[error("the profile {profile} has no parameter {parameter}{}", and_known(.known))]
    NoSuchParameter {
        /// The profile's name.
        profile: String,
        /// What was given.
        parameter: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// A parameter without a default was not given.
    #[error(
        "the profile {profile} has to be told {parameter} ({description}): --set {parameter}=…"
    )]
    Missing {
        /// The profile's name.
        profile: String,
        /// What was not given.
        parameter: String,
        /// What it is.
        description: String,
    },
    /// It is not for the role.
    #[error("the profile {profile} is not for the role {role}")]
    NotForRole {
        /// The profile's name.
        profile: String,
        /// What was asked for.
        role: Role,
    },
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line and column; of its steps, what is wrong whatever its parameters are.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        read::profile(text)
    }

    /// Its name and version.
    pub fn name(&self) -> &ProfileName {
        &self.name
    }

    /// What it is for, in words.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The roles that it is for; none: it is for any.
    pub fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// What whoever installs may give.
    pub fn parameters(&self) -> &BTreeMap<String, Parameter> {
        &self.parameters
    }

    /// What is to be done on a host of which these facts are known.
    ///
    /// # Errors
    /// A parameter is unknown, missing, or makes a step that cannot be; a condition asks for a fact that is not known.
    pub fn wishes(
        &self,
        role: Option<Role>,
        given: &BTreeMap<String, String>,
        facts: &Facts,
    ) -> Result<Wishes, Unfit> {
        let parameters = self.values(given)?;
        if let Some(role) = role
            && !self.roles.is_empty()
            && !self.roles.contains(&role)
        {
            return Err(Unfit::NotForRole {
                profile: self.name.name.clone(),
                role,
            });
        }
        let steps = read::steps(&self.text, &parameters, Some(facts)).map_err(Unfit::Faults)?;
        Ok(Wishes {
            profile: self.name.clone(),
            role,
            parameters,
            steps,
        })
    }

    fn values(&self, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Unfit> {
        let profile = self.name.name.clone();
        if let Some(parameter) = given
            .keys()
            .find(|name| !self.parameters.contains_key(*name))
        {
            return Err(Unfit::NoSuchParameter {
                profile,
                parameter: parameter.clone(),
                known: self.parameters.keys().cloned().collect(),
            });
        }
        let mut values = BTreeMap::new();
        for (name, parameter) in &self.parameters {
            match given.get(name).or(parameter.default.as_ref()) {
                Some(value) => drop(values.insert(name.clone(), value.clone())),
                None => {
                    return Err(Unfit::Missing {
                        profile,
                        parameter: name.clone(),
                        description: parameter.description.clone(),
                    });
                }
            }
        }
        Ok(values)
    }
}

fn and_known(known: &[String]) -> String {
    match known {
        [] => ": it has none".to_owned(),
        known => format!("; it has {}", known.join(", ")),
    }
}

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;
