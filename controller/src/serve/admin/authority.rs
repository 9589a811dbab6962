//! The certificate authority: its roots, who knows them, and replacing the root.

use muster_model::NodeStatus;
use muster_proto::v1;
use muster_proto::v1::rotate_authority_request::Step;
use tonic::Status;

use super::Service;
use crate::authority::{RotationError, Shown};
use crate::record::NodeRecord;

/// Who is named in an answer.
const MOST_NAMED: usize = 100;

impl Service {
    pub(super) async fn get_authority(&self) -> Result<v1::GetAuthorityResponse, Status> {
        let authority = &self.services.authority;
        let signing = authority.signing_root();
        let nodes = self.services.fleet.nodes();
        let members: Vec<&NodeRecord> = nodes
            .iter()
            .map(|(record, _)| &**record)
            .filter(|record| is_member(record))
            .collect();
        let administrators = self.good_administrators().await?;
        let roots = authority.shown().into_iter().map(|root| {
            let Shown {
                pin,
                subject,
                ends,
                intermediate_ends,
            } = root;
            let of_it = members
                .iter()
                .filter(|node| node.root.as_ref() == Some(&pin));
            let theirs = administrators.iter().filter(|admin| admin.root == pin);
            v1::Root {
                subject,
                ends_unix_ms: ends,
                intermediate_ends_unix_ms: intermediate_ends,
                signs: pin == signing,
                nodes: count(of_it.count()),
                administrators: count(theirs.count()),
                pin,
            }
        });
        let nodes = members
            .iter()
            .filter(|node| node.root.as_ref() != Some(&signing))
            .map(|node| v1::Behind {
                node: node.id.clone(),
                name: node.name.clone(),
            });
        let theirs = administrators
            .iter()
            .filter(|admin| admin.root != signing)
            .map(|admin| v1::Behind {
                node: String::new(),
                name: admin.name.clone(),
            });
        let mut behind: Vec<v1::Behind> = match authority.is_rotating() {
            true => nodes.chain(theirs).collect(),
            false => Vec::new(),
        };
        let behind_total = count(behind.len());
        behind.truncate(MOST_NAMED);
        Ok(v1::GetAuthorityResponse {
            roots: roots.collect(),
            behind,
            behind_total,
        })
    }

    pub(super) async fn rotate_authority(
        &self,
        admin: &str,
        asked: v1::RotateAuthorityRequest,
    ) -> Result<v1::RotateAuthorityResponse, Status> {
        let _operation = self.services.fleet.operation().await;
        let advice = match asked.step() {
            Step::Start => self.start_rotation()?,
            Step::Finish => self.finish_rotation(asked.cut_off).await?,
            Step::Abort => self.abort_rotation()?,
            Step::Unspecified => return Err(Status::invalid_argument("say which step")),
        };
        tracing::info!(
            admin,
            step = asked.step().as_str_name(),
            "the root is replaced"
        );
        Ok(v1::RotateAuthorityResponse {
            authority: Some(self.get_authority().await?),
            advice,
        })
    }

    fn start_rotation(&self) -> Result<Vec<String>, Status> {
        let now = self.services.fleet.now();
        let begun = self.services.authority.begin_rotation(now);
        let is_shown = begun.map_err(|error| status_of_rotation(&error))?;
        let mut advice = vec![
            "nodes renew their certificates now; `authority show` tells who has not".to_owned(),
            "administrators have to have new certificates issued".to_owned(),
        ];
        if !is_shown {
            advice.push(
                "the old root's key is not here: the controller shows itself by the old root until the end, and join tokens that are made until then end with it".to_owned(),
            );
        }
        Ok(advice)
    }

    fn abort_rotation(&self) -> Result<Vec<String>, Status> {
        let now = self.services.fleet.now();
        let aborted = self.services.authority.abort_rotation(now);
        aborted.map_err(|error| status_of_rotation(&error))?;
        Ok(vec![
            "whoever has a certificate of the other root renews it; `authority show` tells who has not, and `authority rotate --finish` forgets that root".to_owned(),
        ])
    }

    async fn finish_rotation(&self, cut_off: bool) -> Result<Vec<String>, Status> {
        let state = self.get_authority().await?;
        if state.behind_total > 0 && !cut_off {
            return Err(Status::failed_precondition(refusal(&state)));
        }
        let finished = self.services.authority.finish_rotation();
        finished.map_err(|error| status_of_rotation(&error))?;
        Ok(vec![
            "join tokens for the root that was forgotten admit nobody any more".to_owned(),
        ])
    }
}

/// Whoever has a certificate and may use it.
fn is_member(record: &NodeRecord) -> bool {
    record.certificate_serial.is_some() && record.status != NodeStatus::Out
}

fn refusal(state: &v1::GetAuthorityResponse) -> String {
    let named: Vec<&str> = state.behind.iter().map(|one| one.name.as_str()).collect();
    let total = state.behind_total;
    let more = match usize::try_from(total).map_or(0, |total| total - named.len().min(total)) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{total} would be cut off, because they do not know the root that signs yet: {}{more}; wait until they have been heard, have new certificates issued to administrators, or give --cut-off: nodes that are cut off come back by a new join token alone",
        named.join(", ")
    )
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn status_of_rotation(error: &RotationError) -> Status {
    match error {
        RotationError::Begun
        | RotationError::NotBegun
        | RotationError::NoKey { .. }
        | RotationError::NotOwn => Status::failed_precondition(error.to_string()),
        RotationError::Files(_) | RotationError::Authority(_) => {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(%error, cause, "the root is not replaced");
            Status::internal(error.to_string())
        }
    }
}
