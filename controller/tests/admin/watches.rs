//! Watches: the state, and then what changes, without a gap.

use std::collections::BTreeMap;
use std::time::Duration;

use muster_controller::lifecycle::Event;
use muster_controller::record::NodeRecord;
use muster_controller::store::{Transaction, Write};
use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use muster_proto::v1::watch_nodes_response::Kind;
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Streaming};

use super::lab::Lab;
use super::{gauges, id, record};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_watch_has_the_state_and_then_the_changes() {
    let lab = Lab::start().await;
    for number in 0..3 {
        lab.fleet.admit(record(number), Vec::new()).await.unwrap();
    }
    let filter = v1::NodeFilter {
        statuses: vec![v1::NodeStatus::Candidate.into()],
        ..Default::default()
    };
    let request = v1::WatchNodesRequest {
        filter: Some(filter),
        sort: "-name".to_owned(),
    };
    let mut watch = lab
        .admin()
        .await
        .watch_nodes(request)
        .await
        .unwrap()
        .into_inner();
    let mut told = Vec::new();
    while told.last() != Some(&(Kind::Synced, String::new())) {
        told.push(step(&mut watch).await);
    }
    let state = [
        (Kind::Reset, ""),
        (Kind::Node, "node-2"),
        (Kind::Node, "node-1"),
        (Kind::Node, "node-0"),
        (Kind::Synced, ""),
    ];
    assert_eq!(told, state.map(|(kind, name)| (kind, name.to_owned())));
    // It does not match any more; one comes; one is deleted; one is accepted by nobody: that is no change.
    lab.fleet
        .happen(&id(0), Event::Accept, "by the lab")
        .await
        .unwrap();
    assert_eq!(step(&mut watch).await, (Kind::Gone, "node-0".to_owned()));
    lab.fleet.admit(record(9), Vec::new()).await.unwrap();
    assert_eq!(step(&mut watch).await, (Kind::Node, "node-9".to_owned()));
    lab.fleet
        .happen(&id(7), Event::Accept, "nobody")
        .await
        .unwrap_err();
    lab.fleet.heard(&id(1), Some(gauges(1)), None);
    lab.fleet
        .happen(&id(1), Event::Delete, "by the lab")
        .await
        .unwrap();
    // Its name went with it.
    assert_eq!(step(&mut watch).await, (Kind::Gone, String::new()));
    assert!(
        timeout(Duration::from_millis(1500), watch.message())
            .await
            .is_err()
    );
}

/// A lost compare-and-swap changes nothing, and tells nobody.
#[tokio::test]
async fn a_race_that_was_lost_is_not_told() {
    let lab = Lab::start().await;
    let stored = lab.fleet.admit(record(1), Vec::new()).await.unwrap();
    let mut notices = lab.fleet.listen();
    let refused = lab.fleet.admit(record(1), Vec::new()).await;
    refused.unwrap_err();
    lab.fleet
        .happen(&id(1), Event::Drained, "it stays")
        .await
        .unwrap();
    let lost = Write::Node {
        record: Box::new(NodeRecord::clone(&stored)),
        expected: 7,
    };
    lab.fleet
        .store()
        .commit(Transaction { writes: vec![lost] })
        .await
        .unwrap_err();
    assert!(notices.try_recv().is_err());
    lab.fleet
        .happen(&id(1), Event::Accept, "in turn")
        .await
        .unwrap();
    assert_eq!(&*notices.try_recv().unwrap(), id(1));
    assert!(notices.try_recv().is_err());
}

/// Who reads nothing for long is told the state anew, and the controller keeps no more for it than its bounds.
#[tokio::test]
async fn a_slow_watcher_is_told_to_begin_anew() {
    let lab = Lab::start().await;
    for number in 0..50 {
        lab.fleet.admit(record(number), Vec::new()).await.unwrap();
    }
    let mut watch = {
        let request = v1::WatchNodesRequest::default();
        lab.admin()
            .await
            .watch_nodes(request)
            .await
            .unwrap()
            .into_inner()
    };
    while step(&mut watch).await.0 != Kind::Synced {}
    // More than any window or queue between here and there holds.
    let long = "x".repeat(20_000);
    for round in 0..200 {
        for number in 0..50 {
            let description = format!("{round} {long}");
            let edit = |node: &mut NodeRecord| node.description.clone_from(&description);
            lab.fleet.edit(&id(number), "edited", edit).await.unwrap();
            tokio::task::yield_now().await;
        }
    }
    // Whatever was on its way comes first; then the state as it is now, from its beginning.
    let mut seen = BTreeMap::new();
    let mut resets = 0;
    loop {
        let message = timeout(PATIENCE, watch.message());
        let message = message.await.expect("it was never told to begin anew");
        let message = message.unwrap().unwrap();
        match message.kind() {
            Kind::Reset => {
                resets += 1;
                seen.clear();
            }
            Kind::Node => {
                let node = message.node.unwrap();
                seen.insert(node.id, node.description);
            }
            Kind::Synced if resets > 0 => break,
            _ => {}
        }
    }
    assert_eq!(seen.len(), 50);
    let old = seen
        .values()
        .find(|text: &&String| !text.starts_with("199 "));
    assert_eq!(old, None);
}

#[tokio::test]
async fn events_follow_without_a_gap() {
    let lab = Lab::start().await;
    for number in 0..2 {
        lab.fleet.admit(record(number), Vec::new()).await.unwrap();
    }
    let mut admin = lab.admin().await;
    let mut all = watch_events(&mut admin, "", []).await;
    let mut one = watch_events(&mut admin, "node-1", [(id(1), 0)]).await;
    assert_eq!(
        event(&mut one).await,
        ("node-1".to_owned(), 1, "admitted".to_owned())
    );
    lab.fleet
        .happen(&id(0), Event::Accept, "by the lab")
        .await
        .unwrap();
    lab.fleet
        .happen(&id(1), Event::Accept, "by the lab")
        .await
        .unwrap();
    lab.fleet.admit(record(2), Vec::new()).await.unwrap();
    let moved = "status_changed".to_owned();
    assert_eq!(
        event(&mut all).await,
        ("node-0".to_owned(), 2, moved.clone())
    );
    assert_eq!(
        event(&mut all).await,
        ("node-1".to_owned(), 2, moved.clone())
    );
    assert_eq!(
        event(&mut all).await,
        ("node-2".to_owned(), 1, "admitted".to_owned())
    );
    assert_eq!(event(&mut one).await, ("node-1".to_owned(), 2, moved));
    lab.fleet
        .happen(&id(2), Event::Delete, "by the lab")
        .await
        .unwrap();
    let missing = v1::WatchEventsRequest {
        node: "node-2".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        admin.watch_events(missing).await.unwrap_err().code(),
        Code::NotFound
    );
    assert!(
        timeout(Duration::from_millis(300), one.message())
            .await
            .is_err()
    );
}

async fn watch_events<const N: usize>(
    admin: &mut AdminClient<Channel>,
    node: &str,
    after: [(String, u64); N],
) -> Streaming<v1::WatchEventsResponse> {
    let request = v1::WatchEventsRequest {
        node: node.to_owned(),
        after_sequences: after.into(),
    };
    let mut watch = admin.watch_events(request).await.unwrap().into_inner();
    let begun = timeout(PATIENCE, watch.message())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(begun, v1::WatchEventsResponse::default());
    watch
}

async fn event(watch: &mut Streaming<v1::WatchEventsResponse>) -> (String, u64, String) {
    let message = timeout(PATIENCE, watch.message())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let event = message.event.unwrap();
    (message.name, event.sequence, event.kind)
}

async fn step(watch: &mut Streaming<v1::WatchNodesResponse>) -> (Kind, String) {
    let message = timeout(PATIENCE, watch.message())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let name = message.node.as_ref().map(|node| node.name.clone());
    (message.kind(), name.unwrap_or_default())
}
