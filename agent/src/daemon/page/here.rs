//! This machine and its agent, as the page asks about them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use muster_adequacy::{Verdict, judge};
use muster_installer_web::Machine;
use muster_installer_web::ports::{Controller, NoVerdict, Node, Unknown};
use muster_model::{INVENTORY_SCHEMA, Inventory, Section};
use tokio::task::spawn_blocking;

use crate::daemon::connect::chain;
use crate::daemon::facts::{Facts, Known};
use crate::daemon::local::Desk;
use crate::daemon::look::{ConnectionSeen, Seen, TargetSeen};
use crate::daemon::observe::observe;
use crate::daemon::ports::Observer;
use crate::daemon::survey::{Changed, everything};
use crate::policy::named::{NamedError, named, names};

/// What the survey and the desk know.
pub(super) struct Here {
    pub(super) desk: Arc<Desk>,
    pub(super) known: Known,
    pub(super) changed: Changed,
    pub(super) observer: Arc<dyn Observer>,
}

#[async_trait]
impl Machine for Here {
    async fn inventory(&self) -> Result<Arc<Inventory>, Unknown> {
        let facts = Arc::clone(&self.known.borrow());
        blocking(move || unpacked(&facts)).await.map(Arc::new)
    }

    async fn policies(&self) -> Vec<String> {
        spawn_blocking(names).await.unwrap_or_default()
    }

    async fn judge(&self, policy: &str) -> Result<Verdict, NoVerdict> {
        let facts = Arc::clone(&self.known.borrow());
        let observer = Arc::clone(&self.observer);
        let name = policy.to_owned();
        let judged = spawn_blocking(move || judged(&facts, observer.as_ref(), &name)).await;
        judged.unwrap_or_else(|error| Err(unknown(&error).into()))
    }

    async fn node(&self) -> Result<Node, Unknown> {
        let desk = Arc::clone(&self.desk);
        blocking(move || desk.seen().map_err(|reason| Unknown { reason }))
            .await
            .and_then(|seen| node(&seen))
    }

    fn read_again(&self) {
        everything(&self.changed);
    }
}

/// Reading what was packed takes a while on a large machine, and the agent has other things to do.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unknown> + Send + 'static,
) -> Result<T, Unknown> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(unknown(&error)))
}

fn unpacked(facts: &Facts) -> Result<Inventory, Unknown> {
    let json = facts.inventory.unpack(INVENTORY_SCHEMA);
    let json = json.map_err(|error| unknown(&error))?;
    Inventory::from_json(&json).map_err(|error| unknown(&error))
}

/// As `muster check` judges: sections that are read only where a policy looks at them are read for it.
fn judged(facts: &Facts, observer: &dyn Observer, name: &str) -> Result<Verdict, NoVerdict> {
    let policy = named(name).map_err(|error| match error {
        NamedError::None { name } => NoVerdict::NoPolicy { policy: name },
        NamedError::Unusable { reason } => NoVerdict::Unusable {
            policy: name.to_owned(),
            reason,
        },
    })?;
    let mut inventory = unpacked(facts)?;
    let missing: BTreeSet<Section> = policy.sections();
    let missing: BTreeSet<Section> = missing
        .into_iter()
        .filter(|section| !inventory.was_discovered(*section))
        .collect();
    if !missing.is_empty() {
        inventory.renew(observe(observer, &missing).map_err(|error| unknown(&error))?);
    }
    Ok(judge(&policy, &inventory))
}

fn unknown(error: &(dyn std::error::Error + 'static)) -> Unknown {
    Unknown {
        reason: chain(error),
    }
}

fn node(seen: &Seen) -> Result<Node, Unknown> {
    let agent = seen.agent.as_ref();
    let connections = seen.connections.as_deref().unwrap_or_default();
    let controllers = seen.targets.iter().map(|target| {
        let mut connected = connections.iter();
        let connected = connected.find(|connection| connection.controller == target.controller);
        controller(target, connected)
    });
    Ok(Node {
        document: serde_json::to_value(seen).map_err(|error| unknown(&error))?,
        id: seen.node_id.clone(),
        summary: agent.map(|agent| agent.summary.clone()),
        status: agent.and_then(|agent| agent.status.clone()),
        role: agent.and_then(|agent| agent.role.clone()),
        run_workloads: agent.and_then(|agent| agent.run_workloads),
        certificate_until: seen.certificate.as_ref().map(|it| it.not_after.to_string()),
        controllers: controllers.collect(),
    })
}

fn controller(target: &TargetSeen, connection: Option<&ConnectionSeen>) -> Controller {
    let lease = connection.and_then(|connection| connection.lease_left_ms);
    Controller {
        address: target.controller.clone(),
        connected: target.connected,
        round_trip: connection.map(|it| Duration::from_micros(it.round_trip_us)),
        heartbeats: connection.map(|connection| connection.heartbeats),
        lease_left: lease.map(Duration::from_millis),
        error: target.error.clone(),
    }
}
