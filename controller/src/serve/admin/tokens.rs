//! Join tokens.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use muster_proto::v1;
use tonic::Status;

use super::edit::{LONGEST_NAME, line, taints};
use super::shown::shown_taints;
use super::{Service, status_of_store};
use crate::label::{LabelError, check_key, check_value};
use crate::record::{Taint, TokenRecord};
use crate::store::Write;
use crate::token::{self, Wanted};

const LONGEST_TTL: Duration = Duration::from_secs(365 * 24 * 3600);
const MOST_USES: u32 = 100_000;

impl Service {
    pub(super) async fn create_token(
        &self,
        asked: v1::CreateTokenRequest,
    ) -> Result<v1::CreateTokenResponse, Status> {
        let ttl = Duration::from_secs(asked.ttl_s.into());
        if ttl.is_zero() || ttl > LONGEST_TTL {
            return Err(Status::invalid_argument(
                "a token lives for at least a second and at most a year",
            ));
        }
        if asked.uses == 0 || asked.uses > MOST_USES {
            return Err(Status::invalid_argument(format!(
                "a token admits from 1 to {MOST_USES} nodes"
            )));
        }
        let name = Some(asked.name.as_str()).filter(|name| !name.is_empty());
        line("name", name, 1..=LONGEST_NAME)?;
        let given = given(&asked.labels, &asked.taints);
        let taints = given.map_err(|error| Status::invalid_argument(error.to_string()))?;
        let wanted = Wanted {
            role: v1::Role::try_from(asked.role)
                .ok()
                .and_then(v1::Role::known),
            ttl,
            uses: asked.uses,
            name: Some(asked.name).filter(|name| !name.is_empty()),
            labels: asked.labels.into_iter().collect(),
            taints,
            auto_accept: asked.auto_accept,
        };
        let pin = self.services.authority.pin();
        let made = token::make(wanted, pin, self.services.fleet.now());
        let (token, record) =
            made.map_err(|_| Status::internal("the system gives no randomness"))?;
        let write = Write::Token {
            record: record.clone(),
            expected: 0,
        };
        self.commit(write).await?;
        Ok(v1::CreateTokenResponse {
            token: token.reveal().to_string(),
            record: Some(shown_token(&record)),
        })
    }

    pub(super) async fn list_tokens(
        &self,
        _: v1::ListTokensRequest,
    ) -> Result<v1::ListTokensResponse, Status> {
        let tokens = self.services.fleet.store().tokens().await;
        let tokens = tokens.map_err(|error| status_of_store(&error))?;
        let tokens = tokens.iter().map(shown_token).collect();
        Ok(v1::ListTokensResponse { tokens })
    }

    pub(super) async fn revoke_token(
        &self,
        asked: v1::RevokeTokenRequest,
    ) -> Result<v1::RevokeTokenResponse, Status> {
        let id = asked.id;
        let token = self.services.fleet.store().token(&id).await;
        let token = token.map_err(|error| status_of_store(&error))?;
        let token = token.ok_or_else(|| Status::not_found(format!("there is no token {id:?}")))?;
        let expected = token.revision;
        let record = TokenRecord {
            revoked: true,
            ..token
        };
        self.commit(Write::Token { record, expected }).await?;
        Ok(v1::RevokeTokenResponse {})
    }
}

/// The taints that nodes get, when these and the labels are well written.
fn given(
    labels: &HashMap<String, String>,
    asked: &[v1::Taint],
) -> Result<BTreeMap<String, Taint>, LabelError> {
    for (key, value) in labels {
        check_key(key)?;
        check_value(value)?;
    }
    taints(asked)
}

fn shown_token(token: &TokenRecord) -> v1::TokenRecord {
    v1::TokenRecord {
        id: token.id.clone(),
        role: token
            .role
            .map_or(v1::Role::Unspecified, v1::Role::from)
            .into(),
        created_unix_ms: token.created,
        expires_unix_ms: token.expires,
        uses_left: token.uses_left,
        name: token.name.clone().unwrap_or_default(),
        labels: token.labels.clone().into_iter().collect(),
        revoked: token.revoked,
        auto_accept: token.auto_accept,
        taints: shown_taints(&token.taints),
    }
}
