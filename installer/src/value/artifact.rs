//! Where something is brought from, and what it has to be.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{HostPath, NoValue};
use crate::canonical;

/// Where a file is brought from: a URL with `http://` or `https://`, or a path on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// From a server.
    Url(String),
    /// From a file that somebody has put there.
    Path(HostPath),
}

impl TryFrom<String> for Source {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        if text.starts_with('/') {
            return HostPath::try_from(text).map(Self::Path);
        }
        match is_url(&text) {
            true => Ok(Self::Url(text)),
            false => Err(NoValue::because(
                "a source is a path, or a URL with http:// or https:// and without a user, spaces and #",
            )),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => formatter.write_str(url),
            Self::Path(path) => path.fmt(formatter),
        }
    }
}

/// A URL of a proxy for HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct ProxyUrl(String);

impl ProxyUrl {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProxyUrl {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        match is_url(&text) {
            true => Ok(Self(text)),
            false => Err(NoValue::because(
                "a proxy is a URL, such as http://proxy.example.org:3128, without a user",
            )),
        }
    }
}

impl From<ProxyUrl> for String {
    fn from(proxy: ProxyUrl) -> Self {
        proxy.0
    }
}

/// A plan is no place for a password, so that a URL has no user.
fn is_url(text: &str) -> bool {
    const LONGEST: usize = 2048;
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?']).next());
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '#' | '<' | '>' | '\\');
    host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
        && text.len() <= LONGEST
        && text.chars().all(fits)
}

/// A SHA-256: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest(String);

impl Sha256Digest {
    /// Of 32 bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(canonical::hexadecimal(bytes))
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        const DIGITS: usize = 64;
        let digits = text.to_ascii_lowercase();
        match digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            true => Ok(Self(digits)),
            false => Err(NoValue::because(
                "a SHA-256 is 64 hexadecimal digits, as sha256sum prints them",
            )),
        }
    }
}

impl From<Sha256Digest> for String {
    fn from(digest: Sha256Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_path_or_a_url_without_secrets() {
        let source = |text: &str| Source::try_from(text.to_owned());
        for right in [
            "/srv/k3s",
            "https://example.org/k3s?x=1",
            "http://[::1]:80/",
        ] {
            assert_eq!(source(right).unwrap().to_string(), right);
        }
        for wrong in [
            "",
            "k3s",
            "ftp://a/b",
            "https://",
            "https:///a",
            "http://u:p@h/",
            "http://h/a b",
            "/../a",
            "http://h/#a",
        ] {
            assert!(source(wrong).is_err(), "{wrong:?}");
        }
        assert!(ProxyUrl::try_from("proxy:3128".to_owned()).is_err());
    }

    #[test]
    fn a_digest_is_64_digits() {
        let digest = |text: String| Sha256Digest::try_from(text);
        assert_eq!(
            digest("AB".repeat(32)).unwrap().to_string(),
            "ab".repeat(32)
        );
        for wrong in ["", "ab", &"g".repeat(64), &"a".repeat(65)] {
            assert!(digest((*wrong).to_owned()).is_err(), "{wrong}");
        }
    }
}
