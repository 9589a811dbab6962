//! The root is replaced under nodes that are connected.

use muster_proto::v1;
use muster_proto::v1::node_client::NodeClient;
use muster_proto::v1::rotate_authority_request::Step;
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use tonic::Code;
use tonic::transport::Channel;

use super::lab::{Identity, Lab, Trust, request};

const FIRST: &str = "00000000000000000000000000000001";
const SECOND: &str = "00000000000000000000000000000002";

/// What of an administrator's request decides who is cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Late {
    Wait,
    CutOff,
}

async fn rotate(
    lab: &Lab,
    step: Step,
    late: Late,
) -> Result<v1::GetAuthorityResponse, tonic::Status> {
    let request = v1::RotateAuthorityRequest {
        step: step.into(),
        cut_off: late == Late::CutOff,
    };
    let rotated = lab.admin().await.rotate_authority(request).await?;
    Ok(rotated.into_inner().authority.unwrap())
}

/// A node that trusts `roots` alone.
async fn node(
    lab: &Lab,
    roots: &[CertificateDer<'static>],
    identity: &Identity,
) -> NodeClient<Channel> {
    let connected = lab.connect_trusting(roots.to_vec(), Some(identity)).await;
    NodeClient::new(connected.unwrap())
}

async fn beat(node: &mut NodeClient<Channel>) -> Result<v1::HeartbeatResponse, tonic::Status> {
    let answer = node.heartbeat(v1::HeartbeatRequest::default()).await?;
    Ok(answer.into_inner())
}

/// A new certificate for a new key, and the roots that came with it.
async fn renew(node: &mut NodeClient<Channel>) -> (Identity, Vec<CertificateDer<'static>>) {
    let key = KeyPair::generate().unwrap();
    let certificate_request = request(&key);
    let asked = v1::RenewCertificateRequest {
        certificate_request,
    };
    let renewed = node.renew_certificate(asked).await.unwrap().into_inner();
    let owned = |all: Vec<Vec<u8>>| all.into_iter().map(CertificateDer::from).collect();
    let chain = owned(renewed.certificate_chain);
    (Identity { chain, key }, owned(renewed.roots))
}

#[tokio::test]
async fn no_node_is_cut_off_by_a_new_root() {
    let lab = Lab::start().await;
    let old_roots = lab.authority.roots();
    let (first, second) = (lab.member(FIRST).await, lab.member(SECOND).await);
    let old_token = lab.token(9, 3600).await;
    let mut live = node(&lab, &old_roots, &first).await;
    assert!(!beat(&mut live).await.unwrap().renew_certificate);

    let state = rotate(&lab, Step::Start, Late::Wait).await.unwrap();
    assert_eq!((state.roots.len(), state.behind_total), (2, 2));
    let again = rotate(&lab, Step::Start, Late::Wait).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition, "{again}");

    // The live connection goes on, new ones by the old root do, and the old token admits.
    assert!(beat(&mut live).await.unwrap().renew_certificate);
    let mut second_live = node(&lab, &old_roots, &second).await;
    assert!(beat(&mut second_live).await.unwrap().renew_certificate);
    let third = format!("{:032}", 3);
    let joined = lab.connect_trusting(old_roots.clone(), None).await.unwrap();
    let asks = lab.machine(&third).asks(&old_token);
    let mut joined = v1::enrollment_client::EnrollmentClient::new(joined);
    joined.enroll(asks).await.unwrap();

    let refused = rotate(&lab, Step::Finish, Late::Wait).await.unwrap_err();
    assert!(
        refused.message().contains(&format!("node-{FIRST}")),
        "{refused}"
    );
    let (first, roots) = renew(&mut live).await;
    assert_eq!(roots.len(), 2);
    // A certificate that was handed out and not used proves nothing.
    let refused = rotate(&lab, Step::Finish, Late::Wait).await.unwrap_err();
    assert!(
        refused.message().starts_with("2 would be cut off"),
        "{refused}"
    );
    let mut live = node(&lab, &roots, &first).await;
    assert!(!beat(&mut live).await.unwrap().renew_certificate);
    let refused = rotate(&lab, Step::Finish, Late::Wait).await.unwrap_err();
    assert!(
        refused.message().starts_with("1 would be cut off"),
        "{refused}"
    );
    assert!(
        refused.message().contains(&format!("node-{SECOND}")),
        "{refused}"
    );

    let (renewed, _) = renew(&mut second_live).await;
    beat(&mut node(&lab, &roots, &renewed).await).await.unwrap();
    let state = rotate(&lab, Step::Finish, Late::Wait).await.unwrap();
    assert_eq!((state.roots.len(), state.behind_total), (1, 0));
    assert_eq!(state.roots[0].nodes, 2);
    beat(&mut live).await.unwrap();
    beat(&mut node(&lab, &roots, &first).await).await.unwrap();
    // The old root and its certificates are worth nothing now.
    assert!(lab.connect_trusting(old_roots, None).await.is_err());
    lab.refused_at_the_handshake(&second).await;
}

#[tokio::test]
async fn whoever_is_late_is_cut_off_only_when_an_administrator_says_so() {
    let lab = Lab::start().await;
    let late = lab.member(FIRST).await;
    let refused = rotate(&lab, Step::Finish, Late::CutOff).await.unwrap_err();
    assert!(
        refused.message().contains("not being replaced"),
        "{refused}"
    );
    rotate(&lab, Step::Start, Late::Wait).await.unwrap();
    rotate(&lab, Step::Finish, Late::Wait).await.unwrap_err();
    rotate(&lab, Step::Finish, Late::CutOff).await.unwrap();
    lab.refused_at_the_handshake(&late).await;
    let new = lab.member(SECOND).await;
    let channel = lab.connect(Trust::Roots, Some(&new)).await.unwrap();
    beat(&mut NodeClient::new(channel)).await.unwrap();
}

#[tokio::test]
async fn no_node_is_cut_off_by_going_back_to_the_old_root() {
    let lab = Lab::start().await;
    let refused = rotate(&lab, Step::Abort, Late::Wait).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let old_roots = lab.authority.roots();
    let (first, second) = (lab.member(FIRST).await, lab.member(SECOND).await);
    let mut first_live = node(&lab, &old_roots, &first).await;
    beat(&mut first_live).await.unwrap();
    let mut second_live = node(&lab, &old_roots, &second).await;
    beat(&mut second_live).await.unwrap();

    rotate(&lab, Step::Start, Late::Wait).await.unwrap();
    let (renewed, both) = renew(&mut first_live).await;
    let mut first_live = node(&lab, &both, &renewed).await;
    beat(&mut first_live).await.unwrap();
    let new_token = lab.token(9, 3600).await;
    let state = rotate(&lab, Step::Abort, Late::Wait).await.unwrap();
    assert_eq!((state.roots.len(), state.behind_total), (2, 1));
    assert_eq!(state.behind[0].node, FIRST, "it has one of the new root");

    // Those who went along are asked to come back, those who did not are not; whoever trusts one root alone gets in.
    assert!(beat(&mut first_live).await.unwrap().renew_certificate);
    assert!(!beat(&mut second_live).await.unwrap().renew_certificate);
    beat(&mut node(&lab, &both, &renewed).await).await.unwrap();
    beat(&mut node(&lab, &old_roots, &second).await)
        .await
        .unwrap();
    let third = lab.machine(&format!("{:032}", 3)).asks(&new_token);
    let joined = lab
        .connect_trusting(both[..1].to_vec(), None)
        .await
        .unwrap();
    let mut joined = v1::enrollment_client::EnrollmentClient::new(joined);
    joined.enroll(third).await.unwrap();
    let refused = rotate(&lab, Step::Finish, Late::Wait).await.unwrap_err();
    assert!(
        refused.message().starts_with("1 would be cut off"),
        "{refused}"
    );

    let (back, _) = renew(&mut first_live).await;
    beat(&mut node(&lab, &both, &back).await).await.unwrap();
    let state = rotate(&lab, Step::Finish, Late::Wait).await.unwrap();
    assert_eq!((state.roots.len(), state.roots[0].nodes), (1, 2));
    assert_eq!(lab.authority.roots(), old_roots);
    beat(&mut node(&lab, &old_roots, &back).await)
        .await
        .unwrap();
    assert!(
        lab.connect_trusting(both[..1].to_vec(), None)
            .await
            .is_err()
    );
    lab.refused_at_the_handshake(&renewed).await;
}
