//! The one-time code: short enough to be typed from a console, and too long to be guessed.

use std::fmt;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// How long a code is good that nobody uses.
pub const CODE_LASTS: Duration = Duration::from_hours(1);

/// Crockford's base 32: no letter that is taken for a digit or another letter.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Of five bits each: 80.
const LENGTH: usize = 16;
const GROUP: usize = 4;

/// A code as it is shown, in groups: `7K3M-9QXD-2V8R-HT4C`. `Debug` does not show it.
pub struct Code(Zeroizing<String>);

/// What is kept of it.
pub(super) struct Kept {
    hash: [u8; 32],
    until: Instant,
}

/// Makes one.
pub(super) fn make(now: Instant) -> Result<(Code, Kept), getrandom::Error> {
    let mut bytes = Zeroizing::new([0_u8; LENGTH]);
    getrandom::fill(&mut *bytes)?;
    // Whole before it is written to: what grows would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32: every letter is as likely as the others.
        let letter = LETTERS.get(usize::from(byte % 32)).copied();
        text.push(char::from(letter.unwrap_or_default()));
    }
    let kept = Kept {
        hash: hash(&text),
        until: now + CODE_LASTS,
    };
    Ok((Code(text), kept))
}

impl Code {
    /// To be shown to whoever may sign in, and to nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Code(…)")
    }
}

impl Kept {
    /// When it is void.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Whether it is this one, however it is grouped and in letters of either case.
    pub(super) fn is(&self, typed: &str, now: Instant) -> bool {
        let is_same = bool::from(self.hash.ct_eq(&hash(typed)));
        is_same && now < self.until
    }
}

/// Of the letters alone, with those that look alike taken for each other (Crockford, "Base 32").
fn hash(typed: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for letter in typed.bytes().filter(u8::is_ascii_alphanumeric) {
        let letter = match letter.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        hasher.update([letter]);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_code_is_typed_as_people_type() {
        let (code, kept) = make(Instant::now()).unwrap();
        let now = Instant::now();
        let text = code.reveal();
        assert_eq!(text.len(), 19);
        assert!(kept.is(text, now));
        assert!(kept.is(&text.to_lowercase().replace('-', " "), now));
        assert!(kept.is(&text.replace('0', "o").replace('1', "l"), now));
        assert!(!kept.is(&text[1..], now));
        assert!(!kept.is("", now));
        assert!(!kept.is(text, now + CODE_LASTS));
        assert_eq!(format!("{code:?}"), "Code(…)");
    }

    #[tokio::test]
    async fn codes_differ() {
        let texts = (0..64).map(|_| make(Instant::now()).unwrap().0.reveal().to_owned());
        let texts: std::collections::BTreeSet<String> = texts.collect();
        assert_eq!(texts.len(), 64);
    }
}
