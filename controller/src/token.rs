//! Join tokens: made, kept by their hash, and used up.

use std::collections::BTreeMap;
use std::time::Duration;

use muster_model::Role;
use muster_proto::JoinToken;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::hex::hex;
use crate::record::{Taint, TokenRecord, UnixMs};

/// What a new token admits.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The only role; any when none.
    pub role: Option<Role>,
    /// How long it lives.
    pub ttl: Duration,
    /// How many nodes it admits.
    pub uses: u32,
    /// The only name; any when none.
    pub name: Option<String>,
    /// What every node that it admits gets.
    pub labels: BTreeMap<String, String>,
    /// The same, by key.
    pub taints: BTreeMap<String, Taint>,
    /// Whether they are accepted at once.
    pub auto_accept: bool,
}

/// Why a token does not admit. Whoever cannot prove that the token was handed out to them learns nothing
/// but [`Unfit::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no such token, or its secret is another one.
    #[error("the join token is not known here; ask the cluster's administrator for a new one")]
    Unknown,
    /// It was revoked.
    #[error("the join token was revoked; ask the cluster's administrator for a new one")]
    Revoked,
    /// It ended.
    #[error("the join token has expired; ask the cluster's administrator for a new one")]
    Expired,
    /// It has admitted as many nodes as it may.
    #[error(
        "the join token has been used as often as it may; ask the cluster's administrator for a new one"
    )]
    UsedUp,
    /// It is for another role.
    #[error("the join token admits to the role {0} alone")]
    OtherRole(Role),
    /// It is for another name.
    #[error("the join token admits the node {0:?} alone")]
    OtherName(String),
}

/// Makes a token for the root with this pin: what is handed out, and what is kept.
///
/// # Errors
/// The system gives no randomness.
pub fn make(
    wanted: Wanted,
    pin: [u8; 32],
    now: UnixMs,
) -> Result<(JoinToken, TokenRecord), getrandom::Error> {
    let mut secret = Zeroizing::new([0_u8; 32]);
    getrandom::fill(secret.as_mut_slice())?;
    let mut id = [0_u8; 5];
    getrandom::fill(&mut id)?;
    let id = hex(&id);
    let ttl = UnixMs::try_from(wanted.ttl.as_millis()).unwrap_or(UnixMs::MAX);
    let record = TokenRecord {
        id: id.clone(),
        secret_sha256: hex(&Sha256::digest(secret.as_slice())),
        role: wanted.role,
        created: now,
        expires: now.saturating_add(ttl),
        uses_left: wanted.uses,
        name: wanted.name,
        labels: wanted.labels,
        taints: wanted.taints,
        auto_accept: wanted.auto_accept,
        revoked: false,
        revision: 0,
    };
    Ok((JoinToken::new(&id, *secret, pin), record))
}

/// The record, if whoever has `token` was given the one of `record`. Takes the same time for every secret,
/// and for an id that nobody has.
pub fn proved(record: Option<TokenRecord>, token: &JoinToken) -> Option<TokenRecord> {
    // As long as a hash is, and the hash of nothing that is known.
    const NOBODYS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
    let presented = hex(&Sha256::digest(token.secret()));
    let kept = record
        .as_ref()
        .map_or(NOBODYS, |record| record.secret_sha256.as_str());
    let is_same: bool = presented.as_bytes().ct_eq(kept.as_bytes()).into();
    record.filter(|_| is_same)
}

/// Whether a token admits one more node, of this role and name.
///
/// # Errors
/// Why not.
pub fn admits(
    record: &TokenRecord,
    role: Option<Role>,
    name: &str,
    now: UnixMs,
) -> Result<(), Unfit> {
    if record.revoked {
        return Err(Unfit::Revoked);
    }
    if now >= record.expires {
        return Err(Unfit::Expired);
    }
    if record.uses_left == 0 {
        return Err(Unfit::UsedUp);
    }
    match (record.role, role) {
        (Some(only), Some(role)) if only != role => return Err(Unfit::OtherRole(only)),
        _ => {}
    }
    match &record.name {
        Some(only) if only != name => Err(Unfit::OtherName(only.clone())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = 1_790_000_000_000;

    fn made() -> (JoinToken, TokenRecord) {
        let wanted = Wanted {
            role: Some(Role::Worker),
            ttl: Duration::from_secs(3600),
            uses: 1,
            name: Some("n1".to_owned()),
            labels: BTreeMap::new(),
            taints: BTreeMap::new(),
            auto_accept: false,
        };
        make(wanted, [9; 32], NOW).unwrap()
    }

    #[test]
    fn a_token_proves_itself_and_no_other() {
        let (token, record) = made();
        let proves = |token: &JoinToken| proved(Some(record.clone()), token).is_some();
        assert!(proves(&token));
        assert!(proves(&JoinToken::parse(&token.reveal()).unwrap()));
        let mut guessed = *token.secret();
        guessed[31] ^= 1;
        assert!(!proves(&JoinToken::new(token.id(), guessed, [9; 32])));
        assert!(!proves(&made().0));
        assert!(proved(None, &token).is_none());
        assert!(!record.secret_sha256.contains(&hex(token.secret())));
    }

    #[test]
    fn a_token_admits_what_it_is_for() {
        let (_, record) = made();
        let worker = Some(Role::Worker);
        assert_eq!(admits(&record, worker, "n1", NOW), Ok(()));
        assert_eq!(admits(&record, None, "n1", NOW), Ok(()));
        let other = admits(&record, Some(Role::Control), "n1", NOW);
        assert_eq!(other, Err(Unfit::OtherRole(Role::Worker)));
        assert_eq!(
            admits(&record, worker, "n2", NOW),
            Err(Unfit::OtherName("n1".to_owned()))
        );
        assert_eq!(
            admits(&record, worker, "n1", NOW + 3_600_000),
            Err(Unfit::Expired)
        );
        let used = TokenRecord {
            uses_left: 0,
            ..record.clone()
        };
        assert_eq!(admits(&used, worker, "n1", NOW), Err(Unfit::UsedUp));
        let revoked = TokenRecord {
            revoked: true,
            ..record
        };
        assert_eq!(admits(&revoked, worker, "n1", NOW), Err(Unfit::Revoked));
    }
}
