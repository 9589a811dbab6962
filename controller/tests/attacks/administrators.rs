//! Administrators from elsewhere.

use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use muster_proto::v1::node_client::NodeClient;
use rcgen::KeyPair;
use tonic::Code;

use super::lab::{Identity, Lab, Trust, request};

/// A certificate for a key that never leaves here.
async fn issue(lab: &Lab, name: &str, ttl_s: u32) -> Result<Identity, tonic::Status> {
    let key = KeyPair::generate().unwrap();
    let asked = v1::IssueAdministratorRequest {
        name: name.to_owned(),
        ttl_s,
        certificate_request: request(&key),
    };
    let issued = lab.admin().await.issue_administrator(asked).await?;
    let chain = issued.into_inner().certificate_chain;
    let chain = chain.into_iter().map(Into::into).collect();
    Ok(Identity { chain, key })
}

async fn listed(lab: &Lab) -> Vec<v1::Administrator> {
    let mut admin = lab.admin().await;
    let listed = admin.list_administrators(v1::ListAdministratorsRequest {});
    listed.await.unwrap().into_inner().administrators
}

async fn revoke(lab: &Lab, administrator: &str) -> Result<u32, tonic::Status> {
    let administrator = administrator.to_owned();
    let request = v1::RevokeAdministratorRequest { administrator };
    let revoked = lab.admin().await.revoke_administrator(request).await?;
    Ok(revoked.into_inner().revoked)
}

#[tokio::test]
async fn an_administrator_does_what_the_socket_does_until_the_certificate_is_revoked() {
    let lab = Lab::start().await;
    let ada = issue(&lab, "ada", 3600).await.unwrap();
    let channel = lab.connect(Trust::Roots, Some(&ada)).await.unwrap();
    let mut client = AdminClient::new(channel.clone());
    let list = || v1::ListNodesRequest::default();
    client.list_nodes(list()).await.unwrap();
    let heartbeat = v1::HeartbeatRequest::default();
    let refused = NodeClient::new(channel).heartbeat(heartbeat).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);

    let records = listed(&lab).await;
    assert_eq!(records[0].name, "ada");
    assert!(!records[0].revoked && records[0].issued_by.starts_with("uid "));
    let other = issue(&lab, "ada", 3600).await.unwrap();
    assert_eq!(revoke(&lab, &records[0].serial).await.unwrap(), 1);
    let refused = client.list_nodes(list()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    lab.refused_at_the_handshake(&ada).await;
    let mut client = AdminClient::new(lab.connect(Trust::Roots, Some(&other)).await.unwrap());
    client.list_nodes(list()).await.unwrap();
    assert_eq!(
        revoke(&lab, "ada").await.unwrap(),
        1,
        "the one that is left"
    );
    lab.refused_at_the_handshake(&other).await;
    assert!(listed(&lab).await.iter().all(|record| record.revoked));
    let nobody = revoke(&lab, "bob").await.unwrap_err();
    assert_eq!(nobody.code(), Code::NotFound, "{nobody}");
}

#[tokio::test]
async fn a_connection_ends_with_its_certificate() {
    let lab = Lab::start().await;
    let short = issue(&lab, "ada", 2).await.unwrap();
    let mut client = AdminClient::new(lab.connect(Trust::Roots, Some(&short)).await.unwrap());
    client
        .list_nodes(v1::ListNodesRequest::default())
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(3100)).await;
    let refused = client.list_nodes(v1::ListNodesRequest::default()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    assert!(refused.message().contains("has ended"), "{refused}");
    lab.refused_at_the_handshake(&short).await;
}

#[tokio::test]
async fn what_is_no_request_no_name_or_no_time_is_refused() {
    let lab = Lab::start().await;
    for name in ["", "a b", "a\n", &"a".repeat(65), "ada,CN=root"] {
        let refused = issue(&lab, name, 3600).await.err().unwrap();
        assert_eq!(refused.code(), Code::InvalidArgument, "{name:?}: {refused}");
    }
    for ttl_s in [0, 400 * 24 * 3600] {
        let refused = issue(&lab, "ada", ttl_s).await.err().unwrap();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }
    let asked = v1::IssueAdministratorRequest {
        name: "ada".to_owned(),
        ttl_s: 60,
        certificate_request: vec![0x30, 0],
    };
    let refused = lab.admin().await.issue_administrator(asked).await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(listed(&lab).await, []);
}
