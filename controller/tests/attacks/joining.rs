//! Who gives itself out as another one, and whom rules let in.

use muster_proto::v1;
use muster_proto::v1::change_node_request::Change;
use muster_proto::v1::enroll_response::Outcome;
use muster_proto::v1::node_client::NodeClient;
use tonic::Code;

use super::lab::{Duplicate, Lab, Machine, Trust};

const FIRST: &str = "00000000000000000000000000000001";
const SECOND: &str = "00000000000000000000000000000002";

fn pending(outcome: Outcome) -> v1::Pending {
    match outcome {
        Outcome::Pending(pending) => pending,
        Outcome::Issued(_) => panic!("it was let in"),
    }
}

/// What a machine asks with that shares something with another one.
struct Shared {
    what: &'static str,
    sections: &'static str,
    change: fn(&mut v1::EnrollRequest),
}

const SHARED: [Shared; 5] = [
    Shared {
        what: "machine id",
        sections: r#""host": {"machine_id": "11112222333344445555666677778888"}"#,
        change: |_| {},
    },
    Shared {
        what: "hostname",
        sections: r#""host": {"hostname": "twin"}"#,
        change: |_| {},
    },
    Shared {
        what: "MAC address",
        sections: r#""network": [{"name": "eth0", "kind": "physical", "permanent_mac": "52:54:00:00:00:01"}]"#,
        change: |_| {},
    },
    Shared {
        what: "hardware fingerprint",
        sections: r#""cpu": {"threads": 2}"#,
        change: |request| request.hardware_fingerprint = vec![7; 32],
    },
    Shared {
        what: "name",
        sections: r#""cpu": {"threads": 2}"#,
        change: |request| request.name = "twin".to_owned(),
    },
];

#[tokio::test]
async fn a_newcomer_with_anothers_identity_is_quarantined_and_the_other_goes_on() {
    for Shared {
        what,
        sections,
        change,
    } in SHARED
    {
        let lab = Lab::start().await;
        let token = lab.token(9, 3600).await;
        let request = |machine: &Machine| {
            let mut request = machine.asks_with(&token, sections);
            change(&mut request);
            request
        };
        let first = lab.machine(FIRST);
        lab.ask(request(&first)).await.unwrap();
        lab.accept(&first).await;
        let identity = lab.issued(&first, &token).await;
        let before = lab.shown(FIRST).await;

        let second = lab.machine(SECOND);
        let told = pending(lab.ask(request(&second)).await.unwrap());
        let reason = format!("same {what} as the node {} ({FIRST})", before.name);
        assert!(told.reason.contains(&reason), "{what}: {}", told.reason);
        assert_eq!(lab.shown(SECOND).await.quarantine, reason);
        let refused = lab.change(SECOND, Change::Accept, Duplicate::Unsaid).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        assert!(
            refused.message().contains("--despite-duplicate"),
            "{refused}"
        );
        pending(lab.ask(request(&second)).await.unwrap());

        assert_eq!(lab.shown(FIRST).await, before, "{what}");
        let mut node = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
        node.heartbeat(v1::HeartbeatRequest::default())
            .await
            .unwrap();
        let events = lab.events(FIRST).await;
        let mut events = events.iter();
        let event = events.find(|event| event.starts_with("twin_quarantined"));
        let event = event.unwrap();
        assert!(event.contains(SECOND) && event.contains(what), "{event}");

        lab.change(SECOND, Change::Accept, Duplicate::Despite)
            .await
            .unwrap();
        let outcome = lab.ask(request(&second)).await.unwrap();
        assert!(matches!(outcome, Outcome::Issued(_)), "{what}");
        assert_eq!(lab.shown(SECOND).await.quarantine, "");
    }
}

#[tokio::test]
async fn a_quarantine_ends_when_the_other_one_is_gone() {
    let lab = Lab::start().await;
    let token = lab.token(9, 3600).await;
    let request = |machine: &Machine| v1::EnrollRequest {
        name: "twin".to_owned(),
        ..machine.asks(&token)
    };
    let (first, second) = (lab.machine(FIRST), lab.machine(SECOND));
    lab.ask(request(&first)).await.unwrap();
    lab.ask(request(&second)).await.unwrap();
    assert_eq!(lab.shown(FIRST).await.quarantine, "", "it was there first");
    pending(lab.ask(request(&first)).await.unwrap());
    assert_eq!(lab.shown(FIRST).await.quarantine, "");
    assert_ne!(lab.shown(SECOND).await.quarantine, "");
    lab.change(FIRST, Change::Delete, Duplicate::Unsaid)
        .await
        .unwrap();
    assert_eq!(lab.shown(SECOND).await.quarantine, "");
    lab.change(SECOND, Change::Accept, Duplicate::Unsaid)
        .await
        .unwrap();
}

#[tokio::test]
async fn of_twins_that_ask_at_once_one_is_quarantined() {
    let lab = std::sync::Arc::new(Lab::start().await);
    let token = lab.token(100, 3600).await;
    let mut racers = tokio::task::JoinSet::new();
    for number in 1..=16 {
        let (lab, token) = (std::sync::Arc::clone(&lab), token.clone());
        racers.spawn(async move {
            let id = format!("{number:032}");
            let request = v1::EnrollRequest {
                name: "twin".to_owned(),
                ..lab.machine(&id).asks(&token)
            };
            lab.ask(request).await.unwrap();
            lab.shown(&id).await.quarantine.is_empty()
        });
    }
    let free = racers.join_all().await;
    assert_eq!(free.iter().filter(|free| **free).count(), 1);
}

#[tokio::test]
async fn a_request_that_somebody_else_sends_again_is_worth_nothing() {
    let lab = Lab::start().await;
    let token = lab.token(1, 3600).await;
    let machine = lab.machine(FIRST);
    lab.enroll(&machine, &token).await.unwrap();
    lab.accept(&machine).await;
    let identity = lab.issued(&machine, &token).await;

    // The same request again, with another token: no use of it is taken, and the certificate is for the key
    // that only the machine has.
    let other = lab.token(1, 3600).await;
    let replayed = lab.ask(machine.asks(&other)).await.unwrap();
    let Outcome::Issued(replayed) = replayed else {
        panic!("{replayed:?}");
    };
    let thief = rcgen::KeyPair::generate().unwrap();
    let key = rustls::crypto::aws_lc_rs::sign::any_ecdsa_type(
        &rustls::pki_types::PrivatePkcs8KeyDer::from(thief.serialize_der()).into(),
    );
    let chain = replayed.certificate_chain.into_iter().map(Into::into);
    let stolen = rustls::sign::CertifiedKey::new(chain.collect(), key.unwrap());
    let mismatch = stolen.keys_match().unwrap_err();
    assert!(
        matches!(mismatch, rustls::Error::InconsistentKeys(_)),
        "{mismatch}"
    );
    let mut node = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
    node.heartbeat(v1::HeartbeatRequest::default())
        .await
        .unwrap();

    // The same request under another id.
    let elsewhere = v1::EnrollRequest {
        node_id: SECOND.to_owned(),
        name: "elsewhere".to_owned(),
        hardware_fingerprint: vec![9; 32],
        ..machine.asks(&other)
    };
    let told = pending(lab.ask(elsewhere).await.unwrap());
    assert!(told.reason.contains("same public key"), "{}", told.reason);
}

const RULES: &str = r#"
[[admission]]
name = "rack 7"
node_name = "rack7-*"
verdict = "adequate"
role = "control"
labels = { rack = "7" }
taints = ["dedicated=control:NoSchedule"]

[[admission]]
name = "loopback"
networks = ["127.0.0.0/8"]
node_name = "lo-*"
"#;

#[tokio::test]
async fn a_rule_accepts_and_says_so() {
    let lab = Lab::with_rules(RULES).await;
    let token = lab.token(9, 3600).await;
    let named = |id: &str, name: &str| v1::EnrollRequest {
        name: name.to_owned(),
        ..lab.machine(id).asks(&token)
    };
    let outcome = lab.ask(named(FIRST, "rack7-a")).await.unwrap();
    assert!(matches!(outcome, Outcome::Issued(_)), "{outcome:?}");
    let shown = lab.shown(FIRST).await;
    assert_eq!(shown.status(), v1::NodeStatus::Approved);
    assert_eq!(shown.reason, "accepted by the rule \"rack 7\"");
    assert_eq!(shown.role(), v1::Role::Control);
    assert_eq!(shown.labels["rack"], "7");
    assert_eq!(shown.taints[0].key, "dedicated");
    let events = lab.events(FIRST).await.join("\n");
    assert!(
        events.contains("approved: accepted by the rule \"rack 7\""),
        "{events}"
    );

    let outcome = lab.ask(named(SECOND, "lo-a")).await.unwrap();
    assert!(matches!(outcome, Outcome::Issued(_)), "{outcome:?}");
    let third = format!("{:032}", 3);
    pending(lab.ask(named(&third, "other")).await.unwrap());
}

#[tokio::test]
async fn no_rule_accepts_who_is_quarantined_or_inadequate() {
    let lab = Lab::with_rules(RULES).await;
    let request = v1::CreateTokenRequest {
        ttl_s: 3600,
        uses: 9,
        auto_accept: true,
        ..Default::default()
    };
    let created = lab.admin().await.create_token(request).await.unwrap();
    let token = created.into_inner().token;
    let first = lab.machine(FIRST);
    let named = |machine: &Machine, sections: &str| v1::EnrollRequest {
        name: "rack7-a".to_owned(),
        ..machine.asks_with(&token, sections)
    };
    const NONE: &str = r#""cpu": {"threads": 0, "online_threads": 0}"#;
    const TWO: &str = r#""cpu": {"threads": 2, "online_threads": 2}"#;
    let told = pending(lab.ask(named(&first, NONE)).await.unwrap());
    assert_eq!(told.status(), v1::NodeStatus::Inadequate);
    let second = lab.machine(SECOND);
    let told = pending(lab.ask(named(&second, TWO)).await.unwrap());
    assert!(told.reason.starts_with("quarantined"), "{}", told.reason);
    pending(lab.ask(named(&second, TWO)).await.unwrap());

    // Mended, the first one is accepted when it asks again; the second one once the first is gone.
    let outcome = lab.ask(named(&first, TWO)).await.unwrap();
    assert!(matches!(outcome, Outcome::Issued(_)), "{outcome:?}");
    pending(lab.ask(named(&second, TWO)).await.unwrap());
}

#[tokio::test]
async fn a_token_may_accept_by_itself() {
    let lab = Lab::start().await;
    let request = v1::CreateTokenRequest {
        ttl_s: 3600,
        uses: 1,
        auto_accept: true,
        ..Default::default()
    };
    let created = lab.admin().await.create_token(request).await.unwrap();
    let token = created.into_inner();
    assert!(token.record.as_ref().unwrap().auto_accept);
    let outcome = lab.enroll(&lab.machine(FIRST), &token.token).await.unwrap();
    assert!(matches!(outcome, Outcome::Issued(_)), "{outcome:?}");
    let id = token.record.unwrap().id;
    assert_eq!(
        lab.shown(FIRST).await.reason,
        format!("accepted by the join token {id}")
    );
}
