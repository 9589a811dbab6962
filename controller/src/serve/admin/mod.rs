//! What administrators ask for: over TLS with their certificate, or as root on the controller's own machine.
//!
//! Map: this file lets administrators in and hands each call to its topic: `nodes` reads, `change` moves,
//! `edit` names and labels, `tokens`, `cluster`. `shown` turns records into what is on the wire.

mod change;
mod cluster;
mod edit;
mod nodes;
mod shown;
mod tokens;

use muster_proto::v1;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Response, Status};

use super::{Services, status_of_store, tls};
use crate::peer::Peer;
use crate::store::{Transaction, Write};

/// Records in an answer, unless the request says how many.
const USUAL_PAGE: usize = 500;

#[derive(Debug)]
pub(super) struct Service {
    services: Services,
    door: Door,
}

/// How administrators come in.
#[derive(Debug, Clone, Copy)]
enum Door {
    Network,
    Socket,
}

impl Service {
    pub(super) fn remote(services: Services) -> Self {
        let door = Door::Network;
        Self { services, door }
    }

    pub(super) fn local(services: Services) -> Self {
        let door = Door::Socket;
        Self { services, door }
    }

    /// Lets administrators through, and nobody else.
    fn admit<T>(&self, request: &Request<T>) -> Result<String, Status> {
        let refused = || Status::permission_denied("this is for administrators alone");
        match self.door {
            Door::Network => {
                let connection = request.extensions().get::<tls::Connection>();
                let identified = connection.and_then(|connection| connection.identified.as_ref());
                let identified = identified.ok_or_else(|| {
                    Status::unauthenticated("an administrator shows a certificate; none was shown")
                })?;
                match &identified.peer {
                    Peer::Admin(_) if self.services.revoked.has(&identified.serial) => {
                        Err(Status::unauthenticated("the certificate was revoked"))
                    }
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

#[tonic::async_trait]
impl v1::admin_server::Admin for Service {
    async fn list_nodes(
        &self,
        request: Request<v1::ListNodesRequest>,
    ) -> Result<Response<v1::ListNodesResponse>, Status> {
        self.admit(&request)?;
        self.list_nodes(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn get_node(
        &self,
        request: Request<v1::GetNodeRequest>,
    ) -> Result<Response<v1::GetNodeResponse>, Status> {
        self.admit(&request)?;
        self.get_node(request.into_inner()).await.map(Response::new)
    }

    async fn change_node(
        &self,
        request: Request<v1::ChangeNodeRequest>,
    ) -> Result<Response<v1::ChangeNodeResponse>, Status> {
        let admin = self.admit(&request)?;
        self.change_node(&admin, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn edit_node(
        &self,
        request: Request<v1::EditNodeRequest>,
    ) -> Result<Response<v1::EditNodeResponse>, Status> {
        self.admit(&request)?;
        self.edit_node(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        self.admit(&request)?;
        self.list_events(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Result<Response<v1::CreateTokenResponse>, Status> {
        self.admit(&request)?;
        self.create_token(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        self.admit(&request)?;
        self.list_tokens(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        self.admit(&request)?;
        self.revoke_token(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn get_cluster(
        &self,
        request: Request<v1::GetClusterRequest>,
    ) -> Result<Response<v1::GetClusterResponse>, Status> {
        self.admit(&request)?;
        self.get_cluster(request.into_inner())
            .await
            .map(Response::new)
    }
}
