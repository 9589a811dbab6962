//! Nodes move as their life allows, once for each event, and are fenced when they are silent for too long.

mod leases;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use muster_model::NodeStatus;

use super::*;
use crate::lifecycle::Event;
use crate::store::MemoryStore;
use crate::succession::Succession;

#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> UnixMs {
        1_790_000_000_000
    }
}

fn node(id: &str, status: NodeStatus) -> NodeRecord {
    NodeRecord {
        id: id.to_owned(),
        name: id.to_owned(),
        description: String::new(),
        hostname: None,
        address: None,
        machine_id: None,
        fingerprint: String::new(),
        macs: BTreeSet::new(),
        status,
        reason: "new".to_owned(),
        quarantine: None,
        status_since: 0,
        role: None,
        public_key: String::new(),
        token: None,
        certificate_serial: Some("4a".to_owned()),
        succession: Succession::default(),
        root: None,
        epoch: 1,
        generation: 1,
        inventory_digest: None,
        tags: BTreeSet::new(),
        labels: BTreeMap::new(),
        taints: BTreeMap::new(),
        drains: false,
        agent_version: String::new(),
        revision: 0,
    }
}

/// A fleet with the node `n1` in `status`, and its store.
async fn fleet(status: NodeStatus) -> (Arc<Fleet>, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    let shared: Arc<dyn Store> = Arc::clone(&store) as _;
    let fleet = Fleet::load(shared, Arc::new(StoppedClock), Timing::default());
    let fleet = fleet.await.unwrap();
    fleet.admit(node("n1", status), Vec::new()).await.unwrap();
    (Arc::new(fleet), store)
}

fn is_offline(fleet: &Fleet) -> bool {
    let (record, heard) = fleet.node("n1").unwrap();
    fleet.is_offline(&record, heard.as_ref())
}

async fn kinds(store: &MemoryStore) -> Vec<String> {
    let events = store.events("n1", 0, 100).await.unwrap();
    events
        .into_iter()
        .map(|event| format!("{} {}", event.kind, event.message))
        .collect()
}

#[tokio::test]
async fn what_happens_is_stored_with_its_event_and_told() {
    let (fleet, store) = fleet(NodeStatus::Candidate).await;
    let moved = fleet
        .happen("n1", Event::Accept, "by root")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (moved.status, moved.revision, moved.generation),
        (NodeStatus::Approved, 2, 2)
    );
    assert_eq!(store.node("n1").await.unwrap().as_ref(), Some(&*moved));
    assert_eq!(fleet.node("n1").unwrap().0, moved);
    assert_eq!(
        kinds(&store).await,
        ["admitted new", "status_changed approved: by root"]
    );
}

#[tokio::test]
async fn what_cannot_be_changes_nothing() {
    let (fleet, store) = fleet(NodeStatus::Candidate).await;
    let refused = fleet.happen("n1", Event::Remove, "").await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a node that is candidate cannot be removed, only one that is in maintenance"
    );
    let nobody = fleet.happen("n2", Event::Accept, "").await.unwrap_err();
    assert_eq!(nobody.to_string(), "there is no node \"n2\"");
    fleet.happen("n1", Event::ReadyReported, "").await.unwrap();
    assert_eq!(store.node("n1").await.unwrap().unwrap().revision, 1);
    assert_eq!(kinds(&store).await, ["admitted new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_moves_it_and_nothing_is_told_twice() {
    let (fleet, store) = fleet(NodeStatus::Candidate).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let fleet = Arc::clone(&fleet);
        racers.spawn(async move { fleet.happen("n1", Event::Accept, "race").await.is_ok() });
    }
    let won = racers
        .join_all()
        .await
        .into_iter()
        .filter(|won| *won)
        .count();
    assert_eq!(won, 1);
    assert_eq!(kinds(&store).await.len(), 2);
}

#[tokio::test]
async fn what_is_stored_is_known_even_when_whoever_asked_went_away() {
    let (fleet, store) = fleet(NodeStatus::Candidate).await;
    let mut accepted = Box::pin(fleet.happen("n1", Event::Accept, "by root"));
    tokio::select! {
        biased;
        _ = &mut accepted => panic!("it was done at once"),
        () = std::future::ready(()) => {}
    }
    drop(accepted);
    tokio::task::yield_now().await;
    let stored = store.node("n1").await.unwrap().unwrap();
    assert_eq!(stored.status, NodeStatus::Approved);
    assert_eq!(*fleet.node("n1").unwrap().0, stored);
}

#[tokio::test]
async fn a_deleted_node_is_gone() {
    let (fleet, store) = fleet(NodeStatus::Rejected).await;
    assert_eq!(fleet.happen("n1", Event::Delete, "").await.unwrap(), None);
    assert!(fleet.node("n1").is_none());
    assert!(store.node("n1").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_fenced_after_lease_and_margin_and_no_sooner() {
    let (fleet, _) = fleet(NodeStatus::Active).await;
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    let Timing { lease, margin, .. } = fleet.timing();
    let status = || fleet.node("n1").unwrap().0;
    tokio::time::sleep(lease / 2).await;
    fleet.heard("n1", None, None);
    tokio::time::sleep(lease + margin - Duration::from_millis(100)).await;
    assert_eq!(status().status, NodeStatus::Active);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((status().status, status().epoch), (NodeStatus::Fenced, 2));
    assert_eq!(status().reason, "not heard for 45 s");
    let revision = status().revision;
    tokio::time::sleep(lease * 10).await;
    assert_eq!(status().revision, revision, "it was told again and again");
    watch.abort();
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_was_down_fences_nobody() {
    let (_, store) = fleet(NodeStatus::Active).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let shared: Arc<dyn Store> = Arc::clone(&store) as _;
    let fleet = Fleet::load(shared, Arc::new(StoppedClock), Timing::default());
    let fleet = Arc::new(fleet.await.unwrap());
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    tokio::time::sleep(fleet.timing().lease).await;
    assert_eq!(fleet.node("n1").unwrap().0.status, NodeStatus::Active);
    assert!(is_offline(&fleet), "it was never heard");
    watch.abort();
}

#[tokio::test(start_paused = true)]
async fn a_late_heartbeat_shows_as_offline() {
    let (fleet, _) = fleet(NodeStatus::Active).await;
    fleet.heard("n1", None, None);
    let offline = || is_offline(&fleet);
    assert!(!offline());
    tokio::time::sleep(fleet.timing().interval * 2).await;
    assert!(!offline());
    tokio::time::sleep(fleet.timing().interval).await;
    assert!(offline());
}

#[tokio::test(start_paused = true)]
async fn who_has_no_certificate_yet_is_not_silent() {
    let (fleet, store) = fleet(NodeStatus::Approved).await;
    let edit = |record: &mut NodeRecord| record.certificate_serial = None;
    fleet.edit("n1", "no certificate", edit).await.unwrap();
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        store.node("n1").await.unwrap().unwrap().status,
        NodeStatus::Approved
    );
    assert!(!is_offline(&fleet));
    let edit = |record: &mut NodeRecord| record.certificate_serial = Some("4b".to_owned());
    fleet.edit("n1", "certificate", edit).await.unwrap();
    tokio::time::sleep(fleet.timing().lease).await;
    assert_eq!(fleet.node("n1").unwrap().0.status, NodeStatus::Approved);
    tokio::time::sleep(fleet.timing().lease).await;
    let status = fleet.node("n1").unwrap().0.status;
    assert_eq!(
        status,
        NodeStatus::Fenced,
        "silent for longer than lease and margin"
    );
    watch.abort();
}
