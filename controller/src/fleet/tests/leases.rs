//! Leases end when they have run out, to the moment, whatever heartbeats come; and none is given while one ends.

use std::collections::BTreeMap;

use async_trait::async_trait;
use proptest::prelude::*;
use tokio::sync::Semaphore;
use tokio_stream::StreamExt as _;

use super::*;
use crate::record::{EventRecord, TokenRecord};
use crate::store::{Transaction, Write};

const NODES: usize = 4;

/// A store whose commits wait until they are let through.
#[derive(Debug)]
struct Slow {
    store: MemoryStore,
    commits: Semaphore,
}

#[async_trait]
impl Store for Slow {
    async fn node(&self, id: &str) -> Result<Option<NodeRecord>, StoreError> {
        self.store.node(id).await
    }
    async fn nodes(&self) -> Result<Vec<NodeRecord>, StoreError> {
        self.store.nodes().await
    }
    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.store.token(id).await
    }
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.store.tokens().await
    }
    async fn events(
        &self,
        node: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.store.events(node, after, limit).await
    }
    async fn last_events(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.store.last_events().await
    }
    async fn spooled(&self, node: &str, spool: &str) -> Result<u64, StoreError> {
        self.store.spooled(node, spool).await
    }
    async fn inventory(&self, node: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.inventory(node).await
    }
    async fn revoked(&self) -> Result<Vec<String>, StoreError> {
        self.store.revoked().await
    }
    async fn note(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.store.note(key).await
    }
    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        self.commits.acquire().await.unwrap().forget();
        self.store.commit(transaction).await
    }
}

/// When each node was fenced, in milliseconds, with heartbeats of `(after the last one, which node)`.
async fn fenced(beats: &[(u64, usize)]) -> BTreeMap<String, u128> {
    let fleet = Fleet::load(
        Arc::new(MemoryStore::new()),
        Arc::new(StoppedClock),
        Timing::default(),
    );
    let fleet = Arc::new(fleet.await.unwrap());
    let start = Instant::now();
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    let mut watches = tokio::task::JoinSet::new();
    for number in 0..NODES {
        let id = format!("n{number}");
        fleet
            .admit(node(&id, NodeStatus::Active), Vec::new())
            .await
            .unwrap();
        let mut changes = Arc::clone(&fleet).watch(&id, 1);
        watches.spawn(async move {
            let changed = changes.next().await.unwrap();
            assert_eq!(changed.record.status, NodeStatus::Fenced);
            (id, start.elapsed().as_millis())
        });
    }
    for (after, node) in beats {
        tokio::time::sleep(Duration::from_millis(*after)).await;
        fleet.heard(&format!("n{node}"), None, None);
    }
    let fenced = watches.join_all().await.into_iter().collect();
    watch.abort();
    fenced
}

/// The same by looking at every node after every heartbeat.
fn expected(beats: &[(u64, usize)]) -> BTreeMap<String, u128> {
    let patience = Timing::default().patience().as_millis();
    (0..NODES)
        .map(|number| {
            let (mut now, mut overdue) = (0, patience);
            for (after, node) in beats {
                now += u128::from(*after);
                if *node == number && now <= overdue {
                    overdue = now + patience;
                }
            }
            (format!("n{number}"), overdue)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_wheel_fences_when_a_look_at_every_node_would(
        beats in proptest::collection::vec((1_u64..20_000, 0..NODES), 0..30)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let fenced = runtime.block_on(fenced(&beats));
        for (id, at) in expected(&beats) {
            let found = fenced.get(&id).copied().unwrap_or_default();
            // The wheel ticks in milliseconds, and so do the looks.
            prop_assert!((at..=at + 3).contains(&found), "{id} fenced at {found}, not at {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_lease_is_given_while_one_is_being_ended() {
    let store = Arc::new(Slow {
        store: MemoryStore::new(),
        commits: Semaphore::new(2),
    });
    let shared: Arc<dyn Store> = Arc::clone(&store) as _;
    let fleet = Fleet::load(shared, Arc::new(StoppedClock), Timing::default()).await;
    let fleet = Arc::new(fleet.unwrap());
    fleet
        .admit(node("n1", NodeStatus::Active), Vec::new())
        .await
        .unwrap();
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    tokio::time::sleep(fleet.timing().patience() - Duration::from_secs(1)).await;
    // The first heartbeat after a long silence comes while the store is still writing that the node is fenced.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let grant = fleet.heard("n1", None, None).unwrap();
    assert_eq!(
        (grant.record.status, grant.lease),
        (NodeStatus::Active, Duration::ZERO)
    );
    store.commits.add_permits(1);
    tokio::time::sleep(Duration::from_millis(10)).await;
    let grant = fleet.heard("n1", None, None).unwrap();
    assert_eq!(
        (grant.record.status, grant.record.epoch),
        (NodeStatus::Fenced, 2)
    );
    assert_eq!(grant.lease, fleet.timing().lease);
    watch.abort();
}

#[tokio::test(start_paused = true)]
async fn the_leases_of_many_end_at_a_time() {
    let ids = ["n1", "n2", "n3"];
    let store = Arc::new(Slow {
        store: MemoryStore::new(),
        commits: Semaphore::new(1 + ids.len()),
    });
    let shared: Arc<dyn Store> = Arc::clone(&store) as _;
    let fleet = Fleet::load(shared, Arc::new(StoppedClock), Timing::default()).await;
    let fleet = Arc::new(fleet.unwrap());
    for id in ids {
        let active = node(id, NodeStatus::Active);
        fleet.admit(active, Vec::new()).await.unwrap();
    }
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    tokio::time::sleep(fleet.timing().patience() + Duration::from_secs(1)).await;
    // The store answers none of them: each is being ended, though, and none waits for another.
    for id in ids {
        assert_eq!(fleet.heard(id, None, None).unwrap().lease, Duration::ZERO);
    }
    store.commits.add_permits(ids.len());
    tokio::time::sleep(Duration::from_millis(10)).await;
    for id in ids {
        assert_eq!(fleet.node(id).unwrap().0.status, NodeStatus::Fenced);
    }
    watch.abort();
}

#[tokio::test(start_paused = true)]
async fn a_large_fleet_has_longer_to_come_back_after_a_start() {
    let store = Arc::new(MemoryStore::new());
    let writes = (0..800).map(|number| Write::Node {
        record: Box::new(NodeRecord {
            revision: 0,
            ..node(&format!("n{number}"), NodeStatus::Active)
        }),
        expected: 0,
    });
    let writes = writes.collect();
    store.commit(Transaction { writes }).await.unwrap();
    let fleet = Fleet::load(store, Arc::new(StoppedClock), Timing::default());
    let fleet = Arc::new(fleet.await.unwrap());
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    let are = |status: NodeStatus| fleet.nodes().iter().all(|(node, _)| node.status == status);
    // The longest pause of an agent that waits for its controller, and two seconds for 800 to shake hands.
    let to_return = Duration::from_secs(30 + 2);
    tokio::time::sleep(fleet.timing().patience() + to_return - Duration::from_secs(1)).await;
    assert!(are(NodeStatus::Active));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(are(NodeStatus::Fenced));
    watch.abort();
}

#[tokio::test(start_paused = true)]
async fn a_shorter_lease_does_not_end_a_longer_one_whose_answer_may_have_been_the_last() {
    let (fleet, store) = fleet(NodeStatus::Active).await;
    let many = Write::Note {
        key: "patience_ms".to_owned(),
        value: "90000".to_owned(),
    };
    store
        .commit(Transaction { writes: vec![many] })
        .await
        .unwrap();
    drop(fleet);
    let shared: Arc<dyn Store> = Arc::clone(&store) as _;
    let fleet = Fleet::load(shared, Arc::new(StoppedClock), Timing::default());
    let fleet = Arc::new(fleet.await.unwrap());
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        fleet.heard("n1", None, None).unwrap().lease,
        Duration::from_secs(30)
    );
    let status = || fleet.node("n1").unwrap().0.status;
    tokio::time::sleep(Duration::from_secs(88 + 30)).await;
    assert_eq!(
        status(),
        NodeStatus::Active,
        "an earlier controller promised 90 s, and this one has just started"
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(status(), NodeStatus::Fenced);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let noted = store.note("patience_ms").await.unwrap();
    assert_eq!(
        noted.as_deref(),
        Some("45000"),
        "nobody holds to 90 s any more"
    );
    watch.abort();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stays_away_is_failed_first_and_then_fenced() {
    let (fleet, _) = fleet(NodeStatus::EnteringMaintenance).await;
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    let status = || fleet.node("n1").unwrap().0.status;
    tokio::time::sleep(fleet.timing().patience() + Duration::from_secs(1)).await;
    assert_eq!(status(), NodeStatus::Failed);
    tokio::time::sleep(fleet.timing().interval).await;
    assert_eq!(status(), NodeStatus::Fenced);
    watch.abort();
}

#[tokio::test(start_paused = true)]
async fn a_node_out_of_maintenance_has_a_lease_again() {
    let (fleet, _) = fleet(NodeStatus::InMaintenance).await;
    let watch = tokio::spawn(watch_leases(Arc::clone(&fleet)));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        fleet.node("n1").unwrap().0.status,
        NodeStatus::InMaintenance
    );
    fleet.happen("n1", Event::Activate, "").await.unwrap();
    let status = || fleet.node("n1").unwrap().0.status;
    tokio::time::sleep(fleet.timing().patience() - Duration::from_secs(1)).await;
    assert_eq!(status(), NodeStatus::Activating);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(status(), NodeStatus::Failed);
    watch.abort();
}
