//! What a join token is worth now for a machine that is known.
//!
//! That somebody has the secret of a token says that it was handed out to them once. Whether it grants anything is
//! asked each time: it may have ended since, or have been revoked, or have no use left.

use super::{Admission, AdmissionError, Asking};
use crate::record::{NodeRecord, TokenRecord, UnixMs};
use crate::store::Write;
use crate::token;

/// A join token that counts.
#[derive(Debug)]
pub(super) struct Credit {
    token: TokenRecord,
    /// It admitted this machine, which took its use then and has had no certificate for it yet.
    is_paid: bool,
}

impl Credit {
    /// None where the token has ended, was revoked, has no use left, or is for others.
    pub(super) fn of(token: &TokenRecord, record: &NodeRecord, now: UnixMs) -> Option<Self> {
        let admitted_it = record.token.as_ref() == Some(&token.id);
        let is_paid = admitted_it && record.certificate_serial.is_none();
        let uses_left = token.uses_left.saturating_add(u32::from(is_paid));
        let before = TokenRecord {
            uses_left,
            ..token.clone()
        };
        let admits = token::admits(&before, record.role, &record.name, now);
        let token = token.clone();
        admits.ok().map(|()| Self { token, is_paid })
    }

    pub(super) fn token(&self) -> &TokenRecord {
        &self.token
    }

    /// What has to be stored along with what the token grants.
    pub(super) fn spend(&self, record: &mut NodeRecord) -> Vec<Write> {
        if self.is_paid {
            return Vec::new();
        }
        record.token = Some(self.token.id.clone());
        let id = self.token.id.clone();
        vec![Write::UseToken { id }]
    }
}

impl Admission {
    /// What the token that came with the request is worth for a machine that is known. Others may have the last use of it before this
    /// one is stored: then that is a conflict.
    pub(super) async fn credit(
        &self,
        asking: &Asking<'_>,
        record: &NodeRecord,
    ) -> Result<Option<Credit>, AdmissionError> {
        if asking.asked.token.is_empty() {
            return Ok(None);
        }
        let token = self.token(&asking.asked.token).await?;
        Ok(Credit::of(&token, record, self.fleet.now()))
    }
}
