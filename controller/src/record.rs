//! What is kept of nodes, tokens and events.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::{NodeStatus, Role};
use serde::{Deserialize, Serialize};

use crate::succession::Succession;

/// Counts the changes of a record; 0 is a record that was never stored.
pub type Revision = u64;

/// Milliseconds since 1970 by the controller's clock.
pub type UnixMs = i64;

/// A node as the controller knows it. What changes with every heartbeat is not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Random, made by the node; the name in its certificate.
    pub id: String,
    /// What people call it; the host's name at first.
    pub name: String,
    /// What people say of it.
    pub description: String,
    /// The host's own name.
    pub hostname: Option<String>,
    /// Where it was heard from, or what the operator gave.
    pub address: Option<String>,
    /// The host's machine id.
    pub machine_id: Option<String>,
    /// SHA-256 over what identifies the hardware, as hex.
    pub fingerprint: String,
    /// Permanent MAC addresses of the physical interfaces.
    pub macs: BTreeSet<String>,
    /// Where it is in its life.
    pub status: NodeStatus,
    /// Whether its workloads may take their time to leave: it was sent into maintenance without force.
    #[serde(default)]
    pub drains: bool,
    /// Why, for people.
    pub reason: String,
    /// Whose identity it has too: while this stands, it is accepted by nobody but an administrator who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<String>,
    /// Since when.
    pub status_since: UnixMs,
    /// What it is for, once accepted; before, what was asked for.
    pub role: Option<Role>,
    /// SHA-256 of the DER of its public key (SPKI), as hex: a request with another key is another machine.
    pub public_key: String,
    /// The id of the join token that admitted it; not known of one that was admitted before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Serial number of its certificate in use, as hex; none before it is accepted.
    pub certificate_serial: Option<String>,
    /// What follows on that certificate.
    #[serde(default)]
    pub succession: Succession,
    /// The pin of the root of the certificate that it last showed, as hex: it knows that root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Counted up whenever what the node may do is decided anew; a stale one is refused.
    pub epoch: u64,
    /// Counted up whenever its desired state changes.
    pub generation: u64,
    /// SHA-256 of its inventory's JSON, as hex.
    pub inventory_digest: Option<String>,
    /// Free words to find it by.
    pub tags: BTreeSet<String>,
    /// As in Kubernetes.
    pub labels: BTreeMap<String, String>,
    /// By key: value and effect.
    pub taints: BTreeMap<String, Taint>,
    /// The agent's version when it was last told.
    pub agent_version: String,
    /// Counted up by the store with each change.
    pub revision: Revision,
}

/// What it is, for people, and its value: no two machines have one in common.
pub(crate) type Identity<T> = (&'static str, T);

impl NodeRecord {
    /// What tells it from all others; what says most first.
    pub(crate) fn identities(&self) -> impl Iterator<Item = Identity<&str>> {
        let known = [
            ("public key", Some(&self.public_key)),
            ("machine id", self.machine_id.as_ref()),
            ("hardware fingerprint", Some(&self.fingerprint)),
        ];
        let macs = self.macs.iter().map(|mac| ("MAC address", Some(mac)));
        let names = [
            ("name", Some(&self.name)),
            ("hostname", self.hostname.as_ref()),
        ];
        let all = known.into_iter().chain(macs).chain(names);
        let all = all.filter_map(|(what, value)| Some((what, value?.as_str())));
        all.filter(|(_, value)| !value.is_empty())
    }
}

/// What keeps workloads off a node that do not tolerate it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    /// Its value; may be empty.
    pub value: String,
    /// When it keeps them off.
    pub effect: TaintEffect,
}

/// When a taint keeps workloads off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaintEffect {
    /// New ones.
    NoSchedule,
    /// New ones, if there is another node.
    PreferNoSchedule,
    /// Running ones too.
    NoExecute,
}

impl TaintEffect {
    /// Every effect.
    pub const ALL: [Self; 3] = [Self::NoSchedule, Self::PreferNoSchedule, Self::NoExecute];

    /// As Kubernetes writes it.
    pub fn key(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }

    /// The effect that is written so.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.key() == key)
    }
}

/// A join token. The secret itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The public part, by which it is found.
    pub id: String,
    /// SHA-256 of the secret part, as hex. The secret is 256 random bits: no slower hash is needed.
    pub secret_sha256: String,
    /// The only role that it admits to; any when none.
    pub role: Option<Role>,
    /// When it was made.
    pub created: UnixMs,
    /// When it ends.
    pub expires: UnixMs,
    /// How many more nodes it admits.
    pub uses_left: u32,
    /// The only name that it admits.
    pub name: Option<String>,
    /// What every node that it admits gets.
    pub labels: BTreeMap<String, String>,
    /// The same, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub taints: BTreeMap<String, Taint>,
    /// Whether what it admits is accepted at once.
    #[serde(default)]
    pub auto_accept: bool,
    /// An administrator ended it.
    pub revoked: bool,
    /// Counted up by the store with each change.
    pub revision: Revision,
}

impl TokenRecord {
    /// With one use less; none when nothing is left of it.
    pub(crate) fn used(self) -> Option<Self> {
        let uses_left = self.uses_left.checked_sub(1)?;
        (!self.revoked).then_some(Self { uses_left, ..self })
    }
}

/// A certificate of an administrator. Whether it is revoked is known by its serial number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdministratorRecord {
    /// Whose.
    pub name: String,
    /// Its serial number, as hex.
    pub serial: String,
    /// The pin of the root above it, as hex.
    pub root: String,
    /// When it was issued.
    pub issued: UnixMs,
    /// When it ends.
    pub ends: UnixMs,
    /// Who had it issued.
    pub issued_by: String,
}

/// Something that happened to a node, in its log for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Counted by the store, a node at a time, from 1 without gaps.
    pub sequence: u64,
    /// When.
    pub at: UnixMs,
    /// What kind, in snake_case.
    pub kind: String,
    /// For people.
    pub message: String,
    /// Where it is in the node's own spool, when the node saw it: the same is never stored twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spooled: Option<Spooled>,
}

impl EventRecord {
    /// What this controller saw, before the store has numbered it.
    pub fn new(at: UnixMs, kind: &str, message: String) -> Self {
        Self {
            sequence: 0,
            at,
            kind: kind.to_owned(),
            message,
            spooled: None,
        }
    }
}

/// A place in a spool of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spooled {
    /// The spool: 32 hexadecimal digits, new whenever the node begins to count anew.
    pub spool: String,
    /// Counted by the node, from 1 without gaps.
    pub sequence: u64,
}
