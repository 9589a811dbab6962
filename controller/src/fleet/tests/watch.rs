//! A node is told at once, by one watch.

use tokio_stream::StreamExt as _;

use super::*;

/// What comes at once.
async fn told(watch: &mut Watch) -> Option<Option<NodeStatus>> {
    let soon = tokio::time::timeout(Duration::from_millis(10), watch.next());
    let told = soon.await.ok()?;
    Some(told.map(|news| news.record.status))
}

async fn happen(fleet: &Fleet, event: Event) {
    fleet.happen("n1", event, "").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_newest_is_told_once_and_what_is_known_is_not() {
    let (fleet, _) = fleet(NodeStatus::Candidate).await;
    let mut watch = Arc::clone(&fleet).watch("n1", 1);
    assert_eq!(told(&mut watch).await, None, "the node knows of it");
    happen(&fleet, Event::Accept).await;
    assert_eq!(told(&mut watch).await, Some(Some(NodeStatus::Approved)));
    assert_eq!(told(&mut watch).await, None);
    fleet
        .edit("n1", "renamed", |node| node.name.push('x'))
        .await
        .unwrap();
    assert_eq!(told(&mut watch).await, None, "it is to be the same");
    happen(&fleet, Event::StartReported).await;
    happen(&fleet, Event::InstalledReported).await;
    assert_eq!(told(&mut watch).await, Some(Some(NodeStatus::Activating)));
    assert_eq!(told(&mut watch).await, None);
    let mut late = Arc::clone(&fleet).watch("n1", 1);
    assert_eq!(told(&mut late).await, Some(Some(NodeStatus::Activating)));
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_woken() {
    let (fleet, _) = fleet(NodeStatus::Active).await;
    let mut watch = Arc::clone(&fleet).watch("n1", 1);
    let waiting = tokio::spawn(async move { watch.next().await.map(|news| news.record.status) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    happen(&fleet, Event::LeaseExpired).await;
    assert_eq!(waiting.await.unwrap(), Some(NodeStatus::Fenced));
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_is_told_once_and_whoever_asked_has_the_answer() {
    let (fleet, _) = fleet(NodeStatus::Active).await;
    let mut watch = Arc::clone(&fleet).watch("n1", 1);
    assert_eq!(told(&mut watch).await, None);
    assert!(!fleet.wants_workloads("n1"));
    let (first, second) = (fleet.ask_workloads("n1"), fleet.ask_workloads("n1"));
    assert_eq!(told(&mut watch).await, Some(Some(NodeStatus::Active)));
    assert_eq!(told(&mut watch).await, None, "it has been told");
    assert!(fleet.wants_workloads("n1"));
    assert!(!fleet.wants_workloads("n2"));
    drop(first);
    assert!(fleet.wants_workloads("n1"), "one still waits");
    let document = muster_proto::v1::Document::pack("muster.workloads/v1", b"{}").unwrap();
    fleet.told_workloads("n1", &Some(document.clone()));
    assert_eq!(second.await.unwrap(), Some(document));
    assert!(!fleet.wants_workloads("n1"));
    assert_eq!(told(&mut watch).await, None);

    let third = fleet.ask_workloads("n1");
    assert_eq!(told(&mut watch).await, Some(Some(NodeStatus::Active)));
    drop(third);
    assert!(!fleet.wants_workloads("n1"), "nobody waits any more");
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_with_the_next_one_with_the_node_and_with_the_controller() {
    let (fleet, _) = fleet(NodeStatus::Candidate).await;
    let mut first = Arc::clone(&fleet).watch("n1", 1);
    let mut second = Arc::clone(&fleet).watch("n1", 1);
    assert_eq!(told(&mut first).await, Some(None));
    drop(first);
    happen(&fleet, Event::Reject).await;
    assert_eq!(told(&mut second).await, Some(Some(NodeStatus::Rejected)));
    happen(&fleet, Event::Delete).await;
    assert_eq!(told(&mut second).await, Some(None));
    let mut nobody = Arc::clone(&fleet).watch("n1", 1);
    assert_eq!(told(&mut nobody).await, Some(None));

    fleet
        .admit(node("n1", NodeStatus::Active), Vec::new())
        .await
        .unwrap();
    let mut third = Arc::clone(&fleet).watch("n1", 1);
    assert_eq!(told(&mut third).await, None);
    fleet.end_watches();
    assert_eq!(told(&mut third).await, Some(None));
    let mut later = Arc::clone(&fleet).watch("n1", 0);
    assert_eq!(told(&mut later).await, Some(None));
}

#[test]
fn a_watch_is_small() {
    // With the node's own share, what is behind pointers included, and without the stream of HTTP/2 that it feeds.
    let watch = size_of::<Watch>() + 32;
    let behind =
        size_of::<tokio::sync::Notify>() + 16 + size_of::<tokio::sync::futures::OwnedNotified>();
    assert!(watch + behind <= 512, "{watch} + {behind} bytes");
}
