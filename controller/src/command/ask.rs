//! Commands that ask a running controller over its local socket.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use hyper_util::rt::TokioIo;
use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use muster_proto::v1::change_node_request::Change;
use tokio::net::UnixStream;
use tonic::transport::Endpoint;
use tower::service_fn;

use super::cli::{ClusterCommand, Command, NodeCommand, Remote, TokenCommand};
use super::remote::{Client, told};
use super::{administrators, authority, force, remote, show};

/// Runs one command.
pub(super) async fn run(socket: &Path, remote: Remote, command: Command) -> anyhow::Result<()> {
    let mut client = match (remote.server, remote.credentials) {
        (Some(server), Some(credentials)) => remote::connect(&server, &credentials).await?,
        _ => connect(socket).await?,
    };
    let text = match command {
        Command::Serve(_) => return Err(anyhow!("serving asks nobody")),
        Command::Tokens(command) => tokens(&mut client, command).await?,
        Command::Nodes(command) => nodes(&mut client, command).await?,
        Command::Authority(command) => authority::run(&mut client, command).await?,
        Command::Admin(command) => administrators::run(&mut client, command).await?,
        Command::Cluster(ClusterCommand::Status { output }) => {
            let cluster = client.get_cluster(v1::GetClusterRequest {}).await;
            show::cluster(&cluster.map_err(told)?.into_inner(), output)?
        }
    };
    show::print(&text)
}

async fn connect(socket: &Path) -> anyhow::Result<Client> {
    let path: PathBuf = socket.to_owned();
    let endpoint = Endpoint::from_static("http://local");
    let connector = service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    // What connecting fails by is told better by the socket itself.
    UnixStream::connect(socket).await.with_context(|| {
        format!(
            "cannot reach the controller at {}: is `muster-controller serve` running, and are you root? --socket names another",
            socket.display()
        )
    })?;
    let channel = endpoint.connect_with_connector(connector).await?;
    Ok(AdminClient::new(channel))
}

async fn tokens(client: &mut Client, command: TokenCommand) -> anyhow::Result<String> {
    match command {
        TokenCommand::Create {
            role,
            ttl,
            uses,
            name,
            labels,
            auto_accept,
            output,
        } => {
            let request = v1::CreateTokenRequest {
                role: role.map_or(v1::Role::Unspecified, v1::Role::from).into(),
                ttl_s: u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX),
                uses,
                name: name.unwrap_or_default(),
                labels: labels.into_iter().collect(),
                auto_accept,
            };
            let created = client.create_token(request).await.map_err(told)?;
            show::created(&created.into_inner(), output)
        }
        TokenCommand::List { output } => {
            let tokens = client.list_tokens(v1::ListTokensRequest {}).await;
            show::tokens(&tokens.map_err(told)?.into_inner().tokens, output)
        }
        TokenCommand::Revoke { id } => {
            let request = v1::RevokeTokenRequest { id: id.clone() };
            client.revoke_token(request).await.map_err(told)?;
            Ok(format!("token {id} revoked\n"))
        }
    }
}

async fn nodes(client: &mut Client, command: NodeCommand) -> anyhow::Result<String> {
    let change = |node: String, change: Change| v1::ChangeNodeRequest {
        node,
        change: change.into(),
        ..v1::ChangeNodeRequest::default()
    };
    let request = match command {
        NodeCommand::List {
            statuses,
            tag,
            output,
        } => return show::nodes(&list(client, &statuses, tag).await?, output),
        NodeCommand::Show { node, output } => {
            let shown = client
                .get_node(v1::GetNodeRequest {
                    node,
                    ..Default::default()
                })
                .await;
            return show::node(&shown.map_err(told)?.into_inner(), output);
        }
        NodeCommand::Events { node, output } => {
            let request = v1::ListEventsRequest {
                node,
                ..Default::default()
            };
            let events = client.list_events(request).await.map_err(told)?;
            return show::events(&events.into_inner().events, output);
        }
        NodeCommand::Rename { node, name } => {
            let name = Some(name);
            return edit(
                client,
                v1::EditNodeRequest {
                    node,
                    name,
                    ..Default::default()
                },
            )
            .await;
        }
        NodeCommand::Tag { node, tags } => return edit(client, tagging(node, tags)).await,
        NodeCommand::Accept {
            node,
            role,
            despite_duplicate,
        } => v1::ChangeNodeRequest {
            role: role.map_or(v1::Role::Unspecified, v1::Role::from).into(),
            despite_duplicate,
            ..change(node, Change::Accept)
        },
        NodeCommand::Reject { node, reason } => v1::ChangeNodeRequest {
            reason,
            ..change(node, Change::Reject)
        },
        NodeCommand::Readmit { node } => change(node, Change::Readmit),
        NodeCommand::Reconsider { node } => change(node, Change::Reconsider),
        NodeCommand::Maintenance {
            node, cancel: true, ..
        } => change(node, Change::CancelMaintenance),
        NodeCommand::Maintenance {
            node,
            force,
            confirm,
            ..
        } => v1::ChangeNodeRequest {
            force,
            confirm,
            ..change(node, Change::Maintenance)
        },
        NodeCommand::Activate { node } => change(node, Change::Activate),
        NodeCommand::Remove {
            node,
            confirm,
            force,
        } => v1::ChangeNodeRequest {
            force,
            confirm,
            ..change(node, Change::Remove)
        },
        NodeCommand::Delete { node, confirm } => v1::ChangeNodeRequest {
            confirm,
            ..change(node, Change::Delete)
        },
    };
    let asked = request.node.clone();
    let changed = force::change(client, request).await?;
    Ok(show::changed(&asked, &changed))
}

/// Every page.
async fn list(
    client: &mut Client,
    statuses: &[muster_model::NodeStatus],
    tag: Option<String>,
) -> anyhow::Result<Vec<v1::NodeRecord>> {
    let statuses = statuses
        .iter()
        .map(|status| v1::NodeStatus::from(*status).into());
    let filter = v1::NodeFilter {
        statuses: statuses.collect(),
        tags: tag.into_iter().collect(),
        ..Default::default()
    };
    let mut request = v1::ListNodesRequest {
        filter: Some(filter),
        ..Default::default()
    };
    let mut nodes = Vec::new();
    loop {
        let page = client
            .list_nodes(request.clone())
            .await
            .map_err(told)?
            .into_inner();
        nodes.extend(page.nodes);
        if page.next_page_token.is_empty() {
            return Ok(nodes);
        }
        request.page_token = page.next_page_token;
    }
}

fn tagging(node: String, tags: Vec<String>) -> v1::EditNodeRequest {
    let (remove, add): (Vec<String>, Vec<String>) =
        tags.into_iter().partition(|tag| tag.ends_with('-'));
    v1::EditNodeRequest {
        node,
        add_tags: add,
        remove_tags: remove
            .iter()
            .map(|tag| tag.trim_end_matches('-').to_owned())
            .collect(),
        ..Default::default()
    }
}

async fn edit(client: &mut Client, request: v1::EditNodeRequest) -> anyhow::Result<String> {
    let edited = client.edit_node(request).await.map_err(told)?.into_inner();
    let name = edited.node.map(|node| node.name).unwrap_or_default();
    Ok(format!("{name} changed\n"))
}
