//! What administrators see and change, over the real socket: lists, pages, watches, edits.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "test code"
)]

mod lab;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab::Lab;
use muster_controller::lifecycle::Event;
use muster_controller::record::NodeRecord;
use muster_controller::store::{Transaction, Write};
use muster_model::{NodeStatus, Role};
use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use muster_proto::v1::watch_nodes_response::Kind;
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Streaming};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn nodes_are_filtered_on_the_server() {
    let lab = Lab::start().await;
    for number in 0..6 {
        let mut node = record(number);
        if number % 2 == 0 {
            node.role = Some(Role::Control);
            node.tags = BTreeSet::from(["even".to_owned()]);
        }
        node.labels = BTreeMap::from([("zone".to_owned(), format!("z{}", number % 3))]);
        lab.fleet.admit(node, Vec::new()).await.unwrap();
    }
    lab.fleet
        .happen(&id(3), Event::Accept, "by the lab")
        .await
        .unwrap();
    let mut admin = lab.admin().await;
    let mut names = async |filter: v1::NodeFilter| {
        let request = v1::ListNodesRequest {
            filter: Some(filter),
            ..Default::default()
        };
        let listed = admin.list_nodes(request).await;
        listed.map(|listed| names(&listed.into_inner().nodes))
    };
    let all = v1::NodeFilter::default();
    assert_eq!(names(all.clone()).await.unwrap().len(), 6);
    let filter = v1::NodeFilter {
        statuses: vec![v1::NodeStatus::Approved.into()],
        ..all.clone()
    };
    assert_eq!(names(filter).await.unwrap(), ["node-3"]);
    let filter = v1::NodeFilter {
        roles: vec![v1::Role::Control.into()],
        selector: "zone!=z0".to_owned(),
        ..all.clone()
    };
    assert_eq!(names(filter).await.unwrap(), ["node-2", "node-4"]);
    let filter = v1::NodeFilter {
        tags: vec!["even".to_owned()],
        text: "NODE-4".to_owned(),
        ..all.clone()
    };
    assert_eq!(names(filter).await.unwrap(), ["node-4"]);
    let filter = v1::NodeFilter {
        offline: true,
        ..all.clone()
    };
    assert_eq!(names(filter).await.unwrap(), [""; 0]);
    for wrong in [
        v1::NodeFilter {
            selector: "a b".to_owned(),
            ..all.clone()
        },
        v1::NodeFilter {
            statuses: vec![99],
            ..all
        },
    ] {
        let refused = names(wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }
}

/// Between any two pages nodes come, go and move: who does not is on exactly one page.
#[tokio::test]
async fn pages_hold_what_did_not_change_once() {
    for sort in ["name", "-name", "status", "-cpu", "age"] {
        let lab = Lab::start().await;
        for number in 0..30 {
            lab.fleet.admit(record(number), Vec::new()).await.unwrap();
            lab.fleet.heard(&id(number), Some(gauges(number)), None);
        }
        let mut admin = lab.admin().await;
        let mut request = v1::ListNodesRequest {
            sort: sort.to_owned(),
            page_size: 4,
            ..Default::default()
        };
        let mut seen: Vec<String> = Vec::new();
        for page in 0.. {
            let listed = admin
                .list_nodes(request.clone())
                .await
                .unwrap()
                .into_inner();
            assert!(listed.nodes.len() <= 4);
            seen.extend(names(&listed.nodes));
            if listed.next_page_token.is_empty() {
                break;
            }
            request.page_token = listed.next_page_token;
            // One comes, one moves, one goes.
            lab.fleet
                .admit(record(100 + page), Vec::new())
                .await
                .unwrap();
            lab.fleet.heard(&id(page % 10), Some(gauges(200)), None);
            lab.fleet
                .happen(&id(page % 10), Event::Accept, "moved")
                .await
                .ok();
            lab.fleet
                .happen(&id(10 + page % 10), Event::Delete, "gone")
                .await
                .ok();
        }
        for number in 20..30 {
            let name = format!("node-{number}");
            let times = seen.iter().filter(|seen| **seen == name).count();
            assert_eq!(times, 1, "{name} sorted by {sort}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn a_page_has_a_bound_however_large_a_page_is_asked_for() {
    let lab = Lab::start().await;
    for number in 0..2003 {
        lab.fleet.admit(record(number), Vec::new()).await.unwrap();
    }
    let mut admin = lab.admin().await;
    let mut request = v1::ListNodesRequest {
        page_size: u32::MAX,
        ..Default::default()
    };
    let listed = admin
        .list_nodes(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.nodes.len(), 2000);
    request.page_token = listed.next_page_token;
    let listed = admin
        .list_nodes(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (listed.nodes.len(), listed.next_page_token.as_str()),
        (3, "")
    );
    request.sort = "cpu".to_owned();
    let refused = admin.list_nodes(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
}

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

#[tokio::test]
async fn names_tags_labels_and_taints_are_edited_after_joining() {
    let lab = Lab::start().await;
    for number in 0..2 {
        lab.fleet.admit(record(number), Vec::new()).await.unwrap();
    }
    let mut admin = lab.admin().await;
    let taint = |key: &str, effect: &str| v1::Taint {
        key: key.to_owned(),
        value: "gpu".to_owned(),
        effect: effect.to_owned(),
    };
    let asked = v1::EditNodeRequest {
        node: "node-1".to_owned(),
        name: Some("blue".to_owned()),
        description: Some("top of rack".to_owned()),
        add_tags: vec!["new".to_owned()],
        set_labels: [("rack".to_owned(), "7".to_owned())].into(),
        set_taints: vec![taint("dedicated", "NoSchedule"), taint("old", "NoExecute")],
        ..Default::default()
    };
    let node = admin
        .edit_node(asked.clone())
        .await
        .unwrap()
        .into_inner()
        .node
        .unwrap();
    assert_eq!(
        (node.name.as_str(), node.taints.len(), node.revision),
        ("blue", 2, 2)
    );
    // The same again is no change, and no event.
    let again = v1::EditNodeRequest {
        node: "blue".to_owned(),
        ..asked.clone()
    };
    let node = admin
        .edit_node(again)
        .await
        .unwrap()
        .into_inner()
        .node
        .unwrap();
    assert_eq!(node.revision, 2);
    let removed = v1::EditNodeRequest {
        node: "blue".to_owned(),
        remove_taints: vec!["old".to_owned()],
        remove_labels: vec!["rack".to_owned()],
        remove_tags: vec!["new".to_owned()],
        ..Default::default()
    };
    let node = admin
        .edit_node(removed)
        .await
        .unwrap()
        .into_inner()
        .node
        .unwrap();
    assert_eq!(node.taints, [taint("dedicated", "NoSchedule")]);
    assert!(node.labels.is_empty() && node.tags.is_empty());
    let events = lab.fleet.store().events(&id(1), 1, 10).await.unwrap();
    let said: Vec<&str> = events
        .iter()
        .map(|event| event.message.split(" set by").next().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "name blue, description, tag new, label rack=7, taint dedicated=gpu:NoSchedule, taint old=gpu:NoExecute",
            "no tag new, no label rack, no taint old"
        ]
    );
    let node = || "node-0".to_owned();
    let wrong = [
        (
            v1::EditNodeRequest {
                node: node(),
                name: Some(" ".to_owned()),
                ..Default::default()
            },
            Code::InvalidArgument,
        ),
        (
            v1::EditNodeRequest {
                node: node(),
                name: Some("a\u{1b}b".to_owned()),
                ..Default::default()
            },
            Code::InvalidArgument,
        ),
        (
            v1::EditNodeRequest {
                node: node(),
                name: Some("blue".to_owned()),
                ..Default::default()
            },
            Code::AlreadyExists,
        ),
        (
            v1::EditNodeRequest {
                node: node(),
                add_tags: vec!["a b".to_owned()],
                ..Default::default()
            },
            Code::InvalidArgument,
        ),
        (
            v1::EditNodeRequest {
                node: node(),
                set_labels: [("a b".to_owned(), String::new())].into(),
                ..Default::default()
            },
            Code::InvalidArgument,
        ),
        (
            v1::EditNodeRequest {
                node: node(),
                set_taints: vec![taint("a", "Never")],
                ..Default::default()
            },
            Code::InvalidArgument,
        ),
        (
            v1::EditNodeRequest {
                node: "nobody".to_owned(),
                ..Default::default()
            },
            Code::NotFound,
        ),
    ];
    for (asked, code) in wrong {
        let refused = admin.edit_node(asked.clone()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{asked:?}: {refused}");
    }
}

#[tokio::test]
async fn the_cluster_says_who_needs_somebody() {
    let lab = Lab::start().await;
    for number in 0..4 {
        let mut node = record(number);
        node.status = [
            NodeStatus::Active,
            NodeStatus::Fenced,
            NodeStatus::Candidate,
            NodeStatus::Out,
        ][number];
        node.certificate_serial = (number == 0).then(|| "aa".to_owned());
        lab.fleet.admit(node, Vec::new()).await.unwrap();
    }
    let asked = v1::GetClusterRequest {};
    let cluster = lab
        .admin()
        .await
        .get_cluster(asked)
        .await
        .unwrap()
        .into_inner();
    let counts: Vec<u32> = cluster.counts.iter().map(|count| count.nodes).collect();
    assert_eq!(
        (counts, cluster.offline, cluster.nodes),
        (vec![1, 1, 1, 1], 1, 4)
    );
    let kinds: Vec<_> = cluster
        .attention
        .iter()
        .map(|one| (one.kind(), one.name.as_str()))
        .collect();
    use v1::attention::Kind;
    assert_eq!(
        kinds,
        [
            (Kind::Fenced, "node-1"),
            (Kind::Offline, "node-0"),
            (Kind::Candidate, "node-2")
        ]
    );
}

#[tokio::test]
async fn a_node_is_judged_when_it_is_asked_for() {
    let lab = Lab::start().await;
    let token = lab.token(1, 3600).await;
    let machine = lab.machine(&id(1));
    lab.enroll(&machine, &token).await.unwrap();
    let mut admin = lab.admin().await;
    let mut asked = v1::GetNodeRequest {
        node: id(1),
        with_verdict: true,
    };
    let shown = admin.get_node(asked.clone()).await.unwrap().into_inner();
    let json = shown.verdict.unwrap().unpack("muster.verdict/v1").unwrap();
    let verdict: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(verdict["roles"][0]["standing"], "adequate");
    asked.with_verdict = false;
    assert_eq!(
        admin.get_node(asked).await.unwrap().into_inner().verdict,
        None
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

fn names(nodes: &[v1::NodeRecord]) -> Vec<String> {
    nodes.iter().map(|node| node.name.clone()).collect()
}

fn id(number: usize) -> String {
    format!("{number:032x}")
}

fn gauges(number: usize) -> v1::Gauges {
    v1::Gauges {
        cpu_percent: Some(f64::from(u32::try_from(number).unwrap())),
        ..Default::default()
    }
}

fn record(number: usize) -> NodeRecord {
    let record = serde_json::json!({
        "id": id(number), "name": format!("node-{number}"), "description": "", "fingerprint": "", "macs": [],
        "status": "candidate", "reason": "", "status_since": 1_790_000_000_000_i64, "role": "worker",
        "public_key": "", "epoch": 1, "generation": 1, "tags": [], "labels": {}, "taints": {},
        "agent_version": "0.1.0", "revision": 0,
    });
    serde_json::from_value(record).unwrap()
}
