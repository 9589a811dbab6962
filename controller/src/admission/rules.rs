//! Rules by which machines are accepted without a person.
//!
//! A newcomer that asks has proved that it holds a join token that is good, and a node that comes back that it has its old key.
//! Its name, serial numbers and addresses are what it says of itself: a rule that asks for these alone trusts
//! whoever holds any token.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use muster_adequacy::Verdict;
use muster_adequacy::verdict::Standing;
use muster_model::{Inventory, Role};

use super::judging::standing;
use crate::record::{NodeRecord, Taint, TokenRecord};

/// One rule: which machines, and what they become. What is `None` is not asked for; all else has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// By which events name it.
    pub name: String,
    /// The id of the join token that the machine asks with.
    pub token: Option<String>,
    /// How it stands by the policy at worst. An inadequate machine is never accepted.
    pub standing: Option<Standing>,
    /// Whether it lets back, too, nodes that have lost their certificate and prove their old key, without a join token.
    pub readmit: bool,
    /// Its hardware fingerprint is among these, in lower-case hex.
    pub fingerprints: Option<BTreeSet<String>>,
    /// The serial number of the system or of its board is among these.
    pub serials: Option<BTreeSet<String>>,
    /// A permanent address of a physical interface is among these, in lower case.
    pub macs: Option<BTreeSet<String>>,
    /// Its name is like this.
    pub node_name: Option<glob::Pattern>,
    /// It asks from one of these.
    pub networks: Option<Vec<IpNet>>,
    /// What it is to be; what the token or the machine says unless given.
    pub role: Option<Role>,
    /// What it gets.
    pub labels: BTreeMap<String, String>,
    /// What it gets.
    pub taints: BTreeMap<String, Taint>,
}

/// A machine that may be accepted.
pub(super) struct Newcomer<'a> {
    pub(super) record: &'a NodeRecord,
    /// None where it proves its key alone.
    pub(super) token: Option<&'a TokenRecord>,
    pub(super) inventory: &'a Inventory,
    pub(super) verdict: &'a Verdict,
    pub(super) from: Option<IpAddr>,
}

/// Why it is accepted, and as what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) reason: String,
    pub(super) role: Role,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) taints: BTreeMap<String, Taint>,
}

/// What the first rule that fits gives, or the join token by itself.
pub(super) fn grant(rules: &[Rule], newcomer: &Newcomer<'_>) -> Option<Grant> {
    let fitting = rules.iter().find(|rule| rule.fits(newcomer));
    fitting
        .map(|rule| rule.grant(newcomer))
        .or_else(|| by_token(newcomer))
}

/// Why a node that comes back is let back without a person, if it is. It stays what it is.
pub(super) fn readmission(rules: &[Rule], back: &Newcomer<'_>) -> Option<String> {
    let counts = |rule: &&Rule| {
        let is_asked = rule.readmit || back.token.is_some();
        is_asked && (rule.role.is_none() || rule.role == back.record.role)
    };
    let fitting = rules.iter().filter(counts).find(|rule| rule.fits(back));
    let by_rule = fitting.map(|rule| format!("let back by the rule {:?}", rule.name));
    let by_token = || by_token(back).and(back.token);
    by_rule.or_else(|| by_token().map(|token| format!("let back by the join token {}", token.id)))
}

fn by_token(newcomer: &Newcomer<'_>) -> Option<Grant> {
    let token = newcomer.token.filter(|token| token.auto_accept)?;
    let role = newcomer.role(token.role);
    let fits = newcomer.standing(role) < Standing::Inadequate;
    fits.then(|| Grant {
        reason: format!("accepted by the join token {}", token.id),
        role,
        labels: BTreeMap::new(),
        taints: BTreeMap::new(),
    })
}

impl Rule {
    /// Whether it has no condition at all.
    pub(crate) fn asks_for_nothing(&self) -> bool {
        let Self {
            name: _,
            token,
            standing,
            readmit: _,
            fingerprints,
            serials,
            macs,
            node_name,
            networks,
            role: _,
            labels: _,
            taints: _,
        } = self;
        token.is_none()
            && standing.is_none()
            && fingerprints.is_none()
            && serials.is_none()
            && macs.is_none()
            && node_name.is_none()
            && networks.is_none()
    }

    fn fits(&self, newcomer: &Newcomer<'_>) -> bool {
        let Newcomer {
            record,
            token,
            inventory,
            from,
            ..
        } = newcomer;
        let serials = [&inventory.system.serial, &inventory.board.serial];
        let mut serials = serials.into_iter().flatten();
        holds(&self.token, |id| token.is_some_and(|token| *id == token.id))
            && holds(&self.fingerprints, |all| all.contains(&record.fingerprint))
            && holds(&self.serials, |all| {
                serials.any(|serial| all.contains(serial))
            })
            && holds(&self.macs, |all| {
                record
                    .macs
                    .iter()
                    .any(|mac| all.contains(&mac.to_lowercase()))
            })
            && holds(&self.node_name, |pattern| pattern.matches(&record.name))
            && holds(&self.networks, |all| {
                let within = |from: &IpAddr| all.iter().any(|network| network.contains(from));
                from.as_ref().is_some_and(within)
            })
            && self.is_satisfied(newcomer.standing(newcomer.role(self.role)))
    }

    fn is_satisfied(&self, standing: Standing) -> bool {
        let worst = self.standing.unwrap_or(Standing::Undetermined);
        standing < Standing::Inadequate && standing <= worst
    }

    fn grant(&self, newcomer: &Newcomer<'_>) -> Grant {
        Grant {
            reason: format!("accepted by the rule {:?}", self.name),
            role: newcomer.role(self.role),
            labels: self.labels.clone(),
            taints: self.taints.clone(),
        }
    }
}

impl Newcomer<'_> {
    fn role(&self, given: Option<Role>) -> Role {
        let token = self.token.and_then(|token| token.role);
        let said = token.or(self.record.role);
        given.or(said).unwrap_or(Role::Worker)
    }

    fn standing(&self, role: Role) -> Standing {
        standing(self.verdict, Some(role)).unwrap_or(Standing::Undetermined)
    }
}

fn holds<T>(condition: &Option<T>, test: impl FnOnce(&T) -> bool) -> bool {
    condition.as_ref().is_none_or(test)
}

#[cfg(test)]
mod tests;
