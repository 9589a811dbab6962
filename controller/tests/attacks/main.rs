//! Who may not, is turned away: each attack over real TLS against the real services.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod administrators;
mod downloads;
mod guesses;
mod joining;
#[path = "../lab/mod.rs"]
mod lab;
mod returning;
mod rotation;
mod slow;

use lab::{Lab, Trust, now_ms};
use muster_controller::authority::{Authority, Request};
use muster_controller::peer::Peer;
use muster_model::NodeStatus;
use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use muster_proto::v1::change_node_request::Change;
use muster_proto::v1::enrollment_client::EnrollmentClient;
use muster_proto::v1::node_client::NodeClient;
use tonic::Code;

#[tokio::test]
async fn a_machine_joins_is_accepted_and_becomes_active() {
    let lab = Lab::start().await;
    let token = lab.token(1, 3600).await;
    let machine = lab.machine("00000000000000000000000000000001");
    let pending = lab.enroll(&machine, &token).await.unwrap();
    let v1::enroll_response::Outcome::Pending(pending) = pending else {
        panic!("it was let in by nobody");
    };
    assert_eq!(pending.status(), v1::NodeStatus::Candidate);
    lab.accept(&machine).await;
    let identity = lab.issued(&machine, &token).await;
    let mut node = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
    let mut beat = v1::HeartbeatRequest {
        sequence: 1,
        report: Some(v1::NodeReport::default()),
        ..Default::default()
    };
    beat.report
        .as_mut()
        .unwrap()
        .set_progress(v1::node_report::Progress::Ready);
    let answer = node.heartbeat(beat).await.unwrap().into_inner();
    assert_eq!(answer.desired.unwrap().status(), v1::NodeStatus::Active);
    assert!(answer.lease_ms > answer.interval_ms);
}

#[tokio::test]
async fn nobody_speaks_for_a_node_without_its_certificate() {
    let lab = Lab::start().await;
    let mut node = NodeClient::new(lab.connect(Trust::Roots, None).await.unwrap());
    let refused = node
        .heartbeat(v1::HeartbeatRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_at_the_handshake() {
    let lab = Lab::start().await;
    let (other, _) = Authority::create(now_ms()).unwrap();
    let stranger = lab::issue(
        &other,
        &Peer::Node("00000000000000000000000000000001".to_owned()),
    );
    lab.refused_at_the_handshake(&stranger).await;
    let own = lab.member("00000000000000000000000000000001").await;
    let mut node = NodeClient::new(lab.connect(Trust::Roots, Some(&own)).await.unwrap());
    node.heartbeat(v1::HeartbeatRequest::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_removed_node_is_refused_on_its_live_connection_and_at_the_next_handshake() {
    let lab = Lab::start().await;
    let id = "00000000000000000000000000000001";
    let identity = lab.member(id).await;
    let mut node = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
    node.heartbeat(v1::HeartbeatRequest::default())
        .await
        .unwrap();
    // The only node could not be removed.
    lab.member("00000000000000000000000000000002").await;
    lab.bring(id, NodeStatus::InMaintenance).await;
    let empty = v1::HeartbeatRequest {
        report: Some(v1::NodeReport {
            workloads: Some(0),
            ..Default::default()
        }),
        ..Default::default()
    };
    node.heartbeat(empty).await.unwrap();
    let request = v1::ChangeNodeRequest {
        node: id.to_owned(),
        change: Change::Remove.into(),
        confirm: format!("node-{id}"),
        ..Default::default()
    };
    lab.admin().await.change_node(request).await.unwrap();
    let refused = node
        .heartbeat(v1::HeartbeatRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    lab.refused_at_the_handshake(&identity).await;
}

#[tokio::test]
async fn a_node_is_no_administrator_and_an_administrator_no_node() {
    let lab = Lab::start().await;
    let identity = lab.member("00000000000000000000000000000001").await;
    let channel = lab.connect(Trust::Roots, Some(&identity)).await.unwrap();
    let refused = AdminClient::new(channel)
        .list_nodes(v1::ListNodesRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    let nobody = lab.connect(Trust::Roots, None).await.unwrap();
    let refused = AdminClient::new(nobody)
        .list_nodes(v1::ListNodesRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
    let admin = lab::issue(&lab.authority, &Peer::Admin("root".to_owned()));
    let channel = lab.connect(Trust::Roots, Some(&admin)).await.unwrap();
    let refused = NodeClient::new(channel)
        .heartbeat(v1::HeartbeatRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let lab = Lab::start().await;
    lab.member("00000000000000000000000000000001").await;
    let key = rcgen::KeyPair::generate().unwrap();
    let request = Request::parse(&lab::request(&key)).unwrap();
    let peer = Peer::Node("00000000000000000000000000000001".to_owned());
    let life = std::time::Duration::from_secs(60);
    let long_ago = now_ms() - 24 * 3600 * 1000;
    let issued = lab.authority.issue(request, &peer, long_ago, life).unwrap();
    lab.refused_at_the_handshake(&lab::Identity {
        chain: issued.chain,
        key,
    })
    .await;
}

#[tokio::test]
async fn a_token_admits_as_often_as_it_may_and_no_more() {
    let lab = Lab::start().await;
    let token = lab.token(2, 3600).await;
    for number in 1..=2 {
        let machine = lab.machine(&format!("{number:032}"));
        lab.enroll(&machine, &token).await.unwrap();
        // Asking again takes no more of it.
        lab.enroll(&machine, &token).await.unwrap();
    }
    let refused = lab
        .enroll(&lab.machine(&format!("{:032}", 3)), &token)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(
        refused.message().contains("as often as it may"),
        "{refused}"
    );
}

#[tokio::test]
async fn of_sixteen_at_once_a_token_for_five_admits_five() {
    let lab = std::sync::Arc::new(Lab::start().await);
    let token = lab.token(5, 3600).await;
    let mut racers = tokio::task::JoinSet::new();
    for number in 1..=16 {
        let (lab, token) = (std::sync::Arc::clone(&lab), token.clone());
        racers.spawn(async move {
            let machine = lab.machine(&format!("{number:032}"));
            lab.enroll(&machine, &token).await
        });
    }
    let (admitted, refused): (Vec<_>, Vec<_>) =
        racers.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(admitted.len(), 5);
    for refusal in refused {
        let refusal = refusal.unwrap_err();
        assert!(
            refusal.message().contains("as often as it may"),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn guessed_expired_and_revoked_tokens_are_refused() {
    let lab = Lab::start().await;
    let machine = lab.machine("00000000000000000000000000000001");
    let token = lab.token(1, 3600).await;
    let parts: Vec<&str> = token.split('.').collect();
    let guess = format!("mst1.{}.{}.{}", parts[1], "A".repeat(43), parts[3]);
    let unknown = lab.enroll(&machine, &guess).await.unwrap_err();
    let nonsense = lab.enroll(&machine, "let me in").await.unwrap_err();
    assert_eq!(
        (unknown.code(), unknown.message()),
        (nonsense.code(), nonsense.message())
    );
    assert!(unknown.message().contains("not known here"), "{unknown}");

    let id = parts[1].to_owned();
    lab.admin()
        .await
        .revoke_token(v1::RevokeTokenRequest { id })
        .await
        .unwrap();
    let revoked = lab.enroll(&machine, &token).await.unwrap_err();
    assert!(revoked.message().contains("revoked"), "{revoked}");

    let short = lab.token(1, 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let expired = lab.enroll(&machine, &short).await.unwrap_err();
    assert!(expired.message().contains("expired"), "{expired}");
}

#[tokio::test]
async fn another_key_does_not_take_over_a_node() {
    let lab = Lab::start().await;
    let token = lab.token(2, 3600).await;
    let id = "00000000000000000000000000000001";
    lab.enroll(&lab.machine(id), &token).await.unwrap();
    lab.accept(&lab.machine(id)).await;
    let refused = lab.enroll(&lab.machine(id), &token).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists, "{refused}");
}

#[tokio::test]
async fn a_request_whose_signature_is_wrong_is_refused() {
    let lab = Lab::start().await;
    let token = lab.token(1, 3600).await;
    let mut machine = lab.machine("00000000000000000000000000000001");
    let last = machine.request.len() - 1;
    machine.request[last] ^= 1;
    let refused = lab.enroll(&machine, &token).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
}

#[tokio::test]
async fn a_server_that_is_not_pinned_is_not_told_the_token() {
    let lab = Lab::start().await;
    assert!(lab.connect(Trust::Other, None).await.is_err());
}

#[tokio::test]
async fn tls_1_2_is_not_spoken() {
    let lab = Lab::start().await;
    assert!(lab.connect(Trust::Tls12, None).await.is_err());
    assert!(lab.connect(Trust::Roots, None).await.is_ok());
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let lab = Lab::start().await;
    let token = lab.token(1, 3600).await;
    let machine = lab.machine("00000000000000000000000000000001");
    let mut request = machine.asks(&token);
    request.inventory.as_mut().unwrap().content = vec![0; 17 << 20];
    let channel = lab.connect(Trust::Roots, None).await.unwrap();
    let refused = EnrollmentClient::new(channel)
        .enroll(request)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
}

#[tokio::test]
async fn a_stale_controller_is_told_so() {
    let lab = Lab::start().await;
    let identity = lab.member("00000000000000000000000000000001").await;
    let mut node = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
    let request = v1::HeartbeatRequest {
        epoch: 99,
        ..Default::default()
    };
    let refused = node.heartbeat(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
}

#[tokio::test]
async fn events_are_stored_in_order_and_once() {
    let lab = Lab::start().await;
    let id = "00000000000000000000000000000001";
    let identity = lab.member(id).await;
    let mut node = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
    let event = |sequence| v1::Event {
        sequence,
        kind: format!("e{sequence}"),
        ..Default::default()
    };
    let deliver = |numbers: Vec<u64>| v1::DeliverEventsRequest {
        events: numbers.into_iter().map(event).collect(),
        spool: "0123456789abcdef0123456789abcdef".to_owned(),
        oldest: 1,
    };
    let answer = node.deliver_events(deliver(vec![1, 2])).await.unwrap();
    assert_eq!(answer.into_inner().acknowledged, 2);
    let again = node.deliver_events(deliver(vec![1, 2, 3])).await.unwrap();
    assert_eq!(again.into_inner().acknowledged, 3);
    let gap = node.deliver_events(deliver(vec![5])).await.unwrap();
    assert_eq!(gap.into_inner().acknowledged, 3, "4 has to come first");
    let request = v1::ListEventsRequest {
        node: id.to_owned(),
        ..Default::default()
    };
    let listed = lab
        .admin()
        .await
        .list_events(request)
        .await
        .unwrap()
        .into_inner()
        .events;
    let spooled: Vec<String> = listed
        .into_iter()
        .map(|event| event.kind)
        .filter(|kind| kind.starts_with('e') && kind.len() == 2)
        .collect();
    assert_eq!(spooled, ["e1", "e2", "e3"]);
}
