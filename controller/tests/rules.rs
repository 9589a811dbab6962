//! The rules over a node's life, over real TLS against the real services.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod lab;

use std::time::Duration;

use lab::{Identity, Lab};
use muster_controller::lifecycle::Event;
use muster_model::NodeStatus;
use muster_proto::v1;
use muster_proto::v1::change_node_request::Change;
use muster_proto::v1::node_client::NodeClient;
use tonic::Code;
use tonic::transport::Channel;

const N1: &str = "00000000000000000000000000000001";
const N2: &str = "00000000000000000000000000000002";
const N3: &str = "00000000000000000000000000000003";
const GIB: u64 = 1 << 30;

/// Two active nodes that were heard.
struct Pair {
    lab: Lab,
    first: NodeClient<Channel>,
    second: NodeClient<Channel>,
    /// What the first node has heard of last.
    generation: u64,
}

impl Pair {
    async fn start() -> Self {
        let lab = Lab::start().await;
        let (first, second) = (active(&lab, N1).await, active(&lab, N2).await);
        let (first, second) = (lab.node(&first).await, lab.node(&second).await);
        let mut pair = Self {
            lab,
            first,
            second,
            generation: 0,
        };
        pair.first(empty()).await;
        pair.second(16 * GIB, empty()).await;
        pair
    }

    /// The first node says what runs there.
    async fn first(&mut self, summary: v1::WorkloadSummary) -> v1::HeartbeatResponse {
        let request = v1::HeartbeatRequest {
            generation: self.generation,
            ..says(0, Some(summary))
        };
        let answer = self.first.heartbeat(request).await.unwrap().into_inner();
        self.generation = answer.desired.as_ref().unwrap().generation;
        answer
    }

    async fn second(&mut self, free_bytes: u64, summary: v1::WorkloadSummary) {
        beat(&mut self.second, free_bytes, Some(summary)).await;
    }

    async fn change(
        &self,
        request: v1::ChangeNodeRequest,
    ) -> Result<v1::ChangeNodeResponse, String> {
        let changed = self.lab.admin().await.change_node(request).await;
        changed.map(tonic::Response::into_inner).map_err(|status| {
            assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
            status.message().replace('\u{a0}', " ")
        })
    }
}

async fn active(lab: &Lab, id: &str) -> Identity {
    let identity = lab.member(id).await;
    lab.bring(id, NodeStatus::Active).await;
    identity
}

async fn beat(
    node: &mut NodeClient<Channel>,
    free_bytes: u64,
    summary: Option<v1::WorkloadSummary>,
) -> v1::HeartbeatResponse {
    let request = says(free_bytes, summary);
    node.heartbeat(request).await.unwrap().into_inner()
}

fn says(free_bytes: u64, summary: Option<v1::WorkloadSummary>) -> v1::HeartbeatRequest {
    v1::HeartbeatRequest {
        epoch: 1,
        gauges: Some(v1::Gauges {
            memory_total_bytes: Some(free_bytes),
            memory_used_bytes: Some(0),
            ..Default::default()
        }),
        report: Some(v1::NodeReport {
            workloads: summary.map(|summary| summary.machines),
            workload_summary: summary,
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn empty() -> v1::WorkloadSummary {
    v1::WorkloadSummary::default()
}

fn machines(machines: u32, memory_bytes: u64) -> v1::WorkloadSummary {
    v1::WorkloadSummary {
        machines,
        memory_bytes,
        ..Default::default()
    }
}

fn change(id: &str, change: Change) -> v1::ChangeNodeRequest {
    v1::ChangeNodeRequest {
        node: id.to_owned(),
        change: change.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn maintenance_is_refused_until_the_workloads_have_a_place_to_go() {
    let mut pair = Pair::start().await;
    pair.first(machines(2, 32 * GIB)).await;
    let refused = pair
        .change(change(N1, Change::Maintenance))
        .await
        .unwrap_err();
    let name = format!("node-{N1}");
    let expected = format!(
        "2 virtual machines of {name} use 32 GiB, and the other nodes have 16 GiB free together: shut some down, bring another node up, or have them stopped by force"
    );
    assert_eq!(refused, expected);
    assert_eq!(pair.lab.status(N1), NodeStatus::Active);
    pair.second(64 * GIB, empty()).await;
    pair.change(change(N1, Change::Maintenance)).await.unwrap();
    assert_eq!(pair.lab.status(N1), NodeStatus::EnteringMaintenance);
    // Under way before the node had heard of it: it may have started another one since.
    pair.first(empty()).await;
    assert_eq!(pair.lab.status(N1), NodeStatus::EnteringMaintenance);
    pair.first(machines(1, GIB)).await;
    assert_eq!(pair.lab.status(N1), NodeStatus::EnteringMaintenance);
    pair.first(empty()).await;
    assert_eq!(pair.lab.status(N1), NodeStatus::InMaintenance);

    // Now the other one has to stay: nobody could take its workloads.
    pair.second(64 * GIB, machines(1, GIB)).await;
    let refused = pair
        .change(change(N2, Change::Maintenance))
        .await
        .unwrap_err();
    assert!(refused.starts_with("no other node is active"), "{refused}");
    pair.change(change(N1, Change::Activate)).await.unwrap();
}

#[tokio::test]
async fn what_is_not_known_keeps_a_node_and_two_at_once_do_not_slip_through() {
    let mut pair = Pair::start().await;
    beat(&mut pair.first, 0, None).await;
    let refused = pair
        .change(change(N1, Change::Maintenance))
        .await
        .unwrap_err();
    assert!(refused.contains("(its agent cannot tell)"), "{refused}");
    pair.first(machines(1, GIB)).await;
    pair.second(16 * GIB, machines(1, GIB)).await;
    beat(&mut pair.first, 16 * GIB, Some(machines(1, GIB))).await;
    // Each may go while the other is there, and not both.
    let (one, two) = tokio::join!(
        pair.change(change(N1, Change::Maintenance)),
        pair.change(change(N2, Change::Maintenance)),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn force_warns_waits_and_wants_the_name() {
    let mut pair = Pair::start().await;
    let mut summary = machines(1, GIB);
    summary.with_passed_through_gpu = 1;
    pair.first(summary).await;
    let plain = change(N1, Change::Maintenance);
    let refused = pair.change(plain.clone()).await.unwrap_err();
    assert!(
        refused.starts_with("a GPU is passed through to 1 workload"),
        "{refused}"
    );

    let asked = v1::ChangeNodeRequest {
        force: true,
        confirm: format!("node-{N1}"),
        ..plain
    };
    let offer = pair
        .change(asked.clone())
        .await
        .unwrap()
        .force_offer
        .unwrap();
    assert_eq!(
        pair.lab.status(N1),
        NodeStatus::Active,
        "nothing is done yet"
    );
    let [stops, gpu] = offer.warnings.as_slice() else {
        panic!("{offer:?}");
    };
    assert!(
        stops.contains("stopped at once") && gpu.contains("a GPU"),
        "{offer:?}"
    );
    let wait = Duration::from_millis(offer.wait_ms.into());
    assert!(wait >= Duration::from_secs(5), "{wait:?}");
    let with_ticket = v1::ChangeNodeRequest {
        force_ticket: offer.ticket,
        ..asked
    };

    let early = pair.change(with_ticket.clone()).await.unwrap_err();
    assert!(early.starts_with("not yet: force waits"), "{early}");
    tokio::time::sleep(wait).await;
    let unnamed = v1::ChangeNodeRequest {
        confirm: "node".to_owned(),
        ..with_ticket.clone()
    };
    let refused = pair.change(unnamed).await.unwrap_err();
    assert!(
        refused.contains("confirm it by the node's name"),
        "{refused}"
    );
    let other = v1::ChangeNodeRequest {
        node: N2.to_owned(),
        confirm: format!("node-{N2}"),
        ..with_ticket.clone()
    };
    let refused = pair.change(other).await.unwrap_err();
    assert!(refused.starts_with("this ticket is not known"), "{refused}");
    pair.change(with_ticket.clone()).await.unwrap();
    assert_eq!(pair.lab.status(N1), NodeStatus::EnteringMaintenance);
    let told = pair.first(summary).await.desired.unwrap();
    assert!(!told.run_workloads, "they are stopped");

    pair.change(change(N1, Change::CancelMaintenance))
        .await
        .unwrap();
    let again = pair.change(with_ticket).await.unwrap_err();
    assert!(again.starts_with("this ticket is not known"), "{again}");
}

#[tokio::test]
async fn a_fenced_node_can_be_serviced_and_removed_though_it_never_comes_back() {
    let pair = Pair::start().await;
    pair.lab.happen(N1, Event::LeaseExpired).await;
    let asked = v1::ChangeNodeRequest {
        force: true,
        confirm: format!("node-{N1}"),
        ..change(N1, Change::Maintenance)
    };
    let offer = pair
        .change(asked.clone())
        .await
        .unwrap()
        .force_offer
        .unwrap();
    tokio::time::sleep(Duration::from_millis(offer.wait_ms.into())).await;
    let forced = pair
        .change(v1::ChangeNodeRequest {
            force_ticket: offer.ticket,
            ..asked
        })
        .await;
    assert_eq!(
        forced.unwrap().node.unwrap().status(),
        v1::NodeStatus::InMaintenance
    );
    let remove = v1::ChangeNodeRequest {
        confirm: format!("node-{N1}"),
        ..change(N1, Change::Remove)
    };
    pair.change(remove).await.unwrap();
    assert_eq!(pair.lab.status(N1), NodeStatus::Out);
    let last = v1::ChangeNodeRequest {
        confirm: format!("node-{N2}"),
        ..change(N2, Change::Maintenance)
    };
    let refused = pair.change(last).await.unwrap_err();
    assert!(
        refused.ends_with("is the only node of the cluster: add another one first"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_node_is_told_at_once_what_it_is_to_be() {
    let mut pair = Pair::start().await;
    let known = pair.first(empty()).await.desired.unwrap().generation;
    let request = v1::WatchRequest { generation: known };
    let mut watch = pair.first.watch(request).await.unwrap().into_inner();
    let nothing = tokio::time::timeout(Duration::from_millis(300), watch.message()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let asked = std::time::Instant::now();
    pair.lab.happen(N1, Event::LeaseExpired).await;
    let told = watch.message().await.unwrap().unwrap().desired.unwrap();
    assert_eq!(
        (told.status(), told.run_workloads),
        (v1::NodeStatus::Fenced, false)
    );
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );

    // Another watch of the same node ends the first.
    let request = v1::WatchRequest {
        generation: told.generation,
    };
    let mut second = pair.first.watch(request).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_none());
    // Removed, it is told so in so many words.
    for event in [Event::ForceMaintenance, Event::Drained, Event::Remove] {
        pair.lab.happen(N1, event).await;
    }
    let refused = loop {
        match second.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended as if nothing were"),
            Err(status) => break status,
        }
    };
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
}

#[tokio::test]
async fn another_policy_judges_anew_whoever_is_undecided() {
    let lab = Lab::start().await;
    let token = lab.token(2, 3600).await;
    lab.member(N1).await;
    for id in [N2, N3] {
        lab.enroll(&lab.machine(id), &token).await.unwrap();
    }
    lab.happen(N3, Event::Reject).await;
    assert_eq!(lab.status(N2), NodeStatus::Candidate);

    let lab = lab.again(64).await;
    settle(&lab, N2, NodeStatus::Inadequate).await;
    assert_eq!(lab.reason(N2), "fails cpu-threads");
    assert_eq!(lab.status(N1), NodeStatus::Approved, "it was accepted");
    assert_eq!(lab.status(N3), NodeStatus::Rejected, "it was declined");
    let before = lab.events(N2).await;
    let lab = lab.again(64).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(lab.events(N2).await, before, "nothing has changed");
    let lab = lab.again(2).await;
    settle(&lab, N2, NodeStatus::Candidate).await;
}

/// Waits for what is done in the background.
async fn settle(lab: &Lab, id: &str, status: NodeStatus) {
    for _ in 0..100 {
        if lab.status(id) == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} and not {status}", lab.status(id));
}
