//! Who guesses at tokens.

use muster_proto::v1;
use muster_proto::v1::enrollment_client::EnrollmentClient;
use tonic::Code;

use super::lab::{Lab, Trust};

/// Another token with the same form: for the same id, or another one.
fn guess(token: &str, number: usize) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let id = match number % 2 {
        0 => parts[1].to_owned(),
        _ => format!("{number:010}"),
    };
    format!("mst1.{id}.{:043}.{}", number * 4, parts[3])
}

#[tokio::test]
async fn a_thousand_guesses_are_slowed_and_an_honest_machine_gets_in() {
    let lab = Lab::start().await;
    let token = lab.token(1, 3600).await;
    let machine = lab.machine("00000000000000000000000000000001");
    let channel = lab.connect(Trust::Roots, None).await.unwrap();
    let mut guesser = EnrollmentClient::new(channel);
    let mut answered = Vec::new();
    let mut last = None;
    for number in 0..1000 {
        let refused = guesser.enroll(machine.asks(&guess(&token, number))).await;
        let refused = refused.unwrap_err();
        match refused.code() {
            Code::Unauthenticated => answered.push(refused.message().to_owned()),
            Code::ResourceExhausted => last = Some(refused),
            _ => panic!("{refused}"),
        }
    }
    // One more each 6 s, on a machine that may be busy.
    assert!((10..=30).contains(&answered.len()), "{}", answered.len());
    answered.dedup();
    assert_eq!(
        answered.len(),
        1,
        "an id that exists is told from one that does not: {answered:?}"
    );
    let last = last.unwrap();
    assert!(last.message().contains("ask again in"), "{last}");
    let hint = last.metadata().get("grpc-retry-pushback-ms").unwrap();
    assert!((1..=6000).contains(&hint.to_str().unwrap().parse::<u32>().unwrap()));

    let right = guesser.enroll(machine.asks(&token)).await.unwrap_err();
    assert_eq!(right.code(), Code::ResourceExhausted, "{right}");
    let honest = lab.connect_from([127, 0, 0, 2], Trust::Roots, None).await;
    let mut honest = EnrollmentClient::new(honest.unwrap());
    let answer = honest.enroll(machine.asks(&token)).await.unwrap();
    let outcome = answer.into_inner().outcome.unwrap();
    assert!(matches!(outcome, v1::enroll_response::Outcome::Pending(_)));
}

#[tokio::test]
async fn guesses_side_by_side_are_answered_no_more_often() {
    let lab = Lab::start().await;
    let token = lab.token(1, 3600).await;
    let machine = lab.machine("00000000000000000000000000000001");
    let channel = lab.connect(Trust::Roots, None).await.unwrap();
    let mut guessers = tokio::task::JoinSet::new();
    for number in 0..200 {
        let mut guesser = EnrollmentClient::new(channel.clone());
        let request = machine.asks(&guess(&token, number));
        guessers.spawn(async move { guesser.enroll(request).await.unwrap_err().code() });
    }
    let codes = guessers.join_all().await;
    let answered = codes.iter().filter(|code| **code == Code::Unauthenticated);
    assert!((10..=12).contains(&answered.count()));
}
