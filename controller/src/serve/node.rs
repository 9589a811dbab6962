//! The service that enrolled nodes call. A node speaks for itself alone: who it is stands in its certificate.

use std::pin::Pin;
use std::sync::Arc;

use muster_model::workload::WORKLOADS_SCHEMA;
use muster_model::{INVENTORY_SCHEMA, NodeStatus, Role};
use muster_proto::v1;
use muster_proto::v1::node_report::Progress;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::{Services, milliseconds, status_of_move, status_of_store};
use crate::hex::hex;
use crate::lifecycle::Event;
use crate::peer::Peer;
use crate::record::NodeRecord;
use crate::spool::{self, SpoolError};
use crate::store::Write;

/// The longest reason of a node that is kept.
const LONGEST_REASON: usize = 4096;

const NOBODY: &str = "a node shows its certificate; none was shown";

#[derive(Debug)]
pub(super) struct Service {
    services: Services,
}

impl Service {
    pub(super) fn new(services: Services) -> Self {
        Self { services }
    }

    /// The node that calls. With the first call by a new certificate, those before it are revoked.
    async fn caller<T>(&self, request: &Request<T>) -> Result<Arc<NodeRecord>, Status> {
        let identified = self.services.caller(request, NOBODY)?;
        let Peer::Node(id) = &identified.peer else {
            return Err(Status::permission_denied("this is for nodes alone"));
        };
        let node = self.services.fleet.node(id).map(|(record, _)| record);
        let node = node.ok_or_else(|| Status::permission_denied("this node is not known here"))?;
        match node.status {
            NodeStatus::Out => Err(removed()),
            _ if node.is_news(&identified.serial) => self.succeed(&node, &identified.serial).await,
            _ => Ok(node),
        }
    }

    async fn succeed(&self, node: &NodeRecord, serial: &str) -> Result<Arc<NodeRecord>, Status> {
        let note = format!("certificate {serial} is in use");
        let edit = |record: &mut NodeRecord| {
            let revoked = record.certificate_seen(serial).into_iter();
            revoked.map(|serial| Write::Revoke { serial }).collect()
        };
        let after = self.services.fleet.edit_with(&node.id, &note, edit).await;
        let after = after.map_err(|error| status_of_move(&error))?;
        let spent = node
            .serials()
            .filter(|serial| !after.serials().any(|left| left == *serial));
        spent.for_each(|serial| self.services.revoked.add(serial));
        Ok(after)
    }

    /// What the node says of itself becomes what happens to it, one step at a time.
    async fn take(
        &self,
        mut node: Arc<NodeRecord>,
        beat: &v1::HeartbeatRequest,
    ) -> Result<(), Status> {
        // From approved to active there are three steps; nothing takes more.
        const MOST_STEPS: usize = 4;
        for _ in 0..MOST_STEPS {
            let Some((event, reason)) = meaning(&node, beat) else {
                break;
            };
            let before = node.status;
            let after = self.services.fleet.happen(&node.id, event, &reason).await;
            match after.map_err(|error| status_of_move(&error))? {
                Some(after) => node = after,
                None => return Err(Status::not_found("the node was deleted")),
            }
            if node.status == before {
                break;
            }
        }
        Ok(())
    }
}

/// What the report of a heartbeat means for a node as it is now.
fn meaning(node: &NodeRecord, beat: &v1::HeartbeatRequest) -> Option<(Event, String)> {
    use NodeStatus::{
        Activating, Active, Approved, EnteringMaintenance, Failed, Fenced, Starting, Unfencing,
    };
    let report = beat.report.as_ref()?;
    let progress = report.progress();
    let told = |event: Event, reason: &str| Some((event, reason.to_owned()));
    if progress == Progress::Failed
        && matches!(
            node.status,
            Approved | Starting | Activating | Active | Unfencing | EnteringMaintenance
        )
    {
        return told(Event::FailureReported, &bounded(&report.reason));
    }
    match (node.status, progress) {
        (Approved, Progress::Applying | Progress::Installed | Progress::Ready) => {
            told(Event::StartReported, "the node applies its plan")
        }
        (Starting, Progress::Installed | Progress::Ready) => {
            told(Event::InstalledReported, "the node has applied its plan")
        }
        (Activating, Progress::Ready) => told(Event::ReadyReported, "every readiness check passes"),
        (Failed, Progress::Ready) => told(
            Event::RecoveryReported,
            "the node reports no error any more",
        ),
        (Fenced, _) => told(Event::Heard, "the node is heard again"),
        // What it says of an older epoch proves nothing of this one.
        (Unfencing, _) if report.nothing_of_old_epoch_runs && beat.epoch == node.epoch => {
            told(Event::CleanReported, "nothing of the old epoch runs")
        }
        // Before it had heard of the maintenance, it might have started another one right after.
        (EnteringMaintenance, _)
            if report.workloads == Some(0) && beat.generation == node.generation =>
        {
            told(Event::Drained, "no workload runs")
        }
        _ => None,
    }
}

#[tonic::async_trait]
impl v1::node_server::Node for Service {
    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        let is_late = self
            .services
            .caller(&request, NOBODY)?
            .term()
            .is_late(self.services.fleet.now());
        let node = self.caller(&request).await?;
        let node = self.services.note_root(node, &request).await?;
        let connection = request.extensions().get::<super::tls::Connection>();
        let connection = connection.map(|connection| (connection.link, connection.address.ip()));
        let beat = request.into_inner();
        if let Some((link, from)) = connection {
            let admission = &self.services.admission;
            let looked = admission.look_for_copy(&node, &beat, link, from).await;
            looked.map_err(|error| super::enrollment::status_of(&error))?;
        }
        // Before anything is made of the report: a stale controller would count up to what the node knows by itself.
        if beat.epoch > node.epoch || beat.generation > node.generation {
            return Err(Status::failed_precondition(
                "the node knows a later epoch or generation than this controller: it is a stale one",
            ));
        }
        let fleet = &self.services.fleet;
        let id = node.id.clone();
        self.take(node, &beat).await?;
        // The lease and what it is for are of one moment: nobody is told to go on who is being fenced.
        let grant = fleet.heard(&id, beat.gauges, beat.report);
        let grant = grant.ok_or_else(|| Status::not_found("the node was deleted"))?;
        let node = grant.record;
        let known = node.inventory_digest.as_deref().unwrap_or_default();
        let told = hex(&beat.inventory_digest);
        Ok(Response::new(v1::HeartbeatResponse {
            interval_ms: milliseconds(grant.interval),
            lease_ms: milliseconds(grant.lease),
            epoch: node.epoch,
            desired: Some(desired(&node)),
            send_inventory: !told.is_empty() && !known.starts_with(&told),
            now_unix_ms: fleet.now(),
            endpoints: Vec::new(),
            send_workloads: fleet.wants_workloads(&id),
            renew_certificate: is_late || self.services.authority.wants_renewal(&node),
        }))
    }

    async fn report_inventory(
        &self,
        request: Request<v1::ReportInventoryRequest>,
    ) -> Result<Response<v1::ReportInventoryResponse>, Status> {
        let node = self.caller(&request).await?;
        let document = request.into_inner().inventory;
        let document =
            document.ok_or_else(|| Status::invalid_argument("the inventory is missing"))?;
        let json = document
            .unpack(INVENTORY_SCHEMA)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let admission = &self.services.admission;
        let taken = admission.reported(&node, &json, document).await;
        taken.map_err(|error| super::enrollment::status_of(&error))?;
        Ok(Response::new(v1::ReportInventoryResponse {}))
    }

    async fn report_workloads(
        &self,
        request: Request<v1::ReportWorkloadsRequest>,
    ) -> Result<Response<v1::ReportWorkloadsResponse>, Status> {
        let node = self.caller(&request).await?;
        let document = request.into_inner().workloads;
        if let Some(document) = &document {
            let read = document.unpack(WORKLOADS_SCHEMA);
            read.map_err(|error| Status::invalid_argument(error.to_string()))?;
        }
        self.services.fleet.told_workloads(&node.id, &document);
        Ok(Response::new(v1::ReportWorkloadsResponse {}))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::WatchResponse, Status>> + Send>>;

    // Heartbeats carry the desired state too, so that a stream that is lost loses nothing.
    async fn watch(
        &self,
        request: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let node = self.caller(&request).await?;
        let fleet = Arc::clone(&self.services.fleet);
        let watch = fleet.watch(&node.id, request.into_inner().generation);
        let told = watch.map(|news| match news.record.status {
            NodeStatus::Out => Err(removed()),
            _ => Ok(v1::WatchResponse {
                desired: Some(desired(&news.record)),
                beat: news.is_asked,
            }),
        });
        Ok(Response::new(Box::pin(told)))
    }

    async fn deliver_events(
        &self,
        request: Request<v1::DeliverEventsRequest>,
    ) -> Result<Response<v1::DeliverEventsResponse>, Status> {
        let node = self.caller(&request).await?;
        let delivery = request.into_inner();
        let fleet = &self.services.fleet;
        let taken = spool::take(&**fleet.store(), &node.id, delivery, fleet.now()).await;
        fleet.stored_events(&node.id);
        let acknowledged = taken.map_err(|error| match error {
            SpoolError::Delivery(problem) => Status::invalid_argument(problem),
            SpoolError::Store(error) => status_of_store(&error),
        })?;
        Ok(Response::new(v1::DeliverEventsResponse { acknowledged }))
    }

    async fn renew_certificate(
        &self,
        request: Request<v1::RenewCertificateRequest>,
    ) -> Result<Response<v1::RenewCertificateResponse>, Status> {
        let node = self.caller(&request).await?;
        let asked = request.into_inner().certificate_request;
        let renewed = self.services.admission.renew(&node, &asked).await;
        let issued = renewed.map_err(|error| super::enrollment::status_of(&error))?;
        let roots = self.services.authority.roots();
        Ok(Response::new(v1::RenewCertificateResponse {
            certificate_chain: issued.chain.iter().map(|der| der.to_vec()).collect(),
            roots: roots.iter().map(|der| der.to_vec()).collect(),
        }))
    }
}

fn removed() -> Status {
    Status::permission_denied("this node was removed")
}

fn desired(node: &NodeRecord) -> v1::DesiredState {
    let runs = matches!(node.status, NodeStatus::Active | NodeStatus::Failed);
    let drains = node.status == NodeStatus::EnteringMaintenance && node.drains;
    v1::DesiredState {
        generation: node.generation,
        status: v1::NodeStatus::from(node.status).into(),
        role: v1::Role::from(node.role.unwrap_or(Role::Worker)).into(),
        // An agent that does not know of draining starts nothing by itself either.
        run_workloads: runs || drains,
        drain: drains,
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(LONGEST_REASON).collect()
}
