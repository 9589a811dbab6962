//! Documents of JSON on the wire: compressed, with their digest.

use std::io::Read as _;

use sha2::{Digest as _, Sha256};

use crate::v1;

/// An inventory of the largest machine is a few MiB of JSON.
const LARGEST_JSON: u64 = 64 << 20;
/// Quick, and a fifth of the size.
const LEVEL: i32 = 3;

/// Why a document from the wire cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is another kind of document.
    #[error("a document {found:?} came, and {wanted} is wanted")]
    OtherSchema {
        /// Its schema.
        found: String,
        /// The schema that was asked for.
        wanted: &'static str,
    },
    /// It is not zstd.
    #[error("the document cannot be decompressed")]
    Compression {
        /// Why.
        #[from]
        source: std::io::Error,
    },
    /// It is too large.
    #[error("the document is larger than {} MiB", LARGEST_JSON >> 20)]
    TooLarge,
    /// Its content is not what its digest says.
    #[error("the document's content has another digest than it says")]
    Digest,
}

impl v1::Document {
    /// Packs JSON.
    ///
    /// # Errors
    /// Compression fails, for want of memory.
    pub fn pack(schema: &str, json: &[u8]) -> Result<Self, DocumentError> {
        Ok(Self {
            schema: schema.to_owned(),
            digest: Sha256::digest(json).to_vec(),
            content: zstd::encode_all(json, LEVEL)?,
        })
    }

    /// A document of `content` that somebody packed and that is whole: it has the digest of what is in it.
    ///
    /// # Errors
    /// It is not zstd, or too large.
    pub fn of_content(schema: &str, content: Vec<u8>) -> Result<Self, DocumentError> {
        Ok(Self {
            schema: schema.to_owned(),
            digest: Sha256::digest(decompressed(&content)?).to_vec(),
            content,
        })
    }

    /// Takes the JSON out, up to 64 MiB, when it is what it says.
    ///
    /// # Errors
    /// It is another document, too large, or damaged.
    pub fn unpack(&self, schema: &'static str) -> Result<Vec<u8>, DocumentError> {
        if self.schema != schema {
            return Err(DocumentError::OtherSchema {
                found: self.schema.chars().take(64).collect(),
                wanted: schema,
            });
        }
        let json = decompressed(&self.content)?;
        if Sha256::digest(&json).as_slice() != self.digest {
            return Err(DocumentError::Digest);
        }
        Ok(json)
    }
}

fn decompressed(content: &[u8]) -> Result<Vec<u8>, DocumentError> {
    let mut json = Vec::new();
    let decoder = zstd::Decoder::new(content)?;
    decoder.take(LARGEST_JSON + 1).read_to_end(&mut json)?;
    match json.len() as u64 > LARGEST_JSON {
        true => Err(DocumentError::TooLarge),
        false => Ok(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_a_document_again() {
        let packed = v1::Document::pack("a", b"{}").unwrap();
        let again = v1::Document::of_content("a", packed.content.clone()).unwrap();
        assert_eq!(again, packed);
        let damaged = v1::Document::of_content("a", b"no zstd".to_vec()).unwrap_err();
        assert!(matches!(damaged, DocumentError::Compression { .. }));
    }

    #[test]
    fn a_document_comes_back_as_it_was() {
        let json = br#"{"schema": "muster.inventory/v1"}"#;
        let packed = v1::Document::pack("muster.inventory/v1", json).unwrap();
        assert_eq!(packed.unpack("muster.inventory/v1").unwrap(), json);
        let other = packed.unpack("muster.verdict/v1").unwrap_err();
        assert!(matches!(other, DocumentError::OtherSchema { .. }));
    }

    #[test]
    fn what_is_damaged_or_a_bomb_is_refused() {
        let mut damaged = v1::Document::pack("a", b"{}").unwrap();
        damaged.digest[0] ^= 1;
        assert!(matches!(damaged.unpack("a"), Err(DocumentError::Digest)));
        damaged.content.truncate(3);
        assert!(matches!(
            damaged.unpack("a"),
            Err(DocumentError::Compression { .. })
        ));
        let bomb = vec![b' '; usize::try_from(LARGEST_JSON).unwrap() + 1];
        let bomb = v1::Document::pack("a", &bomb).unwrap();
        assert!(bomb.content.len() < 1 << 20);
        assert!(matches!(bomb.unpack("a"), Err(DocumentError::TooLarge)));
    }
}
