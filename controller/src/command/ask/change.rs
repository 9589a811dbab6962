//! Moving nodes through their life.

use muster_model::Role;
use muster_proto::v1;
use muster_proto::v1::change_node_request::Change;

use super::connect::told;
use super::{Ask, confirm, force, note};
use crate::command::cli::{NodeCommand, Targets};
use crate::command::show;
use crate::exit::{Ended, Exit};

impl Ask {
    pub(super) async fn change(&mut self, command: NodeCommand) -> anyhow::Result<Exit> {
        let asked = v1::ChangeNodeRequest::default();
        let (targets, what, request) = match command {
            NodeCommand::Accept {
                targets,
                role,
                despite_duplicate,
            } => {
                let role = role.map_or(v1::Role::Unspecified, |role: Role| role.into());
                let request = v1::ChangeNodeRequest {
                    role: role.into(),
                    despite_duplicate,
                    ..of(asked, Change::Accept)
                };
                (targets, "accept", request)
            }
            NodeCommand::Reject { targets, reason } => {
                let request = v1::ChangeNodeRequest {
                    reason,
                    ..of(asked, Change::Reject)
                };
                (targets, "reject", request)
            }
            NodeCommand::Reconsider { targets } => {
                (targets, "reconsider", of(asked, Change::Reconsider))
            }
            NodeCommand::Maintenance {
                targets,
                cancel: true,
                ..
            } => {
                let request = of(asked, Change::CancelMaintenance);
                (targets, "call off the maintenance of", request)
            }
            NodeCommand::Maintenance {
                targets,
                force,
                confirm,
                ..
            } => {
                let request = v1::ChangeNodeRequest {
                    force,
                    confirm: confirm.unwrap_or_default(),
                    ..of(asked, Change::Maintenance)
                };
                (targets, "send into maintenance", request)
            }
            NodeCommand::Readmit { targets } => (targets, "let back", of(asked, Change::Readmit)),
            NodeCommand::Activate { targets } => (targets, "activate", of(asked, Change::Activate)),
            NodeCommand::Remove {
                node,
                confirm,
                force,
            } => {
                let request = v1::ChangeNodeRequest {
                    force,
                    ..of(asked, Change::Remove)
                };
                let what = "remove from the cluster";
                return self.end(node, confirm, what, request).await;
            }
            NodeCommand::Delete { node, confirm } => {
                let what = "delete the record of";
                return self
                    .end(node, confirm, what, of(asked, Change::Delete))
                    .await;
            }
            _ => return Err(Ended::with(Exit::Usage, "this command moves no node")),
        };
        self.change_all(targets, what, &request).await
    }

    async fn change_all(
        &mut self,
        targets: Targets,
        what: &str,
        request: &v1::ChangeNodeRequest,
    ) -> anyhow::Result<Exit> {
        let mut tried = Tried::default();
        for node in self.targets(targets, what).await? {
            let request = v1::ChangeNodeRequest {
                node: node.clone(),
                ..request.clone()
            };
            tried.took(node, self.change_one(request).await);
        }
        tried.end()
    }

    async fn change_one(&mut self, request: v1::ChangeNodeRequest) -> anyhow::Result<()> {
        let node = request.node.clone();
        let changed = force::change(&mut self.client, request).await?;
        self.print(&show::changed(&node, &changed))?;
        Ok(())
    }

    /// What cannot be undone: the node's name is asked for first.
    async fn end(
        &mut self,
        node: String,
        confirm: Option<String>,
        what: &str,
        request: v1::ChangeNodeRequest,
    ) -> anyhow::Result<Exit> {
        let asked = v1::GetNodeRequest {
            node,
            ..Default::default()
        };
        let found = self.client.get_node(asked).await.map_err(told)?;
        let found = found.into_inner().node.unwrap_or_default();
        let request = v1::ChangeNodeRequest {
            confirm: confirm::name(confirm, what, &found.name)?,
            // Meanwhile another node may have taken the name.
            node: found.id,
            ..request
        };
        let changed = force::change(&mut self.client, request).await?;
        self.print(&show::changed(&found.name, &changed))
    }
}

fn of(request: v1::ChangeNodeRequest, change: Change) -> v1::ChangeNodeRequest {
    v1::ChangeNodeRequest {
        change: change.into(),
        ..request
    }
}

/// What came of several nodes, each in its turn.
#[derive(Debug, Default)]
pub(super) struct Tried {
    nodes: usize,
    failed: Vec<(String, anyhow::Error)>,
}

impl Tried {
    /// What one refuses does not keep the others.
    pub(super) fn took(&mut self, node: String, done: anyhow::Result<()>) {
        self.nodes += 1;
        if let Err(error) = done {
            self.failed.push((node, error));
        }
    }

    /// The program ends as the first that did not go well. Of one node, its name need not be said.
    pub(super) fn end(self) -> anyhow::Result<Exit> {
        let exit = self.failed.first().map(|(_, error)| Ended::exit_of(error));
        if self.nodes > 1 {
            for (node, error) in &self.failed {
                note(&format!("{node}: {error:#}"));
            }
            return Ok(exit.unwrap_or(Exit::Complete));
        }
        match self.failed.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(Exit::Complete),
        }
    }
}
