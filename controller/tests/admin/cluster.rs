//! The cluster as a whole, and one node with its documents.

use muster_model::NodeStatus;
use muster_proto::v1;

use super::lab::Lab;
use super::{id, record};

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
