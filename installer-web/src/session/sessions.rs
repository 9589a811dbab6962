//! Sessions that are open.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// A session that nobody uses is closed after so long.
const IDLE: Duration = Duration::from_mins(30);
/// One that is used, too.
const LONGEST: Duration = Duration::from_hours(12);
/// The one that was used longest ago makes room.
const MOST: usize = 64;

/// What opens a session: 256 random bits.
pub(crate) struct Token(Zeroizing<String>);

/// By the hash of the token, so that nothing that could be read here opens one.
#[derive(Default)]
pub(super) struct Sessions(HashMap<[u8; 32], Session>);

struct Session {
    opened: Instant,
    used: Instant,
}

impl Token {
    /// A new one.
    pub(super) fn make() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self::of(&URL_SAFE_NO_PAD.encode(*bytes)))
    }

    /// As somebody brings it.
    pub(super) fn of(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// For whoever has signed in.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl Sessions {
    pub(super) fn open(&mut self, token: &Token, now: Instant) {
        self.0.retain(|_, session| session.is_good(now));
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, session)| session.used);
            if let Some(hash) = oldest.map(|(hash, _)| *hash) {
                self.0.remove(&hash);
            }
        }
        let session = Session {
            opened: now,
            used: now,
        };
        self.0.insert(token.hash(), session);
    }

    pub(super) fn is_open(&mut self, token: &Token, now: Instant) -> bool {
        match self.0.get_mut(&token.hash()) {
            Some(session) if session.is_good(now) => {
                session.used = now;
                true
            }
            _ => false,
        }
    }

    pub(super) fn close(&mut self, token: &Token) {
        self.0.remove(&token.hash());
    }
}

impl Session {
    fn is_good(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE && now.duration_since(self.opened) < LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_unused_and_also_used() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let token = Token::make().unwrap();
        assert!(!sessions.is_open(&token, now));
        sessions.open(&token, now);
        assert!(sessions.is_open(&token, now));
        assert!(!sessions.is_open(&token, now + IDLE));
        let mut at = now;
        while at < now + LONGEST {
            assert!(sessions.is_open(&token, at));
            at += IDLE / 2;
        }
        assert!(!sessions.is_open(&token, at));
    }

    #[test]
    fn there_are_no_more_than_so_many() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let tokens: Vec<Token> = (0..=MOST).map(|_| Token::make().unwrap()).collect();
        for (later, token) in (0_u64..).zip(&tokens) {
            sessions.open(token, now + Duration::from_millis(later));
        }
        assert_eq!(sessions.0.len(), MOST);
        let later = now + Duration::from_secs(1);
        assert!(!sessions.is_open(&tokens[0], later));
        assert!(sessions.is_open(&tokens[1], later));
        sessions.close(&tokens[1]);
        assert!(!sessions.is_open(&tokens[1], later));
    }
}
