//! Certificates of administrators.

use std::time::Duration;

use muster_proto::v1;
use tonic::Status;

use super::{Service, status_of_store};
use crate::authority::Request;
use crate::peer::Peer;
use crate::record::AdministratorRecord;
use crate::store::{Transaction, Write};

/// Where they are noted.
const NOTE: &str = "administrators";
const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);
const LONGEST_NAME: usize = 64;
/// What has ended is forgotten after so long.
const REMEMBERED_MS: i64 = 366 * 24 * 3600 * 1000;

impl Service {
    pub(super) async fn issue_administrator(
        &self,
        admin: &str,
        asked: v1::IssueAdministratorRequest,
    ) -> Result<v1::IssueAdministratorResponse, Status> {
        let name = name(asked.name)?;
        let life = Duration::from_secs(asked.ttl_s.into());
        if life.is_zero() || life > LONGEST_LIFE {
            let message =
                "an administrator's certificate lives for at least a second and at most 366 days";
            return Err(Status::invalid_argument(message));
        }
        let invalid =
            |error: crate::authority::AuthorityError| Status::invalid_argument(error.to_string());
        let request = Request::parse(&asked.certificate_request).map_err(invalid)?;
        let _operation = self.services.fleet.operation().await;
        let now = self.services.fleet.now();
        let authority = &self.services.authority;
        let peer = Peer::Admin(name.clone());
        let issued = authority
            .issue(request, &peer, now, life)
            .map_err(invalid)?;
        let life_ms = i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        let record = AdministratorRecord {
            name,
            serial: issued.serial,
            root: issued.root,
            issued: now,
            ends: now.saturating_add(life_ms),
            issued_by: admin.to_owned(),
        };
        let mut all = self.administrators().await?;
        all.retain(|known| known.ends > now - REMEMBERED_MS);
        all.push(record.clone());
        self.commit(note(&all)?).await?;
        tracing::info!(
            admin,
            name = record.name,
            serial = record.serial,
            "an administrator's certificate was issued"
        );
        Ok(v1::IssueAdministratorResponse {
            certificate_chain: issued.chain.iter().map(|der| der.to_vec()).collect(),
            roots: authority.roots().iter().map(|der| der.to_vec()).collect(),
            record: Some(self.shown_administrator(&record)),
        })
    }

    pub(super) async fn list_administrators(
        &self,
    ) -> Result<v1::ListAdministratorsResponse, Status> {
        let all = self.administrators().await?;
        let shown = all.iter().map(|record| self.shown_administrator(record));
        Ok(v1::ListAdministratorsResponse {
            administrators: shown.collect(),
        })
    }

    pub(super) async fn revoke_administrator(
        &self,
        admin: &str,
        asked: v1::RevokeAdministratorRequest,
    ) -> Result<v1::RevokeAdministratorResponse, Status> {
        let wanted = asked.administrator;
        let mut serials: Vec<String> = self
            .administrators()
            .await?
            .into_iter()
            .filter(|record| record.name == wanted || record.serial == wanted)
            .map(|record| record.serial)
            .collect();
        if serials.is_empty() {
            let message = format!("there is no administrator {wanted:?}");
            return Err(Status::not_found(message));
        }
        serials.retain(|serial| !self.services.revoked.has(serial));
        let revoke = |serial: &String| Write::Revoke {
            serial: serial.clone(),
        };
        let writes = serials.iter().map(revoke).collect();
        let stored = self
            .services
            .fleet
            .store()
            .commit(Transaction { writes })
            .await;
        stored.map_err(|error| status_of_store(&error))?;
        for serial in &serials {
            self.services.revoked.add(serial);
            tracing::info!(admin, serial, "an administrator's certificate was revoked");
        }
        Ok(v1::RevokeAdministratorResponse {
            revoked: u32::try_from(serials.len()).unwrap_or(u32::MAX),
        })
    }

    /// Those whose certificate can be used now.
    pub(super) async fn good_administrators(&self) -> Result<Vec<AdministratorRecord>, Status> {
        let now = self.services.fleet.now();
        let mut all = self.administrators().await?;
        all.retain(|record| record.ends > now && !self.services.revoked.has(&record.serial));
        Ok(all)
    }

    async fn administrators(&self) -> Result<Vec<AdministratorRecord>, Status> {
        let noted = self.services.fleet.store().note(NOTE).await;
        let noted = noted.map_err(|error| status_of_store(&error))?;
        let read = noted.map(|noted| serde_json::from_str(&noted)).transpose();
        let read =
            read.map_err(|error| Status::internal(format!("{NOTE} are damaged: {error}")))?;
        Ok(read.unwrap_or_default())
    }

    fn shown_administrator(&self, record: &AdministratorRecord) -> v1::Administrator {
        v1::Administrator {
            name: record.name.clone(),
            serial: record.serial.clone(),
            issued_unix_ms: record.issued,
            ends_unix_ms: record.ends,
            issued_by: record.issued_by.clone(),
            revoked: self.services.revoked.has(&record.serial),
        }
    }
}

fn note(all: &[AdministratorRecord]) -> Result<Write, Status> {
    let value = serde_json::to_string(all);
    let value = value.map_err(|error| Status::internal(error.to_string()))?;
    let key = NOTE.to_owned();
    Ok(Write::Note { key, value })
}

/// Stands in the certificate and in logs.
fn name(text: String) -> Result<String, Status> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "@._-".contains(letter);
    match !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(fits) {
        true => Ok(text),
        false => Err(Status::invalid_argument(format!(
            "an administrator's name has from 1 to {LONGEST_NAME} of letters, digits, @, ., _ and -"
        ))),
    }
}
