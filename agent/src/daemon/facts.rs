//! What the daemon knows of its machine: the inventory and what follows from it.

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_model::{INVENTORY_SCHEMA, Inventory, NoInventory, Section};
use muster_proto::{DocumentError, v1};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::fingerprint::fingerprint;
use super::observe::{ObserveError, observe};
use super::ports::Observer;

/// What is known of the machine now.
pub(crate) type Known = watch::Receiver<Arc<Facts>>;

/// One discovery, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The inventory, compressed.
    pub(crate) inventory: v1::Document,
    /// The kernel's boot id, 16 bytes; empty when it is not known.
    pub(crate) boot_id: Vec<u8>,
    /// See [`fingerprint`]; empty when there is none.
    pub(crate) fingerprint: Vec<u8>,
    /// SHA-256 of what of the inventory does not change by itself.
    pub(crate) stable: [u8; 32],
}

/// Why the machine cannot be described.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsError {
    #[error("this machine cannot be read")]
    Observe {
        #[from]
        source: ObserveError,
    },
    #[error("the inventory cannot be written as JSON")]
    Json {
        #[from]
        source: serde_json::Error,
    },
    #[error("the inventory cannot be packed")]
    Pack {
        #[from]
        source: DocumentError,
    },
    #[error("the inventory that is known cannot be read")]
    Known {
        #[from]
        source: NoInventory,
    },
}

impl Facts {
    /// Discovers this machine. Blocks, for seconds when a device hangs.
    pub(crate) fn discover(observer: &dyn Observer) -> Result<Self, FactsError> {
        Self::of(observe(observer, &BTreeSet::new())?)
    }

    /// Reads some sections again; none when the machine is as it was, but for what changes by itself. Blocks likewise.
    pub(crate) fn read_again(
        &self,
        observer: &dyn Observer,
        sections: &BTreeSet<Section>,
    ) -> Result<Option<Self>, FactsError> {
        self.renewed(observe(observer, sections)?)
    }

    fn renewed(&self, newer: Inventory) -> Result<Option<Self>, FactsError> {
        // It is kept packed only: the agent is to be small.
        let mut inventory = Inventory::from_json(&self.inventory.unpack(INVENTORY_SCHEMA)?)?;
        inventory.renew(newer);
        let facts = Self::of(inventory)?;
        Ok((facts.stable != self.stable).then_some(facts))
    }

    fn of(inventory: Inventory) -> Result<Self, FactsError> {
        let json = serde_json::to_vec(&inventory)?;
        let boot_id = inventory.host.boot_id.as_deref().and_then(uuid_bytes);
        Ok(Self {
            inventory: v1::Document::pack(INVENTORY_SCHEMA, &json)?,
            boot_id: boot_id.unwrap_or_default(),
            fingerprint: fingerprint(&inventory).map(Vec::from).unwrap_or_default(),
            stable: Sha256::digest(serde_json::to_vec(&inventory.into_stable())?).into(),
        })
    }

    /// What heartbeats carry: the first 16 bytes of the inventory's digest.
    pub(crate) fn digest(&self) -> Vec<u8> {
        self.inventory.digest.iter().take(16).copied().collect()
    }
}

/// The 16 bytes of a UUID.
fn uuid_bytes(uuid: &str) -> Option<Vec<u8>> {
    let digits: Vec<char> = uuid.chars().filter(|letter| *letter != '-').collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    (bytes.len() == 16).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_follow_from_the_inventory() {
        let mut inventory = Inventory {
            schema: INVENTORY_SCHEMA.to_owned(),
            ..Inventory::default()
        };
        inventory.host.boot_id = Some("00010203-0405-0607-0809-0a0b0c0d0eff".to_owned());
        inventory.system.serial = Some("S1".to_owned());
        let facts = Facts::of(inventory.clone()).unwrap();
        assert_eq!(
            facts.boot_id,
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]
        );
        assert_eq!(facts.fingerprint.len(), 32);
        assert_eq!(facts.digest(), facts.inventory.digest[..16]);
        let json = facts.inventory.unpack(INVENTORY_SCHEMA).unwrap();
        let sent: Inventory = serde_json::from_slice(&json).unwrap();
        assert_eq!(sent, inventory);
    }

    #[test]
    fn only_what_somebody_changed_makes_another_document() {
        let mut inventory = Inventory {
            schema: INVENTORY_SCHEMA.to_owned(),
            undiscovered: [Section::Usage].into(),
            ..Inventory::default()
        };
        inventory.host.uptime_s = Some(1);
        inventory.cpu.threads = Some(4);
        let facts = Facts::of(inventory.clone()).unwrap();
        inventory.host.uptime_s = Some(2);
        assert!(facts.renewed(inventory.clone()).unwrap().is_none());

        inventory.undiscovered = Section::ALL.into();
        inventory.undiscovered.remove(&Section::Host);
        inventory.host.hostname = Some("new".to_owned());
        inventory.cpu = Default::default();
        let renewed = facts.renewed(inventory).unwrap().unwrap();
        assert_ne!(renewed.digest(), facts.digest());
        let json = renewed.inventory.unpack(INVENTORY_SCHEMA).unwrap();
        let sent = Inventory::from_json(&json).unwrap();
        assert_eq!(sent.host.hostname.as_deref(), Some("new"));
        assert_eq!(sent.host.uptime_s, Some(2));
        assert_eq!(sent.cpu.threads, Some(4), "it was not read again");
    }

    #[test]
    fn what_is_no_uuid_is_not_known() {
        assert_eq!(uuid_bytes("00010203"), None);
        assert_eq!(uuid_bytes("zz010203-0405-0607-0809-0a0b0c0d0eff"), None);
        assert_eq!(uuid_bytes("é0010203-0405-0607-0809-0a0b0c0d0ef"), None);
    }
}
