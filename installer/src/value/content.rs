//! What is in a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Attributes, NoValue};

/// The bytes of a file: text where they are text in UTF-8, else in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "Written"))]
#[serde(try_from = "Written", into = "Written")]
pub struct Content(Vec<u8>);

/// A file as it was or is to be, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptFile {
    /// What is in it.
    pub content: Content,
    /// Whose it is, and what may be done to it.
    pub attributes: Attributes,
}

impl KeptFile {
    /// A text that everybody may read, and root alone write.
    pub(crate) fn of_root(text: &str) -> Self {
        const PUBLIC: u32 = 0o644;
        Self {
            content: Content::from(text),
            attributes: Attributes::of_root(PUBLIC),
        }
    }
}

/// As it is written in documents.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum Written {
    Text(String),
    Bytes { base64: String },
}

impl Content {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its text; none when it is no text in UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl TryFrom<Written> for Content {
    type Error = NoValue;

    fn try_from(written: Written) -> Result<Self, NoValue> {
        match written {
            Written::Text(text) => Ok(Self(text.into_bytes())),
            Written::Bytes { base64 } => match STANDARD.decode(base64) {
                Ok(bytes) => Ok(Self(bytes)),
                Err(error) => Err(NoValue::because(format!("this is no base64: {error}"))),
            },
        }
    }
}

impl From<Content> for Written {
    fn from(content: Content) -> Self {
        match String::from_utf8(content.0) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Bytes {
                base64: STANDARD.encode(error.as_bytes()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_readable_and_bytes_come_back() {
        for (bytes, json) in [
            (b"a\n".to_vec(), r#""a\n""#),
            (Vec::new(), r#""""#),
            (vec![0xff, 0], r#"{"base64":"/wA="}"#),
        ] {
            let content = Content::from(bytes);
            assert_eq!(serde_json::to_string(&content).unwrap(), json);
            assert_eq!(serde_json::from_str::<Content>(json).unwrap(), content);
        }
        assert!(serde_json::from_str::<Content>(r#"{"base64":"?"}"#).is_err());
    }
}
