//! What the daemon knows of its machine: the inventory and what follows from it.

use muster_discovery::{Fault, Options, Source, discover};
use muster_model::{INVENTORY_SCHEMA, Inventory};
use muster_proto::{DocumentError, v1};

use super::fingerprint::fingerprint;

/// One discovery, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The inventory, compressed.
    pub(crate) inventory: v1::Document,
    /// The kernel's boot id, 16 bytes; empty when it is not known.
    pub(crate) boot_id: Vec<u8>,
    /// See [`fingerprint`]; empty when there is none.
    pub(crate) fingerprint: Vec<u8>,
}

/// Why the machine cannot be described.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsError {
    #[error("this machine cannot be read")]
    Source {
        #[from]
        source: Fault,
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
}

impl Facts {
    /// Discovers this machine. Blocks, for seconds when a device hangs.
    pub(crate) fn discover() -> Result<Self, FactsError> {
        Self::of(&discover(&Source::live()?, &Options::default()).inventory)
    }

    fn of(inventory: &Inventory) -> Result<Self, FactsError> {
        let json = serde_json::to_vec(inventory)?;
        let boot_id = inventory.host.boot_id.as_deref().and_then(uuid_bytes);
        Ok(Self {
            inventory: v1::Document::pack(INVENTORY_SCHEMA, &json)?,
            boot_id: boot_id.unwrap_or_default(),
            fingerprint: fingerprint(inventory).map(Vec::from).unwrap_or_default(),
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
        let facts = Facts::of(&inventory).unwrap();
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
    fn what_is_no_uuid_is_not_known() {
        assert_eq!(uuid_bytes("00010203"), None);
        assert_eq!(uuid_bytes("zz010203-0405-0607-0809-0a0b0c0d0eff"), None);
        assert_eq!(uuid_bytes("é0010203-0405-0607-0809-0a0b0c0d0ef"), None);
    }
}
