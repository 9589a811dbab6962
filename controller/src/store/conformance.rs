//! What every store has to pass. A new store calls [`check`] on an empty one of its kind.

use std::sync::Arc;

use muster_model::NodeStatus;

use super::{Store, StoreError, Transaction, Write};
use crate::record::{EventRecord, NodeRecord, Spooled, TokenRecord};
use crate::succession::Succession;

/// Every property, each on a store of its own.
pub(super) async fn check<S: Store + 'static>(make: impl Fn() -> S) {
    records_come_back_as_they_were(&make()).await;
    a_stale_revision_changes_nothing(&make()).await;
    a_lost_race_has_one_winner(Arc::new(make())).await;
    those_side_by_side_are_each_for_itself(Arc::new(make())).await;
    a_token_is_used_as_often_as_it_may(Arc::new(make())).await;
    events_are_numbered_without_gaps(&make()).await;
    the_last_event_of_each_node_is_known(&make()).await;
    a_spooled_event_is_stored_once(&make()).await;
    each_spool_is_counted_for_itself(&make()).await;
    what_is_lost_is_skipped_once(&make()).await;
    a_race_of_two_deliveries_stores_each_event_once(Arc::new(make())).await;
    a_deleted_node_leaves_nothing(&make()).await;
    revocations_stay(&make()).await;
    the_last_note_counts(&make()).await;
}

async fn records_come_back_as_they_were(store: &impl Store) {
    assert_eq!(store.node("n1").await.unwrap(), None);
    commit(store, vec![put(&node("n2"), 0), put(&node("n1"), 0)])
        .await
        .unwrap();
    let mut expected = node("n1");
    expected.revision = 1;
    assert_eq!(store.node("n1").await.unwrap(), Some(expected.clone()));
    let ids: Vec<String> = store
        .nodes()
        .await
        .unwrap()
        .into_iter()
        .map(|node| node.id)
        .collect();
    assert_eq!(ids, ["n1", "n2"]);
    expected.status = NodeStatus::Approved;
    commit(store, vec![put(&expected, 1)]).await.unwrap();
    let stored = store.node("n1").await.unwrap().unwrap();
    assert_eq!((stored.status, stored.revision), (NodeStatus::Approved, 2));

    let write = Write::Token {
        record: token("t1"),
        expected: 0,
    };
    commit(store, vec![write]).await.unwrap();
    let mut expected = token("t1");
    expected.revision = 1;
    assert_eq!(store.token("t1").await.unwrap(), Some(expected.clone()));
    assert_eq!(store.tokens().await.unwrap(), [expected]);
    assert_eq!(store.token("t2").await.unwrap(), None);

    let write = |content: &[u8]| Write::Inventory {
        node: "n1".to_owned(),
        content: content.to_vec(),
    };
    commit(store, vec![write(b"old"), write(b"new")])
        .await
        .unwrap();
    assert_eq!(
        store.inventory("n1").await.unwrap().as_deref(),
        Some(b"new".as_slice())
    );
}

async fn a_stale_revision_changes_nothing(store: &impl Store) {
    commit(store, vec![put(&node("n1"), 0)]).await.unwrap();
    for expected in [0, 2, 7] {
        let writes = vec![
            put(&node("other"), 0),
            event("n1", "changed", None),
            Write::Revoke {
                serial: "aa".to_owned(),
            },
            Write::Inventory {
                node: "n1".to_owned(),
                content: vec![1],
            },
            note("key", "lost"),
            Write::Token {
                record: token("t1"),
                expected: 0,
            },
            put(&node("n1"), expected),
        ];
        let lost = commit(store, writes).await.unwrap_err();
        assert!(
            matches!(&lost, StoreError::Conflict { what } if what == "node n1"),
            "{lost:?}"
        );
        assert_eq!(store.node("other").await.unwrap(), None);
        assert_eq!(store.events("n1", 0, 10).await.unwrap(), []);
        assert_eq!(store.revoked().await.unwrap(), [""; 0]);
        assert_eq!(store.inventory("n1").await.unwrap(), None);
        assert_eq!(store.note("key").await.unwrap(), None);
        assert_eq!(store.token("t1").await.unwrap(), None);
    }
    let lost = commit(store, vec![put(&node("n9"), 3)]).await.unwrap_err();
    assert!(matches!(lost, StoreError::Conflict { .. }), "{lost:?}");
}

async fn a_lost_race_has_one_winner(store: Arc<impl Store + 'static>) {
    commit(&*store, vec![put(&node("n1"), 0)]).await.unwrap();
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..16 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let mut changed = node("n1");
            changed.name = format!("racer {racer}");
            let told = event("n1", &changed.name, None);
            commit(&*store, vec![told, put(&changed, 1)]).await.is_ok()
        });
    }
    let won = racers
        .join_all()
        .await
        .into_iter()
        .filter(|won| *won)
        .count();
    assert_eq!(won, 1);
    let events = store.events("n1", 0, 100).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].kind,
        store.node("n1").await.unwrap().unwrap().name
    );
}

async fn those_side_by_side_are_each_for_itself(store: Arc<impl Store + 'static>) {
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..64_u64 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let id = format!("{racer:02}");
            // Every other one expects what is not there.
            let writes = vec![event(&id, "told", None), put(&node(&id), racer % 2)];
            let is_done = commit(&*store, writes).await.is_ok();
            // Whoever has the answer finds what was stored.
            let stored = store.node(&id).await.unwrap().is_some();
            let told = store.events(&id, 0, 10).await.unwrap().len();
            assert_eq!((stored, told), (is_done, usize::from(is_done)), "{id}");
            is_done
        });
    }
    let done = racers.join_all().await;
    assert_eq!(done.into_iter().filter(|done| *done).count(), 32);
}

async fn a_token_is_used_as_often_as_it_may(store: Arc<impl Store + 'static>) {
    let uses = |writes: Vec<Write>| writes.into_iter().chain([used("t1")]).collect();
    let unknown = commit(&*store, vec![used("t1")]).await.unwrap_err();
    assert!(
        matches!(unknown, StoreError::Conflict { .. }),
        "{unknown:?}"
    );
    let record = TokenRecord {
        uses_left: 9,
        ..token("t1")
    };
    let write = Write::Token {
        record,
        expected: 0,
    };
    commit(&*store, vec![write]).await.unwrap();
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..16 {
        let store = Arc::clone(&store);
        let writes = uses(vec![put(&node(&format!("n{racer}")), 0)]);
        racers.spawn(async move { commit(&*store, writes).await.is_ok() });
    }
    let won = racers.join_all().await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 9);
    assert_eq!(store.nodes().await.unwrap().len(), 9);
    let left = store.token("t1").await.unwrap().unwrap();
    assert_eq!((left.uses_left, left.revision), (0, 10));

    let record = TokenRecord {
        revoked: true,
        ..token("t2")
    };
    let write = Write::Token {
        record,
        expected: 0,
    };
    commit(&*store, vec![write]).await.unwrap();
    assert!(commit(&*store, vec![used("t2")]).await.is_err());
    assert_eq!(store.token("t2").await.unwrap().unwrap().uses_left, 3);
}

async fn events_are_numbered_without_gaps(store: &impl Store) {
    commit(store, vec![event("n1", "a", None), event("n2", "x", None)])
        .await
        .unwrap();
    commit(store, vec![event("n1", "b", None), event("n1", "c", None)])
        .await
        .unwrap();
    assert_eq!(
        kinds(&store.events("n1", 0, 10).await.unwrap()),
        [(1, "a"), (2, "b"), (3, "c")]
    );
    assert_eq!(kinds(&store.events("n1", 1, 1).await.unwrap()), [(2, "b")]);
    assert_eq!(kinds(&store.events("n2", 0, 10).await.unwrap()), [(1, "x")]);
    assert_eq!(store.events("n3", 0, 10).await.unwrap(), []);
}

async fn the_last_event_of_each_node_is_known(store: &impl Store) {
    assert_eq!(store.last_events().await.unwrap(), []);
    let nodes = ["n1", "n2", "n3"].map(|id| put(&node(id), 0));
    commit(store, nodes.into()).await.unwrap();
    let events = ["n3", "n1", "n3"].map(|id| event(id, "changed", None));
    commit(store, events.into()).await.unwrap();
    let last = [("n1".to_owned(), 1), ("n3".to_owned(), 2)];
    assert_eq!(store.last_events().await.unwrap(), last);
}

async fn a_spooled_event_is_stored_once(store: &impl Store) {
    assert_eq!(store.spooled("n1", "a").await.unwrap(), 0);
    let (one, two, three) = (spooled("a", 1), spooled("a", 2), spooled("a", 3));
    commit(
        store,
        vec![event("n1", "one", one), event("n1", "two", two.clone())],
    )
    .await
    .unwrap();
    commit(store, vec![event("n1", "own", None)]).await.unwrap();
    let again = vec![event("n1", "two", two), event("n1", "three", three)];
    commit(store, again).await.unwrap();
    let expected = [(1, "one"), (2, "two"), (3, "own"), (4, "three")];
    assert_eq!(kinds(&store.events("n1", 0, 10).await.unwrap()), expected);
    assert_eq!(store.spooled("n1", "a").await.unwrap(), 3);
    let gap = commit(store, vec![event("n1", "five", spooled("a", 5))])
        .await
        .unwrap_err();
    assert!(matches!(gap, StoreError::Conflict { .. }), "{gap:?}");
}

async fn each_spool_is_counted_for_itself(store: &impl Store) {
    let writes = vec![
        event("n1", "old", spooled("a", 1)),
        event("n1", "new", spooled("b", 1)),
        event("n2", "other", spooled("a", 1)),
    ];
    commit(store, writes.clone()).await.unwrap();
    commit(store, writes).await.unwrap();
    let expected = [(1, "old"), (2, "new")];
    assert_eq!(kinds(&store.events("n1", 0, 10).await.unwrap()), expected);
    assert_eq!(store.spooled("n2", "b").await.unwrap(), 0);
}

async fn what_is_lost_is_skipped_once(store: &impl Store) {
    let skip = |from: u64, to: u64| Write::SkipSpool {
        node: "n1".to_owned(),
        from: Spooled {
            spool: "a".to_owned(),
            sequence: from,
        },
        to,
    };
    commit(
        store,
        vec![skip(0, 6), event("n1", "seven", spooled("a", 7))],
    )
    .await
    .unwrap();
    let again = vec![event("n1", "lost", None), skip(0, 6)];
    let lost = commit(store, again).await.unwrap_err();
    assert!(matches!(lost, StoreError::Conflict { .. }), "{lost:?}");
    let failing = vec![skip(7, 9), put(&node("n1"), 4)];
    assert!(commit(store, failing).await.is_err());
    assert_eq!(store.spooled("n1", "a").await.unwrap(), 7);
    let expected = [(1, "seven")];
    assert_eq!(kinds(&store.events("n1", 0, 10).await.unwrap()), expected);
}

async fn a_race_of_two_deliveries_stores_each_event_once(store: Arc<impl Store + 'static>) {
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..16_u64 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let sequences = 1..=(20 + racer);
            let events = sequences.map(|sequence| event("n1", "told", spooled("a", sequence)));
            commit(&*store, events.collect()).await.unwrap();
        });
    }
    racers.join_all().await;
    let events = store.events("n1", 0, 100).await.unwrap();
    let sequences = events.into_iter().filter_map(|event| event.spooled);
    let sequences: Vec<u64> = sequences.map(|spooled| spooled.sequence).collect();
    assert_eq!(sequences, (1..=35).collect::<Vec<u64>>());
}

async fn a_deleted_node_leaves_nothing(store: &impl Store) {
    let inventory = Write::Inventory {
        node: "n1".to_owned(),
        content: vec![1],
    };
    commit(
        store,
        vec![
            put(&node("n1"), 0),
            event("n1", "a", spooled("a", 1)),
            inventory,
        ],
    )
    .await
    .unwrap();
    let delete = |expected| Write::DeleteNode {
        id: "n1".to_owned(),
        expected,
    };
    assert!(commit(store, vec![delete(5)]).await.is_err());
    assert!(store.node("n1").await.unwrap().is_some());
    let failing = vec![delete(1), put(&node("n2"), 9)];
    assert!(commit(store, failing).await.is_err());
    assert_eq!(store.spooled("n1", "a").await.unwrap(), 1);
    assert_eq!(store.events("n1", 0, 10).await.unwrap().len(), 1);
    commit(store, vec![delete(1)]).await.unwrap();
    assert_eq!(store.node("n1").await.unwrap(), None);
    assert_eq!(store.events("n1", 0, 10).await.unwrap(), []);
    assert_eq!(store.inventory("n1").await.unwrap(), None);
    assert_eq!(store.spooled("n1", "a").await.unwrap(), 0);
}

async fn revocations_stay(store: &impl Store) {
    let revoke = |serial: &str| Write::Revoke {
        serial: serial.to_owned(),
    };
    commit(store, vec![revoke("bb"), revoke("aa"), revoke("bb")])
        .await
        .unwrap();
    assert_eq!(store.revoked().await.unwrap(), ["aa", "bb"]);
}

async fn the_last_note_counts(store: &impl Store) {
    assert_eq!(store.note("key").await.unwrap(), None);
    commit(store, vec![note("key", "old"), note("other", "x")])
        .await
        .unwrap();
    commit(store, vec![note("key", "new")]).await.unwrap();
    let failing = vec![note("key", "lost"), put(&node("n1"), 9)];
    assert!(commit(store, failing).await.is_err());
    assert_eq!(store.note("key").await.unwrap().as_deref(), Some("new"));
}

async fn commit(store: &impl Store, writes: Vec<Write>) -> Result<(), StoreError> {
    store.commit(Transaction { writes }).await
}

fn put(record: &NodeRecord, expected: u64) -> Write {
    Write::Node {
        record: Box::new(record.clone()),
        expected,
    }
}

fn used(id: &str) -> Write {
    Write::UseToken { id: id.to_owned() }
}

fn note(key: &str, value: &str) -> Write {
    Write::Note {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn spooled(spool: &str, sequence: u64) -> Option<Spooled> {
    let spool = spool.to_owned();
    Some(Spooled { spool, sequence })
}

fn event(node: &str, kind: &str, spooled: Option<Spooled>) -> Write {
    Write::Event {
        node: node.to_owned(),
        event: EventRecord {
            spooled,
            ..EventRecord::new(1_700_000_000_000, kind, String::new())
        },
    }
}

fn kinds(events: &[EventRecord]) -> Vec<(u64, &str)> {
    events
        .iter()
        .map(|event| (event.sequence, event.kind.as_str()))
        .collect()
}

fn node(id: &str) -> NodeRecord {
    NodeRecord {
        id: id.to_owned(),
        name: "näme".to_owned(),
        description: String::new(),
        hostname: Some("host".to_owned()),
        address: None,
        machine_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
        fingerprint: "ff".to_owned(),
        macs: ["52:54:00:00:00:01".to_owned()].into(),
        status: NodeStatus::Candidate,
        reason: "new".to_owned(),
        quarantine: None,
        status_since: 1_700_000_000_000,
        role: None,
        public_key: "aa".to_owned(),
        token: None,
        certificate_serial: None,
        succession: Succession::default(),
        root: None,
        epoch: 0,
        generation: 0,
        inventory_digest: None,
        tags: ["rack-1".to_owned()].into(),
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        taints: std::collections::BTreeMap::new(),
        drains: false,
        agent_version: "0.1.0".to_owned(),
        revision: 0,
    }
}

fn token(id: &str) -> TokenRecord {
    TokenRecord {
        id: id.to_owned(),
        secret_sha256: "00".to_owned(),
        role: None,
        created: 1,
        expires: 2,
        uses_left: 3,
        name: None,
        labels: std::collections::BTreeMap::new(),
        taints: std::collections::BTreeMap::new(),
        auto_accept: false,
        revoked: false,
        revision: 0,
    }
}
