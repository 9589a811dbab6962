//! Everything there is: one controller, its nodes, what is between them, and sometimes an old copy of the controller.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_controller::fleet::Heard;
use muster_controller::lifecycle::Event;
use muster_controller::record::NodeRecord;
use muster_controller::store::{Store as _, Transaction, Write};
use muster_model::NodeStatus;
use tokio::time::Instant;

use super::agent::{self, Agent};
use super::center::Center;
use super::certificate::{Certificate, first};
use super::chance::Chance;
use super::disk::Disk;
use super::host::Host;
use super::ledger::Ledger;
use super::network::{Way, Weather};
use super::{Rules, spool};

/// When nothing is wrong any more, all nodes are active within this: a call that hangs (10 s), the longest wait before the next (30 s), a
/// stop of workloads (10 s), and some heartbeats.
const BACK_WITHIN: Duration = Duration::from_secs(75);

/// Everything there is.
pub(super) struct World {
    pub(super) chance: Chance,
    pub(super) ledger: Arc<Ledger>,
    pub(super) center: Arc<Center>,
    pub(super) agents: Vec<Agent>,
    weathers: BTreeMap<String, Arc<Weather>>,
    /// The nodes as they were when somebody copied the controller's database.
    copy: Mutex<Vec<NodeRecord>>,
    rules: Rules,
}

impl World {
    pub(super) async fn new(seed: u64, rules: Rules, is_told: bool) -> Arc<Self> {
        let chance = Chance::new(seed);
        let ledger = Arc::new(Ledger::new(is_told));
        let ids = (1..=chance.within(1..4)).map(|number| format!("n{number}"));
        let host = |id| {
            let folder = tempfile::tempdir_in(memory()).unwrap();
            Arc::new(Host::new(id, chance.clone(), Arc::clone(&ledger), folder))
        };
        let hosts: Vec<Arc<Host>> = ids.map(host).collect();
        let disk = Disk::new(chance.clone(), Arc::clone(&ledger), hosts.clone());
        let records: Vec<NodeRecord> = hosts.iter().map(|host| record(&host.id)).collect();
        store(&disk, &records).await;
        let center = Arc::new(Center::new(Arc::new(disk), rules.timing));
        let weathers = hosts.iter().map(|host| (host.id.clone(), Arc::default()));
        let weathers: BTreeMap<String, Arc<Weather>> = weathers.collect();
        let agents = hosts.into_iter().map(|host| {
            let way = Way {
                node: host.id.clone(),
                certificate: Arc::new(Certificate::new(&host.id)),
                center: Arc::clone(&center),
                weather: Arc::clone(&weathers[&host.id]),
                chance: chance.clone(),
                ledger: Arc::clone(&ledger),
            };
            Agent::new(host, way, rules.lease)
        });
        Arc::new(Self {
            agents: agents.collect(),
            weathers,
            copy: Mutex::new(records),
            rules,
            center,
            chance,
            ledger,
        })
    }

    pub(super) fn weather(&self, agent: &Agent) -> &Weather {
        &self.weathers[&agent.host.id]
    }

    /// Up to three days, there or back, in milliseconds.
    pub(super) fn hours(&self) -> i64 {
        const MOST: u64 = 3 * 24 * 3_600_000;
        let drawn = i64::try_from(self.chance.within(0..2 * MOST)).unwrap();
        drawn - i64::try_from(MOST).unwrap()
    }

    /// An administrator changes the node a few times.
    pub(super) async fn edit(&self, agent: &Agent) {
        for count in 0..3 {
            let Some(fleet) = self.center.fleet() else {
                return;
            };
            let edit = move |record: &mut NodeRecord| record.description = format!("edit {count}");
            // It may be lost against others; what that means is watched by the disk.
            let _ = fleet.edit(&agent.host.id, "described", edit).await;
        }
    }

    /// Starts the old copy of the controller beside the living one, and sends the node to either of them; only a node that has heard of something
    /// newer, and not for so long that the copy calls it fenced: what nobody can tell from the living one is assumed not to happen.
    pub(super) async fn raise_the_copy(&self, agent: &Agent) {
        let records = self.copy.lock().unwrap().clone();
        let told = agent.told();
        let old = records.iter().find(|record| record.id == agent.host.id);
        let told = (told.epoch, told.generation);
        if old.is_none_or(|old| (old.epoch, old.generation) >= told) {
            return;
        }
        // Nobody watches it: whatever it believes is nothing to anybody.
        let unseen = Arc::new(Ledger::new(false));
        let disk = Disk::new(self.chance.clone(), unseen, Vec::new());
        store(&disk, &records).await;
        let copy = Arc::new(Center::new(Arc::new(disk), self.rules.timing));
        copy.start().await;
        self.weather(agent).copy.lock().unwrap().replace(copy);
    }

    /// Somebody copies the controller's database.
    pub(super) async fn copy(&self) {
        let records = self.center.disk.inner.nodes().await.unwrap();
        *self.copy.lock().unwrap() = records;
    }

    /// An administrator sends the node into maintenance.
    pub(super) async fn drain(&self, agent: &Agent) {
        self.happen(agent, Event::EnterMaintenance).await;
    }

    /// An administrator has it back, however far it is.
    pub(super) async fn activate(&self, agent: &Agent) {
        self.happen(agent, Event::CancelMaintenance).await;
        self.happen(agent, Event::Activate).await;
    }

    async fn happen(&self, agent: &Agent, event: Event) {
        if let Some(fleet) = self.center.fleet() {
            // It may be refused, as the node is now.
            let _ = fleet.happen(&agent.host.id, event, "by hand").await;
        }
    }

    /// Until every node is active and heard, but not for ever.
    pub(super) async fn back(&self) -> Option<Duration> {
        let since = Instant::now();
        while since.elapsed() < BACK_WITHIN {
            let fleet = self.center.fleet()?;
            let is_back = |record: &NodeRecord, heard: &Option<Heard>| {
                let is_heard = heard.as_ref().is_some_and(|heard| !heard.is_late());
                is_heard && record.status == NodeStatus::Active
            };
            let nodes = fleet.nodes();
            if nodes.iter().all(|(record, heard)| is_back(record, heard)) {
                return Some(since.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        None
    }

    /// Until no write is under way of which the controller has not heard yet, but not for ever.
    async fn settle(&self) {
        for _ in 0..10 {
            let Some(fleet) = self.center.fleet() else {
                return;
            };
            let stored = self.center.disk.inner.nodes().await.unwrap();
            let is_known = |stored: &NodeRecord| {
                let known = fleet.node(&stored.id);
                known.is_some_and(|(known, _)| *known == *stored)
            };
            if stored.iter().all(is_known) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What has to be so at the end.
    pub(super) async fn check(&self, back: Option<Duration>) {
        self.settle().await;
        if back.is_none() {
            let doing = self.agents.iter().map(Agent::doing);
            let doing: Vec<String> = doing.collect();
            self.ledger.broken(format_args!(
                "not all nodes are active {BACK_WITHIN:?} after the last fault: {doing:?}"
            ));
        }
        for agent in &self.agents {
            let id = &agent.host.id;
            let events = self
                .center
                .disk
                .inner
                .events(id, 0, usize::MAX)
                .await
                .unwrap();
            let (spooled, own): (Vec<_>, Vec<_>) =
                events.iter().partition(|event| event.spooled.is_some());
            let numbers: Vec<_> = spooled
                .iter()
                .filter_map(|event| event.spooled.as_ref().map(|spooled| spooled.sequence))
                .collect();
            let expected: Vec<u64> = (1..=agent.spool.written()).collect();
            let is_same = spooled
                .iter()
                .zip(&expected)
                .all(|(event, number)| event.message == spool::message(*number));
            if numbers != expected || !is_same {
                self.ledger.broken(format_args!(
                    "{id}: of {} events there are {numbers:?}",
                    expected.len()
                ));
            }
            let stored = self.center.disk.inner.node(id).await.unwrap().unwrap();
            // The first was written without one. No node was copied: an event that says so changes nothing, and breaks this.
            if stored.revision != 1 + u64::try_from(own.len()).unwrap() {
                self.ledger.broken(format_args!(
                    "{id}: {} changes have {} events",
                    stored.revision,
                    own.len()
                ));
            }
            if !stored
                .serials()
                .any(|serial| serial == agent.certificate.shown())
            {
                self.ledger.broken(format_args!(
                    "{id}: the controller does not know its certificate"
                ));
            }
            let known = self.center.fleet().and_then(|fleet| fleet.node(id));
            if known.is_none_or(|(known, _)| *known != stored) {
                self.ledger.broken(format_args!(
                    "{id}: the controller does not know what it stored"
                ));
            }
        }
    }
}

async fn store(disk: &Disk, records: &[NodeRecord]) {
    for record in records {
        let write = Write::Node {
            record: Box::new(record.clone()),
            expected: 0,
        };
        let writes = vec![write];
        disk.inner.commit(Transaction { writes }).await.unwrap();
    }
}

/// A folder whose files are in memory, where there is one.
fn memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() {
        shared
    } else {
        std::env::temp_dir()
    }
}

/// A node that was just accepted.
fn record(id: &str) -> NodeRecord {
    let digest = agent::facts().inventory.digest.iter();
    let digest: String = digest.map(|byte| format!("{byte:02x}")).collect();
    // As it is stored: fields that are younger have their defaults.
    let stored = serde_json::json!({
        "id": id, "name": id, "description": "", "fingerprint": "", "macs": [],
        "status": NodeStatus::Approved, "reason": "", "status_since": 0, "public_key": "",
        "certificate_serial": first(id), "epoch": 1, "generation": 1, "inventory_digest": digest,
        "tags": [], "labels": {}, "taints": {}, "agent_version": "", "revision": 0,
    });
    serde_json::from_value(stored).unwrap()
}
