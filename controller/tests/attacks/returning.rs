//! Who comes back after its certificate has ended is let back by an administrator or a rule, never by a token that is spent.

use std::time::Duration;

use muster_controller::config;
use muster_proto::v1;
use muster_proto::v1::change_node_request::Change;
use muster_proto::v1::enroll_response::Outcome;
use muster_proto::v1::node_client::NodeClient;
use tonic::Code;

use super::lab::{Duplicate, Identity, Lab, Machine, Setup, Trust};

const ID: &str = "00000000000000000000000000000001";
const OTHER: &str = "00000000000000000000000000000002";
const NO_CPU: &str = r#""cpu": {"threads": 0, "online_threads": 0}"#;

/// A token as an administrator makes it.
fn token(uses: u32) -> v1::CreateTokenRequest {
    v1::CreateTokenRequest {
        ttl_s: 3600,
        uses,
        ..Default::default()
    }
}

fn accepting(uses: u32) -> v1::CreateTokenRequest {
    v1::CreateTokenRequest {
        auto_accept: true,
        ..token(uses)
    }
}

async fn created(lab: &Lab, wanted: v1::CreateTokenRequest) -> String {
    let created = lab.admin().await.create_token(wanted).await.unwrap();
    created.into_inner().token
}

fn id(token: &str) -> String {
    token.split('.').nth(1).unwrap().to_owned()
}

async fn uses_left(lab: &Lab, token: &str) -> u32 {
    let mut admin = lab.admin().await;
    let listed = admin.list_tokens(v1::ListTokensRequest {}).await.unwrap();
    let tokens = listed.into_inner().tokens;
    tokens
        .iter()
        .find(|one| one.id == id(token))
        .unwrap()
        .uses_left
}

async fn revoke(lab: &Lab, token: &str) {
    let request = v1::RevokeTokenRequest { id: id(token) };
    lab.admin().await.revoke_token(request).await.unwrap();
}

/// One that has ended.
async fn expired(lab: &Lab, wanted: v1::CreateTokenRequest) -> String {
    let token = created(lab, v1::CreateTokenRequest { ttl_s: 1, ..wanted }).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    token
}

async fn beat(lab: &Lab, identity: &Identity) {
    let channel = lab.connect(Trust::Roots, Some(identity)).await.unwrap();
    let mut node = NodeClient::new(channel);
    let beat = v1::HeartbeatRequest::default();
    node.heartbeat(beat).await.unwrap();
}

/// A node that has shown its certificate.
async fn joined(lab: &Lab) -> (Machine, String) {
    let token = lab.token(1, 3600).await;
    let machine = lab.machine(ID);
    lab.enroll(&machine, &token).await.unwrap();
    let accepted = lab.change(ID, Change::Accept, Duplicate::Unsaid).await;
    accepted.unwrap();
    let identity = lab.issued(&machine, &token).await;
    beat(lab, &identity).await;
    (machine, token)
}

/// Fails unless the machine waits for an administrator.
async fn waits(lab: &Lab, machine: &Machine, token: &str, why: &str) {
    let outcome = lab.enroll(machine, token).await.unwrap();
    let Outcome::Pending(pending) = outcome else {
        panic!("{why}: it was let back by nobody");
    };
    assert!(
        pending.reason.contains("nodes readmit node-"),
        "{why}: {}",
        pending.reason
    );
}

/// Fails unless the machine gets a certificate that is good.
async fn is_back(lab: &Lab, machine: &Machine, token: &str) {
    let identity = lab.issued(machine, token).await;
    beat(lab, &identity).await;
}

#[tokio::test]
async fn a_spent_token_lets_nobody_back_whose_certificate_has_ended() {
    let lab = Lab::with(Setup {
        certificate_life: Duration::from_secs(2),
        ..Setup::default()
    })
    .await;
    let (machine, own) = joined(&lab).await;
    tokio::time::sleep(Duration::from_millis(3100)).await;

    let ended = expired(&lab, accepting(9)).await;
    let revoked = created(&lab, accepting(9)).await;
    revoke(&lab, &revoked).await;
    let used_up = created(&lab, accepting(1)).await;
    lab.enroll(&lab.machine(OTHER), &used_up).await.unwrap();
    for (token, why) in [
        (own.as_str(), "its own token, used up by itself"),
        (&ended, "a token that has ended"),
        (&revoked, "a token that was revoked"),
        (&used_up, "a token that another one has used up"),
        ("", "no token"),
    ] {
        waits(&lab, &machine, token, why).await;
        let reason = lab.reason(ID);
        assert!(
            reason.starts_with("its certificate has ended"),
            "{why}: {reason}"
        );
    }
    let impostor = lab.machine(ID);
    let refused = lab.enroll(&impostor, &ended).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists, "{refused}");
    let refused = lab.enroll(&impostor, "").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");

    lab.change(ID, Change::Readmit, Duplicate::Unsaid)
        .await
        .unwrap();
    is_back(&lab, &machine, &ended).await;
    waits(&lab, &machine, &ended, "let back once").await;
}

#[tokio::test]
async fn a_good_token_lets_back_only_where_it_accepts_by_itself_and_a_use_of_it_is_taken() {
    let lab = Lab::start().await;
    let (machine, _) = joined(&lab).await;
    let plain = created(&lab, token(9)).await;
    waits(&lab, &machine, &plain, "a token that accepts nobody").await;
    assert_eq!(uses_left(&lab, &plain).await, 9);
    let foreign = v1::CreateTokenRequest {
        name: "another".to_owned(),
        ..accepting(9)
    };
    let foreign = created(&lab, foreign).await;
    waits(&lab, &machine, &foreign, "a token for another name").await;
    let control = v1::CreateTokenRequest {
        role: v1::Role::Control.into(),
        ..accepting(9)
    };
    let control = created(&lab, control).await;
    waits(&lab, &machine, &control, "a token for another role").await;

    let good = created(&lab, accepting(1)).await;
    let without = lab.ask(machine.asks_with(&good, NO_CPU)).await.unwrap();
    assert!(
        matches!(without, Outcome::Pending(_)),
        "it is inadequate by now"
    );
    assert_eq!(uses_left(&lab, &good).await, 1);
    is_back(&lab, &machine, &good).await;
    assert_eq!(uses_left(&lab, &good).await, 0);
    let events = lab.events(ID).await.join("\n");
    assert!(
        events.contains(&format!("let back by the join token {}", id(&good))),
        "{events}"
    );
    waits(&lab, &machine, &good, "its use was taken").await;
}

#[tokio::test]
async fn a_rule_lets_back_where_it_says_so_and_lets_no_stranger_in() {
    let rule = |more: &str| {
        let text = format!("[[admission]]\nname = 'lab'\nnetworks = ['127.0.0.0/8']\n{more}");
        config::parse(&text).unwrap().rules
    };
    let with = |more: &str| {
        Lab::with(Setup {
            rules: rule(more),
            ..Setup::default()
        })
    };
    // The rule of this lab accepts newcomers alone.
    let lab = with("").await;
    let (machine, spent) = joined_by_rule(&lab).await;
    waits(&lab, &machine, "", "a rule for newcomers").await;
    waits(
        &lab,
        &machine,
        &spent,
        "a rule for newcomers, and a token that is used up",
    )
    .await;
    let good = created(&lab, token(1)).await;
    is_back(&lab, &machine, &good).await;
    assert_eq!(uses_left(&lab, &good).await, 0);

    let lab = with("readmit = true").await;
    let (machine, spent) = joined_by_rule(&lab).await;
    let without = lab.ask(machine.asks_with("", NO_CPU)).await.unwrap();
    assert!(
        matches!(without, Outcome::Pending(_)),
        "it is inadequate by now"
    );
    is_back(&lab, &machine, "").await;
    is_back(&lab, &machine, &spent).await;
    let events = lab.events(ID).await.join("\n");
    assert!(events.contains("let back by the rule \"lab\""), "{events}");
    let stranger = lab.machine(OTHER);
    let refused = lab.enroll(&stranger, "").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    let refused = lab.enroll(&stranger, &spent).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
}

/// The same as [`joined`] where a rule accepts.
async fn joined_by_rule(lab: &Lab) -> (Machine, String) {
    let token = lab.token(1, 3600).await;
    let machine = lab.machine(ID);
    let identity = lab.issued(&machine, &token).await;
    beat(lab, &identity).await;
    (machine, token)
}

#[tokio::test]
async fn a_candidate_is_accepted_by_no_token_that_is_spent() {
    let lab = Lab::start().await;
    let revoked = created(&lab, accepting(9)).await;
    let ends = v1::CreateTokenRequest {
        ttl_s: 2,
        ..accepting(9)
    };
    let ends = created(&lab, ends).await;
    let plain = created(&lab, token(1)).await;
    let used_up = created(&lab, accepting(1)).await;
    // Inadequate when they ask first, and mended when their token is good no more.
    let fourth = format!("{:032}", 4);
    let machines = [lab.machine(ID), lab.machine(OTHER), lab.machine(&fourth)];
    for (machine, token) in machines.iter().zip([&revoked, &ends, &plain]) {
        lab.ask(machine.asks_with(token, NO_CPU)).await.unwrap();
    }
    revoke(&lab, &revoked).await;
    lab.enroll(&lab.machine(&format!("{:032}", 3)), &used_up)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    for (machine, token) in machines.iter().zip([&revoked, &ends, &used_up]) {
        let outcome = lab.enroll(machine, token).await.unwrap();
        let Outcome::Pending(pending) = outcome else {
            panic!("it was let in by {token}");
        };
        assert_eq!(pending.status(), v1::NodeStatus::Candidate);
    }
    // One that is good does, and a use of it is taken.
    let good = created(&lab, accepting(2)).await;
    let outcome = lab.enroll(&machines[0], &good).await.unwrap();
    assert!(matches!(outcome, Outcome::Issued(_)), "{outcome:?}");
    assert_eq!(uses_left(&lab, &good).await, 1);
}

#[tokio::test]
async fn a_first_certificate_that_got_lost_is_given_again_until_one_was_shown() {
    let lab = Lab::start().await;
    let token = lab.token(1, 3600).await;
    let machine = lab.machine(ID);
    lab.enroll(&machine, &token).await.unwrap();
    lab.accept(&machine).await;
    let lost = lab.issued(&machine, &token).await;
    let kept = lab.issued(&machine, &token).await;
    beat(&lab, &kept).await;
    lab.refused_at_the_handshake(&lost).await;
    waits(&lab, &machine, &token, "it has shown one").await;
    let reason = lab.reason(ID);
    assert!(
        reason.starts_with("it has lost its certificate"),
        "{reason}"
    );
}
