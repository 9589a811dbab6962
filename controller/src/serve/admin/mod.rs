//! What administrators ask for: over TLS with their certificate, or as root on the controller's own machine.
//!
//! Map: this file lets administrators in and hands each call to its topic: `nodes` and `events` read, `workloads` asks the node, `watch`
//! follows, `change` moves, and `force` makes it wait; `edit` names and labels, `tokens`, `installation`, `cluster`, `authority`,
//! `administrators`. `filter` and `order` say which nodes and in which order; `stream` is an answer that goes on; `shown`
//! turns records into what is on the wire.

mod administrators;
mod attention;
mod authority;
mod change;
mod cluster;
mod edit;
mod events;
mod filter;
mod force;
mod installation;
mod nodes;
mod order;
mod shown;
mod stream;
mod tokens;
mod watch;
mod workloads;

use std::sync::{Arc, Mutex};

use muster_proto::v1;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Response, Status};

use super::{Services, status_of_store};
use crate::peer::Peer;
use crate::rules::force::Tickets;
use crate::store::{Transaction, Write};
pub(super) use installation::Installation;
use stream::BoxStream;

/// Records in an answer, unless the request says how many.
const USUAL_PAGE: usize = 500;
/// However many it says. A message of so many nodes is well below what clients take, 4 MiB.
const LARGEST_PAGE: usize = 2000;

#[derive(Debug)]
pub(super) struct Service {
    services: Services,
    installation: Installation,
    door: Door,
    /// Force that waits.
    tickets: Mutex<Tickets>,
    stop: CancellationToken,
}

/// What tonic serves.
#[derive(Debug)]
pub(super) struct Shared(Arc<Service>);

/// How administrators come in.
#[derive(Debug, Clone, Copy)]
enum Door {
    Network,
    Socket,
}

impl Service {
    /// For administrators with a certificate; streams end when `stop` is called.
    pub(super) fn remote(
        services: Services,
        installation: Installation,
        stop: CancellationToken,
    ) -> Shared {
        let door = Door::Network;
        Shared(Arc::new(Self {
            services,
            installation,
            door,
            stop,
            tickets: Mutex::default(),
        }))
    }

    /// For administrators of this machine; streams end when `stop` is called.
    pub(super) fn local(
        services: Services,
        installation: Installation,
        stop: CancellationToken,
    ) -> Shared {
        let door = Door::Socket;
        Shared(Arc::new(Self {
            services,
            installation,
            door,
            stop,
            tickets: Mutex::default(),
        }))
    }

    /// Lets administrators through, and nobody else.
    fn admit<T>(&self, request: &Request<T>) -> Result<String, Status> {
        let refused = || Status::permission_denied("this is for administrators alone");
        match self.door {
            Door::Network => {
                const NOBODY: &str = "an administrator shows a certificate; none was shown";
                match &self.services.caller(request, NOBODY)?.peer {
                    Peer::Admin(name) => Ok(name.clone()),
                    Peer::Node(_) => Err(refused()),
                }
            }
            Door::Socket => {
                let peer = request.extensions().get::<UdsConnectInfo>();
                let user = peer.and_then(|peer| peer.peer_cred).map(|peer| peer.uid());
                // Whoever runs the controller owns its state anyway.
                let own = nix::unistd::Uid::effective().as_raw();
                match user {
                    Some(user) if user == 0 || user == own => Ok(format!("uid {user}")),
                    _ => Err(refused()),
                }
            }
        }
    }

    async fn commit(&self, write: Write) -> Result<(), Status> {
        let transaction = Transaction {
            writes: vec![write],
        };
        let stored = self.services.fleet.store().commit(transaction).await;
        stored.map_err(|error| status_of_store(&error))
    }
}

/// How many records an answer may have.
fn page_size(asked: u32) -> usize {
    match usize::try_from(asked) {
        Ok(0) => USUAL_PAGE,
        Ok(size) => size.min(LARGEST_PAGE),
        Err(_) => LARGEST_PAGE,
    }
}

#[tonic::async_trait]
impl v1::admin_server::Admin for Shared {
    async fn list_nodes(
        &self,
        request: Request<v1::ListNodesRequest>,
    ) -> Result<Response<v1::ListNodesResponse>, Status> {
        self.0.admit(&request)?;
        self.0
            .list_nodes(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn get_node(
        &self,
        request: Request<v1::GetNodeRequest>,
    ) -> Result<Response<v1::GetNodeResponse>, Status> {
        self.0.admit(&request)?;
        self.0
            .get_node(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn get_workloads(
        &self,
        request: Request<v1::GetWorkloadsRequest>,
    ) -> Result<Response<v1::GetWorkloadsResponse>, Status> {
        self.0.admit(&request)?;
        self.0
            .get_workloads(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn change_node(
        &self,
        request: Request<v1::ChangeNodeRequest>,
    ) -> Result<Response<v1::ChangeNodeResponse>, Status> {
        let admin = self.0.admit(&request)?;
        let service = Arc::clone(&self.0);
        // Done to the end when it was begun, even when the administrator hangs up.
        let changing = async move { service.change_node(&admin, request.into_inner()).await };
        let changed = tokio::spawn(changing).await;
        let changed = changed.map_err(|error| Status::internal(error.to_string()))?;
        changed.map(Response::new)
    }

    async fn edit_node(
        &self,
        request: Request<v1::EditNodeRequest>,
    ) -> Result<Response<v1::EditNodeResponse>, Status> {
        let admin = self.0.admit(&request)?;
        self.0
            .edit_node(&admin, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        self.0.admit(&request)?;
        self.0
            .list_events(request.into_inner())
            .await
            .map(Response::new)
    }

    type WatchNodesStream = BoxStream<v1::WatchNodesResponse>;

    async fn watch_nodes(
        &self,
        request: Request<v1::WatchNodesRequest>,
    ) -> Result<Response<Self::WatchNodesStream>, Status> {
        self.0.admit(&request)?;
        let told = self.0.watch_nodes(request.into_inner())?;
        Ok(Response::new(Box::pin(told)))
    }

    type WatchEventsStream = BoxStream<v1::WatchEventsResponse>;

    async fn watch_events(
        &self,
        request: Request<v1::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        self.0.admit(&request)?;
        let told = self.0.watch_events(request.into_inner())?;
        Ok(Response::new(Box::pin(told)))
    }

    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Result<Response<v1::CreateTokenResponse>, Status> {
        self.0.admit(&request)?;
        self.0
            .create_token(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        self.0.admit(&request)?;
        self.0
            .list_tokens(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        self.0.admit(&request)?;
        self.0
            .revoke_token(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn get_installation(
        &self,
        request: Request<v1::GetInstallationRequest>,
    ) -> Result<Response<v1::GetInstallationResponse>, Status> {
        self.0.admit(&request)?;
        self.0.get_installation().await.map(Response::new)
    }

    async fn get_cluster(
        &self,
        request: Request<v1::GetClusterRequest>,
    ) -> Result<Response<v1::GetClusterResponse>, Status> {
        self.0.admit(&request)?;
        self.0
            .get_cluster(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn get_authority(
        &self,
        request: Request<v1::GetAuthorityRequest>,
    ) -> Result<Response<v1::GetAuthorityResponse>, Status> {
        self.0.admit(&request)?;
        self.0.get_authority().await.map(Response::new)
    }

    async fn rotate_authority(
        &self,
        request: Request<v1::RotateAuthorityRequest>,
    ) -> Result<Response<v1::RotateAuthorityResponse>, Status> {
        let admin = self.0.admit(&request)?;
        self.0
            .rotate_authority(&admin, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn issue_administrator(
        &self,
        request: Request<v1::IssueAdministratorRequest>,
    ) -> Result<Response<v1::IssueAdministratorResponse>, Status> {
        let admin = self.0.admit(&request)?;
        self.0
            .issue_administrator(&admin, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn list_administrators(
        &self,
        request: Request<v1::ListAdministratorsRequest>,
    ) -> Result<Response<v1::ListAdministratorsResponse>, Status> {
        self.0.admit(&request)?;
        self.0.list_administrators().await.map(Response::new)
    }

    async fn revoke_administrator(
        &self,
        request: Request<v1::RevokeAdministratorRequest>,
    ) -> Result<Response<v1::RevokeAdministratorResponse>, Status> {
        let admin = self.0.admit(&request)?;
        self.0
            .revoke_administrator(&admin, request.into_inner())
            .await
            .map(Response::new)
    }
}
