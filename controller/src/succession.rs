//! The certificates of one node, of which one is in use: the present one stays good until a new one has been used.
//!
//! A node that asks for a certificate may crash before it has kept the answer, and ask again: every certificate that it was given since
//! counts, until it is seen with one. Then that is the one in use, and all others are revoked.

use muster_model::NodeStatus;
use serde::{Deserialize, Serialize};

use crate::record::{NodeRecord, UnixMs};

/// A node that asks for more without ever using one loses the oldest.
const MOST_ISSUED: usize = 8;

/// What follows on the certificate in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Succession {
    /// How long it is good; not known of one that was issued before this was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// The node's log has that the certificate ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_end_told: bool,
    /// Issued since, and not seen yet; the oldest first.
    pub issued: Vec<Successor>,
    /// The node's certificate has ended, and it asks to be let back with its key.
    pub readmission: Option<Readmission>,
}

/// A certificate that was issued and has not been seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successor {
    /// Its serial number, as hex.
    pub serial: String,
    /// SHA-256 of the DER of its public key (SPKI), as hex.
    pub public_key: String,
    /// As [`Succession::term`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// From when to when a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// When it begins to be.
    pub begins: UnixMs,
    /// When it ends.
    pub ends: UnixMs,
}

impl Term {
    /// Whether the certificate should have been replaced by now: nodes do so after at most four fifths of its life, by their own clock.
    pub fn is_late(self, now: UnixMs) -> bool {
        let left = self.ends.saturating_sub(now);
        let life = self.ends.saturating_sub(self.begins);
        left < life / 6
    }

    /// Whether it is good no more.
    pub fn has_ended(self, now: UnixMs) -> bool {
        self.ends < now
    }
}

/// How far a node is that asks to be let back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readmission {
    /// It asked then, and an administrator has to decide.
    Asked(UnixMs),
    /// An administrator lets it back: it gets a certificate when it asks next.
    Granted,
}

impl NodeRecord {
    /// Notes that a certificate was issued; the serial numbers that have to be revoked for it.
    pub fn certificate_issued(&mut self, certificate: Successor) -> Vec<String> {
        if self.certificate_serial.is_none() {
            self.certificate_serial = Some(certificate.serial);
            self.public_key = certificate.public_key;
            self.succession.term = certificate.term;
            return Vec::new();
        }
        let issued = &mut self.succession.issued;
        issued.push(certificate);
        let excess = issued.len().saturating_sub(MOST_ISSUED);
        issued.drain(..excess).map(|oldest| oldest.serial).collect()
    }

    /// Whether [`Self::certificate_seen`] changes anything.
    pub fn is_news(&self, serial: &str) -> bool {
        self.succession
            .issued
            .iter()
            .any(|one| one.serial == serial)
    }

    /// Notes that the node uses a certificate; the serial numbers that are worth nothing from now on.
    pub fn certificate_seen(&mut self, serial: &str) -> Vec<String> {
        let issued = &mut self.succession.issued;
        let Some(at) = issued.iter().position(|one| one.serial == serial) else {
            return Vec::new();
        };
        let seen = issued.remove(at);
        let others = issued.drain(..).map(|other| other.serial);
        let before = self.certificate_serial.replace(seen.serial);
        let revoked = before.into_iter().chain(others).collect();
        self.public_key = seen.public_key;
        self.succession.term = seen.term;
        self.succession.is_end_told = false;
        revoked
    }

    /// Whether it may fetch its first certificate: none was issued, or it has not shown the one that was, which is good
    /// still; the answer may have got lost.
    pub fn awaits_first_certificate(&self, now: UnixMs) -> bool {
        let is_good = |term: Term| !term.has_ended(now);
        let is_unused = self.root.is_none() && self.succession.term.is_some_and(is_good);
        self.certificate_serial.is_none() || is_unused
    }

    /// Whether a key, by its digest as hex, is this node's.
    pub fn has_key(&self, public_key: &str) -> bool {
        let issued = self.succession.issued.iter();
        let mut keys = issued.map(|one| one.public_key.as_str());
        self.public_key == public_key || keys.any(|key| key == public_key)
    }

    /// That its certificate ends although it should have been renewed, or has ended, for people.
    pub fn certificate_warning(&self, now: UnixMs) -> Option<&'static str> {
        let is_used = self.certificate_serial.is_some() && self.status != NodeStatus::Out;
        let term = self.succession.term.filter(|_| is_used)?;
        if term.has_ended(now) {
            return Some(
                "its certificate has ended; when the node is heard again, it asks to be let back",
            );
        }
        term.is_late(now).then_some(
            "its certificate ends soon, and the node has not renewed it; `muster doctor` says why on the node",
        )
    }

    /// Every certificate that the node may use, by its serial number.
    pub fn serials(&self) -> impl Iterator<Item = &str> {
        let issued = self.succession.issued.iter().map(|one| one.serial.as_str());
        self.certificate_serial.as_deref().into_iter().chain(issued)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> NodeRecord {
        let mut node: NodeRecord = serde_json::from_value(serde_json::json!({
            "id": "n1", "name": "n1", "description": "", "hostname": null, "address": null,
            "machine_id": null, "fingerprint": "", "macs": [], "status": "active", "reason": "",
            "status_since": 0, "role": null, "public_key": "k0", "certificate_serial": null,
            "epoch": 1, "generation": 1, "inventory_digest": null, "tags": [], "labels": {},
            "taints": {}, "agent_version": "", "revision": 1,
        }))
        .unwrap();
        assert_eq!(node.certificate_issued(certificate("s1", "k1", 1)), [""; 0]);
        node
    }

    /// One that ends at `ends`.
    fn certificate(serial: &str, public_key: &str, ends: UnixMs) -> Successor {
        Successor {
            serial: serial.to_owned(),
            public_key: public_key.to_owned(),
            term: Some(Term { begins: 0, ends }),
        }
    }

    #[test]
    fn the_first_is_in_use_at_once_and_its_successor_when_it_is_seen() {
        let mut node = node();
        assert_eq!(node.certificate_issued(certificate("s2", "k2", 2)), [""; 0]);
        assert_eq!(node.certificate_serial.as_deref(), Some("s1"));
        assert_eq!(node.succession.term.unwrap().ends, 1);
        assert!(node.has_key("k1") && node.has_key("k2") && !node.has_key("k0"));
        assert_eq!(
            node.certificate_seen("s1"),
            [""; 0],
            "the old one is still good"
        );
        assert!(node.is_news("s2") && !node.is_news("s1"));
        assert_eq!(node.certificate_seen("s2"), ["s1"]);
        assert!(node.has_key("k2") && !node.has_key("k1"));
        assert_eq!(node.succession.term.unwrap().ends, 2);
        assert_eq!(node.serials().collect::<Vec<_>>(), ["s2"]);
        assert!(!node.is_news("s2"));
    }

    #[test]
    fn of_many_that_were_issued_the_one_that_is_seen_counts() {
        let mut node = node();
        for (serial, key) in [("s2", "k2"), ("s3", "k2"), ("s4", "k3")] {
            node.certificate_issued(certificate(serial, key, 2));
        }
        assert_eq!(node.serials().collect::<Vec<_>>(), ["s1", "s2", "s3", "s4"]);
        assert_eq!(node.certificate_seen("s3"), ["s1", "s2", "s4"]);
        assert_eq!(node.public_key, "k2");
        assert_eq!(node.certificate_seen("s4"), [""; 0], "it is revoked");
    }

    #[test]
    fn who_asks_on_and_on_loses_the_oldest_but_not_the_one_in_use() {
        let mut node = node();
        let mut revoked = Vec::new();
        for number in 2..=12 {
            revoked.extend(node.certificate_issued(certificate(
                &format!("s{number}"),
                "k2",
                number,
            )));
        }
        assert_eq!(revoked, ["s2", "s3", "s4"]);
        assert_eq!(node.serials().count(), 1 + MOST_ISSUED);
        assert_eq!(node.certificate_serial.as_deref(), Some("s1"));
    }

    #[test]
    fn a_certificate_is_late_in_the_last_sixth_of_its_life() {
        let term = Term {
            begins: 0,
            ends: 600,
        };
        assert!(!term.is_late(500) && term.is_late(501));
        assert!(!term.has_ended(600) && term.has_ended(601));
    }
}
