//! Lists of nodes: filtered and sorted by the controller, a page at a time.

use std::collections::{BTreeMap, BTreeSet};

use muster_controller::lifecycle::Event;
use muster_model::Role;
use muster_proto::v1;
use tonic::Code;

use super::lab::Lab;
use super::{gauges, id, names, record};

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
