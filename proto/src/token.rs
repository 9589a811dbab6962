//! The join token `mst1.<id>.<secret>.<pin>`: what admits a machine, and whom the machine may trust.
//!
//! The id finds the token's record; the secret proves that it was handed out; the pin is the SHA-256 of the
//! public key (SPKI) of the controller's root, so that a machine that knows nothing else gives its
//! secret to nobody else. Id: 10 characters; secret and pin: 32 bytes each, in base64url without padding
//! (RFC 4648, section 5).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const VERSION: &str = "mst1";
const ID_LENGTH: usize = 10;

/// A join token. `Debug` and errors never show its secret.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct JoinToken {
    id: String,
    secret: [u8; 32],
    pin: [u8; 32],
}

/// Why a text is no join token. The text itself is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoToken {
    /// It does not begin with `mst1.`.
    OtherKind,
    /// It has another number of parts than four.
    Parts,
    /// A part has another length or other characters.
    Part(&'static str),
}

impl fmt::Display for NoToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKind => formatter.write_str("a join token begins with mst1."),
            Self::Parts => formatter.write_str(
                "a join token has four parts between dots; a part of it is missing, or something was added",
            ),
            Self::Part(part) => write!(formatter, "the {part} of the join token is damaged"),
        }
    }
}

impl std::error::Error for NoToken {}

impl JoinToken {
    /// A token of these parts. `id` has 10 letters and digits.
    pub fn new(id: &str, secret: [u8; 32], pin: [u8; 32]) -> Self {
        Self {
            id: id.to_owned(),
            secret,
            pin,
        }
    }

    /// Reads a token; space around it does not matter.
    ///
    /// # Errors
    /// [`NoToken`] says what is wrong with it without telling it.
    pub fn parse(text: &str) -> Result<Self, NoToken> {
        let rest = text
            .trim()
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix('.'))
            .ok_or(NoToken::OtherKind)?;
        let parts: Vec<&str> = rest.split('.').collect();
        let [id, secret, pin] = parts.as_slice() else {
            return Err(NoToken::Parts);
        };
        let fits = |letter: char| letter.is_ascii_alphanumeric();
        if id.len() != ID_LENGTH || !id.chars().all(fits) {
            return Err(NoToken::Part("id"));
        }
        Ok(Self {
            id: (*id).to_owned(),
            secret: decode(secret).ok_or(NoToken::Part("secret"))?,
            pin: decode(pin).ok_or(NoToken::Part("pin"))?,
        })
    }

    /// The public part by which it is known.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret part.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// SHA-256 of the root's public key (SPKI).
    pub fn pin(&self) -> &[u8; 32] {
        &self.pin
    }

    /// The token as it is handed out.
    pub fn reveal(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.secret));
        let pin = URL_SAFE_NO_PAD.encode(self.pin);
        Zeroizing::new(format!("{VERSION}.{}.{}.{pin}", self.id, *secret))
    }
}

fn decode(text: &str) -> Option<[u8; 32]> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    bytes.as_slice().try_into().ok()
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "JoinToken({}, redacted)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> JoinToken {
        JoinToken::new("abcDEF0123", [7; 32], [9; 32])
    }

    #[test]
    fn a_token_comes_back_as_it_was() {
        let text = token().reveal();
        let read = JoinToken::parse(&format!("  {}\n", *text)).unwrap();
        assert_eq!(read.id(), "abcDEF0123");
        assert_eq!(read.secret(), &[7; 32]);
        assert_eq!(read.pin(), &[9; 32]);
    }

    #[test]
    fn what_is_damaged_is_refused_without_being_told() {
        let text = token().reveal();
        let secret = text.split('.').nth(2).unwrap();
        let cases = [
            (text.replace("mst1", "mst2"), NoToken::OtherKind),
            (text.replace("mst1.", ""), NoToken::OtherKind),
            (format!("{}.x", *text), NoToken::Parts),
            (text.rsplit_once('.').unwrap().0.to_owned(), NoToken::Parts),
            (text.replace("abcDEF0123", "abc"), NoToken::Part("id")),
            (
                text.replace("abcDEF0123", "abc/EF0123"),
                NoToken::Part("id"),
            ),
            (text.replace(secret, "AAAA"), NoToken::Part("secret")),
            (
                text.get(..text.len() - 1).unwrap().to_owned(),
                NoToken::Part("pin"),
            ),
            (String::new(), NoToken::OtherKind),
        ];
        for (text, expected) in cases {
            let refused = JoinToken::parse(&text).unwrap_err();
            assert_eq!(refused, expected);
            assert!(!refused.to_string().contains(secret));
        }
    }

    #[test]
    fn debug_output_has_no_secret() {
        let told = format!("{:?}", token());
        assert_eq!(told, "JoinToken(abcDEF0123, redacted)");
    }
}
