//! Certificates follow on one another without a moment in which a node has none, whatever gets lost; and who was off for too long is let
//! back by its key and an administrator.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "test code"
)]

mod lab;

use std::time::Duration;

use lab::{Identity, Lab, Machine, Setup, Trust, now_ms, request};
use muster_proto::v1;
use muster_proto::v1::change_node_request::Change;
use muster_proto::v1::enroll_response::Outcome;
use muster_proto::v1::node_client::NodeClient;
use rcgen::KeyPair;
use tonic::Code;
use tonic::transport::Channel;

const ID: &str = "00000000000000000000000000000001";

async fn client(lab: &Lab, identity: &Identity) -> NodeClient<Channel> {
    NodeClient::new(lab.connect(Trust::Roots, Some(identity)).await.unwrap())
}

async fn renewed(node: &mut NodeClient<Channel>) -> Identity {
    let key = KeyPair::generate().unwrap();
    let asked = v1::RenewCertificateRequest {
        certificate_request: request(&key),
    };
    let answer = node.renew_certificate(asked).await.unwrap().into_inner();
    assert!(!answer.roots.is_empty());
    let chain = answer.certificate_chain.into_iter().map(Into::into);
    let chain = chain.collect();
    Identity { chain, key }
}

async fn beat(node: &mut NodeClient<Channel>) -> Result<(), tonic::Status> {
    let answer = node.heartbeat(v1::HeartbeatRequest::default()).await?;
    assert!(!answer.into_inner().renew_certificate);
    Ok(())
}

#[tokio::test]
async fn the_old_certificate_is_good_until_a_new_one_is_used_and_then_all_others_are_revoked() {
    let lab = Lab::start().await;
    let first = lab.member(ID).await;
    let mut old = client(&lab, &first).await;
    beat(&mut old).await.unwrap();
    // The answer of the first renewal got lost; that of the second was kept.
    let lost = renewed(&mut old).await;
    let kept = renewed(&mut old).await;
    beat(&mut old).await.unwrap();
    beat(&mut client(&lab, &first).await).await.unwrap();

    let mut new = client(&lab, &kept).await;
    beat(&mut old).await.expect("a handshake alone is no use");
    beat(&mut new).await.unwrap();
    beat(&mut new).await.unwrap();
    let refused = beat(&mut old).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    lab.refused_at_the_handshake(&first).await;
    lab.refused_at_the_handshake(&lost).await;

    let third = renewed(&mut new).await;
    beat(&mut client(&lab, &third).await).await.unwrap();
    lab.refused_at_the_handshake(&kept).await;
}

#[tokio::test]
async fn whatever_certificates_a_removed_node_has_are_revoked() {
    let lab = Lab::start().await;
    // The only node of a cluster cannot be removed.
    lab.member("00000000000000000000000000000002").await;
    let first = lab.member(ID).await;
    let mut node = client(&lab, &first).await;
    let unused = renewed(&mut node).await;
    lab.bring(ID, muster_model::NodeStatus::InMaintenance).await;
    let empty = v1::HeartbeatRequest {
        report: Some(v1::NodeReport {
            workloads: Some(0),
            ..Default::default()
        }),
        ..Default::default()
    };
    node.heartbeat(empty).await.unwrap();
    let name = format!("node-{ID}");
    change(&lab, Change::Remove, &name).await.unwrap();
    lab.refused_at_the_handshake(&first).await;
    lab.refused_at_the_handshake(&unused).await;
}

#[tokio::test]
async fn a_certificate_that_ends_without_being_renewed_is_told_of_once() {
    let lab = Lab::with(Setup {
        certificate_life: Duration::from_secs(9),
        ..Setup::default()
    })
    .await;
    let before = now_ms();
    let identity = lab.member(ID).await;
    beat(&mut client(&lab, &identity).await).await.unwrap();
    let shown = lab.shown(ID).await;
    let ends = shown.certificate_ends_unix_ms.unwrap();
    assert!((before + 8000..now_ms() + 9001).contains(&ends), "{ends}");
    assert_eq!(shown.certificate_warning, "");
    let warnings = |events: &[String]| {
        let warnings = events.iter();
        warnings
            .filter(|event| event.starts_with("certificate_ends: "))
            .count()
    };
    assert_eq!(warnings(&lab.events(ID).await), 0);

    while warnings(&lab.events(ID).await) == 0 {
        assert!(now_ms() < ends + 5000, "nobody was told");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut admin = lab.admin().await;
    let cluster = admin.get_cluster(v1::GetClusterRequest {}).await.unwrap();
    let attention = cluster.into_inner().attention;
    assert_eq!(attention[0].kind(), v1::attention::Kind::CertificateEnds);
    let left_ms = u64::try_from(ends - now_ms()).unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(left_ms + 1500)).await;
    let warning = lab.shown(ID).await.certificate_warning;
    assert!(
        warning.starts_with("its certificate has ended"),
        "{warning}"
    );
    assert_eq!(warnings(&lab.events(ID).await), 1);
}

async fn change(lab: &Lab, change: Change, confirm: &str) -> Result<(), tonic::Status> {
    let request = v1::ChangeNodeRequest {
        node: ID.to_owned(),
        change: change.into(),
        confirm: confirm.to_owned(),
        ..Default::default()
    };
    lab.admin().await.change_node(request).await.map(|_| ())
}

/// A machine that has become a node.
async fn joined(lab: &Lab) -> (Machine, Identity) {
    let token = lab.token(1, 3600).await;
    let machine = lab.machine(ID);
    lab.enroll(&machine, &token).await.unwrap();
    lab.accept(&machine).await;
    let identity = lab.issued(&machine, &token).await;
    (machine, identity)
}

#[tokio::test]
async fn who_comes_back_without_a_certificate_proves_its_key_and_waits_for_an_administrator() {
    let lab = Lab::start().await;
    let (machine, old) = joined(&lab).await;
    beat(&mut client(&lab, &old).await).await.unwrap();
    let refused = change(&lab, Change::Readmit, "").await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    assert!(refused.message().contains("does not ask"), "{refused}");

    let impostor = lab.machine(ID);
    let stranger = lab.machine("00000000000000000000000000000002");
    for other in [&impostor, &stranger] {
        let refused = lab.enroll(other, "").await.unwrap_err();
        let without_token = lab.enroll(other, "mst1.x").await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
        assert_eq!(refused.message(), without_token.message());
    }
    for _ in 0..3 {
        let waits = lab.enroll(&machine, "").await.unwrap();
        let Outcome::Pending(waits) = waits else {
            panic!("nobody let it back: {waits:?}");
        };
        assert!(
            waits.reason.contains("nodes readmit node-"),
            "{}",
            waits.reason
        );
    }
    let (record, _) = lab.fleet.node(ID).unwrap();
    assert!(
        record.reason.contains("it has lost its certificate"),
        "{record:?}"
    );

    change(&lab, Change::Readmit, "").await.unwrap();
    let Outcome::Issued(issued) = lab.enroll(&machine, "").await.unwrap() else {
        panic!("it was let back, and has no certificate");
    };
    let chain = issued.certificate_chain.into_iter().map(Into::into);
    let back = Identity {
        chain: chain.collect(),
        key: KeyPair::from_pem(&old.key.serialize_pem()).unwrap(),
    };
    beat(&mut client(&lab, &back).await).await.unwrap();
    lab.refused_at_the_handshake(&old).await;
    let again = lab.enroll(&machine, "").await.unwrap();
    assert!(
        matches!(again, Outcome::Pending(_)),
        "let back once: {again:?}"
    );
}
