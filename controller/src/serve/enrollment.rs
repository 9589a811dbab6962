//! The service by which machines become nodes.

use std::time::Duration;

use muster_model::NodeStatus;
use muster_proto::v1;
use tonic::{Request, Response, Status};

use super::{Services, peer_address, status_of_move, status_of_store};
use crate::admission::{AdmissionError, Outcome};

/// When a machine that waits for a person should ask again.
const ASK_AGAIN_S: u32 = 5;
/// The same for one that was turned down.
const ASK_AGAIN_REJECTED_S: u32 = 300;

#[derive(Debug)]
pub(super) struct Service {
    services: Services,
}

impl Service {
    pub(super) fn new(services: Services) -> Self {
        Self { services }
    }
}

#[tonic::async_trait]
impl v1::enrollment_server::Enrollment for Service {
    async fn enroll(
        &self,
        request: Request<v1::EnrollRequest>,
    ) -> Result<Response<v1::EnrollResponse>, Status> {
        let from = peer_address(&request).map(|address| address.ip());
        let outcome = self
            .services
            .admission
            .enroll(request.into_inner(), from)
            .await;
        let outcome = match outcome.map_err(|error| status_of(&error))? {
            Outcome::Pending(record) => v1::enroll_response::Outcome::Pending(v1::Pending {
                status: v1::NodeStatus::from(record.status).into(),
                reason: record.reason.clone(),
                retry_after_s: match record.status {
                    NodeStatus::Rejected => ASK_AGAIN_REJECTED_S,
                    _ => ASK_AGAIN_S,
                },
            }),
            Outcome::Issued(issued) => v1::enroll_response::Outcome::Issued(v1::Issued {
                certificate_chain: issued.chain.iter().map(|der| der.to_vec()).collect(),
                roots: self
                    .services
                    .authority
                    .roots()
                    .iter()
                    .map(|der| der.to_vec())
                    .collect(),
            }),
        };
        let outcome = Some(outcome);
        Ok(Response::new(v1::EnrollResponse { outcome }))
    }
}

/// With the hint that gRPC's retry policies know (gRFC A6).
fn slow_down(message: String, wait: Duration) -> Status {
    let mut status = Status::resource_exhausted(message);
    let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let metadata = status.metadata_mut();
    metadata.insert("grpc-retry-pushback-ms", milliseconds.into());
    status
}

pub(super) fn status_of(error: &AdmissionError) -> Status {
    match error {
        AdmissionError::Token(_) => Status::unauthenticated(error.to_string()),
        AdmissionError::Guessing { wait } => slow_down(error.to_string(), *wait),
        AdmissionError::Quarantined(_) => Status::failed_precondition(error.to_string()),
        AdmissionError::Field { .. } => Status::invalid_argument(error.to_string()),
        AdmissionError::OtherKey => Status::already_exists(error.to_string()),
        AdmissionError::Removed => Status::permission_denied(error.to_string()),
        AdmissionError::Authority(error) => Status::invalid_argument(error.to_string()),
        AdmissionError::Store(error) => status_of_store(error),
        AdmissionError::Move(error) => status_of_move(error),
    }
}
