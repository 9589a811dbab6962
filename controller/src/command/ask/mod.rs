//! Commands that ask a running controller over its local socket, or from elsewhere.
//!
//! Map: `connect` reaches it; `nodes` reads, `change` moves nodes and `edit` names and labels them; `targets` are the
//! nodes that a command is about, `confirm` is what somebody has to say first, and `force` a wait; `watch` follows;
//! `import` prints what makes a machine a node.

mod change;
mod confirm;
mod connect;
mod edit;
mod force;
mod import;
mod nodes;
mod targets;
mod watch;

use std::io::Write as _;

use muster_proto::v1;
use muster_terminal::output::ColorChoice;

use super::cli::{ClusterCommand, Command, NodeCommand, Output, TokenCommand};
use super::show::{self, Sheet};
use super::{administrators, authority};
use crate::exit::{Ended, Exit};

pub(super) use connect::{Client, Door, told};

/// One command that asks.
struct Ask {
    door: Door,
    client: Client,
    colour: ColorChoice,
}

/// Runs one command.
pub(super) async fn run(door: Door, colour: ColorChoice, command: Command) -> anyhow::Result<Exit> {
    let client = door.connect().await?;
    let mut ask = Ask {
        door,
        client,
        colour,
    };
    match command {
        Command::Serve(_) | Command::Completions { .. } | Command::ManualPages { .. } => {
            Err(Ended::with(Exit::Usage, "this command asks nobody"))
        }
        Command::Tokens(command) => ask.tokens(command).await,
        Command::Nodes(command) => ask.nodes(command).await,
        Command::Events(arguments) => ask.events(arguments).await,
        Command::Authority(command) => {
            let text = authority::run(&mut ask.client, command).await?;
            ask.print(&text)
        }
        Command::Admin(command) => {
            let text = administrators::run(&mut ask.client, command).await?;
            ask.print(&text)
        }
        Command::Cluster(ClusterCommand::Status { output }) => ask.cluster(output).await,
    }
}

impl Ask {
    async fn nodes(&mut self, command: NodeCommand) -> anyhow::Result<Exit> {
        match command {
            NodeCommand::List(arguments) if arguments.watch => self.watch_nodes(&arguments).await,
            NodeCommand::List(arguments) => self.list(&arguments).await,
            NodeCommand::Watch(arguments) => self.watch_nodes(&arguments).await,
            NodeCommand::Show(arguments) => self.show(&arguments).await,
            NodeCommand::Workloads(arguments) => self.workloads(&arguments).await,
            NodeCommand::Events(arguments) => self.events(arguments).await,
            NodeCommand::ImportCommand(arguments) => self.import(arguments).await,
            NodeCommand::Rename { .. }
            | NodeCommand::Describe { .. }
            | NodeCommand::Tag { .. }
            | NodeCommand::Label(_)
            | NodeCommand::Taint(_) => self.edit(command).await,
            other => self.change(other).await,
        }
    }

    async fn tokens(&mut self, command: TokenCommand) -> anyhow::Result<Exit> {
        match command {
            TokenCommand::Create {
                role,
                ttl,
                uses,
                name,
                labels,
                taints,
                auto_accept,
                output,
            } => {
                let request = v1::CreateTokenRequest {
                    role: role.map_or(v1::Role::Unspecified, v1::Role::from).into(),
                    ttl_s: u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX),
                    uses,
                    name: name.unwrap_or_default(),
                    labels: labels.into_iter().collect(),
                    taints,
                    auto_accept,
                };
                let created = self.client.create_token(request).await.map_err(told)?;
                let sheet = Sheet::new(output);
                self.print(&show::created(&created.into_inner(), &sheet)?)
            }
            TokenCommand::List { output } => {
                let listed = self.client.list_tokens(v1::ListTokensRequest {}).await;
                let tokens = listed.map_err(told)?.into_inner().tokens;
                if tokens.is_empty() {
                    note("no tokens: `muster-controller tokens create` makes one");
                }
                let text = show::tokens(&tokens, &Sheet::new(output))?;
                self.print(&text)
            }
            TokenCommand::Revoke { id } => {
                let request = v1::RevokeTokenRequest { id: id.clone() };
                self.client.revoke_token(request).await.map_err(told)?;
                self.print(&show::Text::Plain(format!("token {id} revoked\n")))
            }
        }
    }

    async fn cluster(&mut self, output: Output) -> anyhow::Result<Exit> {
        let cluster = self.client.get_cluster(v1::GetClusterRequest {}).await;
        let cluster = cluster.map_err(told)?.into_inner();
        self.print(&show::cluster(&cluster, &Sheet::new(output))?)
    }

    fn print(&self, text: &show::Text) -> anyhow::Result<Exit> {
        show::print(text, self.colour)?;
        Ok(Exit::Complete)
    }
}

/// Tells whoever reads standard error; data goes elsewhere.
fn note(text: &str) {
    // Nobody is left to tell when standard error is closed too.
    let _ = writeln!(
        anstream::stderr(),
        "muster-controller: {}",
        muster_terminal::screen(text)
    );
}
