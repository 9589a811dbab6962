//! What administrators do in the lab.

use hyper_util::rt::TokioIo;
use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use muster_proto::v1::change_node_request::Change;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::Lab;

/// Whether an administrator says that a duplicate is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicate {
    Unsaid,
    Despite,
}

impl Lab {
    pub(crate) async fn admin(&self) -> AdminClient<Channel> {
        let socket = self.socket.clone();
        let dial = service_fn(move |_| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://local");
        AdminClient::new(endpoint.connect_with_connector(dial).await.unwrap())
    }

    pub(crate) async fn token(&self, uses: u32, ttl_s: u32) -> String {
        let request = v1::CreateTokenRequest {
            ttl_s,
            uses,
            ..Default::default()
        };
        let created = self.admin().await.create_token(request).await.unwrap();
        created.into_inner().token
    }

    /// A node as administrators see it.
    pub(crate) async fn shown(&self, node: &str) -> v1::NodeRecord {
        let node = node.to_owned();
        let request = v1::GetNodeRequest {
            node,
            ..Default::default()
        };
        let shown = self.admin().await.get_node(request).await.unwrap();
        shown.into_inner().node.unwrap()
    }

    /// What happened to a node, a line an event.
    pub(crate) async fn events(&self, node: &str) -> Vec<String> {
        let request = v1::ListEventsRequest {
            node: node.to_owned(),
            ..Default::default()
        };
        let listed = self.admin().await.list_events(request).await.unwrap();
        let events = listed.into_inner().events.into_iter();
        events
            .map(|event| format!("{}: {}", event.kind, event.message))
            .collect()
    }

    /// Changes a node as an administrator.
    pub(crate) async fn change(
        &self,
        node: &str,
        change: Change,
        despite_duplicate: Duplicate,
    ) -> Result<(), tonic::Status> {
        let name = self.shown(node).await.name;
        let request = v1::ChangeNodeRequest {
            node: node.to_owned(),
            change: change.into(),
            confirm: name,
            despite_duplicate: despite_duplicate == Duplicate::Despite,
            ..Default::default()
        };
        self.admin().await.change_node(request).await.map(|_| ())
    }
}
