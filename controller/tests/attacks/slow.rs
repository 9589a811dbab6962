//! Who takes connections and says nothing, says it slowly, or never ends.

use std::time::Duration;

use muster_controller::serve::Newcomers;
use muster_proto::v1;
use muster_proto::v1::enrollment_client::EnrollmentClient;
use muster_proto::v1::node_client::NodeClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::lab::{Lab, Machine, Setup, Trust};

/// The time in which a client has to begin, and some more on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(25);

async fn open(lab: &Lab, from: [u8; 4]) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(([127, 0, 0, 1], lab.port).into()).await
}

/// Whether the other side ends a connection.
async fn is_ended(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn a_handshake_that_is_not_begun_or_not_ended_is_cut_off() {
    let lab = Lab::start().await;
    let mut silent = open(&lab, [127, 0, 0, 1]).await.unwrap();
    let mut halting = open(&lab, [127, 0, 0, 1]).await.unwrap();
    // A record of TLS that announces more than follows.
    halting.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
    let (one, other) = tokio::join!(is_ended(&mut silent), is_ended(&mut halting));
    assert!(one && other);
}

#[tokio::test]
async fn half_open_connections_from_one_place_take_none_from_others() {
    let lab = Lab::start().await;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(open(&lab, [127, 0, 0, 1]).await.unwrap());
    }
    let token = lab.token(1, 3600).await;
    let machine = lab.machine("00000000000000000000000000000001");
    let honest = lab.connect_from([127, 0, 0, 2], Trust::Roots, None);
    let honest = tokio::time::timeout(Duration::from_secs(5), honest).await;
    let mut honest = EnrollmentClient::new(honest.unwrap().unwrap());
    honest.enroll(machine.asks(&token)).await.unwrap();
    // The last ones were not even listened to.
    assert!(is_ended(held.last_mut().unwrap()).await);
}

#[tokio::test]
async fn a_fleet_behind_one_address_joins_at_once_beside_who_holds_connections() {
    const FLEET: usize = 300;
    let lab = std::sync::Arc::new(Lab::start().await);
    let token = lab.token(u32::try_from(FLEET).unwrap(), 3600).await;
    // Behind the same translator somebody opens connections, and says nothing: they are cut off after ten seconds.
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(open(&lab, [127, 0, 0, 1]).await.unwrap());
    }
    let mut fleet = tokio::task::JoinSet::new();
    for number in 0..FLEET {
        let (lab, token) = (std::sync::Arc::clone(&lab), token.clone());
        fleet.spawn(async move {
            let machine = lab.machine(&format!("{number:032x}"));
            // As agents do: after a loss up to two seconds, then four, up to thirty.
            let mut bound_ms = 2000;
            while !asks(&lab, &machine, &token).await {
                let share = u64::try_from(number * 7919 % FLEET).unwrap();
                let wait = bound_ms * share / u64::try_from(FLEET).unwrap();
                tokio::time::sleep(Duration::from_millis(wait)).await;
                bound_ms = (bound_ms * 2).min(30_000);
            }
        });
    }
    let all = tokio::time::timeout(Duration::from_secs(90), fleet.join_all()).await;
    all.expect("some were kept out");
    assert_eq!(lab.fleet.nodes().len(), FLEET);
}

/// Whether a machine got to ask.
async fn asks(lab: &Lab, machine: &Machine, token: &str) -> bool {
    let Ok(channel) = lab.connect(Trust::Roots, None).await else {
        return false;
    };
    let mut enrollment = EnrollmentClient::new(channel);
    enrollment.enroll(machine.asks(token)).await.is_ok()
}

#[tokio::test]
async fn who_has_no_certificate_is_bounded_as_it_was_set_and_nodes_are_not() {
    let lab = Lab::with(with_newcomers(3, Duration::from_secs(120))).await;
    let identity = lab.member("00000000000000000000000000000001").await;
    let mut strangers = Vec::new();
    while strangers.len() < 3 {
        // Those by which the node joined may not have been let go yet.
        strangers.extend(lab.connect(Trust::Roots, None).await);
    }
    let token = lab.token(9, 3600).await;
    let machine = lab.machine("00000000000000000000000000000002");
    assert!(!asks(&lab, &machine, &token).await, "one too many");
    strangers.pop();
    while !asks(&lab, &machine, &token).await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A connection counts until it has shown a certificate, and no longer.
    let mut nodes = Vec::new();
    while nodes.len() < 10 {
        let Ok(channel) = lab.connect(Trust::Roots, Some(&identity)).await else {
            continue;
        };
        let mut node = NodeClient::new(channel);
        if node
            .heartbeat(v1::HeartbeatRequest::default())
            .await
            .is_ok()
        {
            nodes.push(node);
        }
    }
    let beats = nodes.iter_mut();
    for node in beats {
        node.heartbeat(v1::HeartbeatRequest::default())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn who_has_no_certificate_does_not_stay_however_lively_and_a_node_does() {
    let lab = Lab::with(with_newcomers(128, Duration::from_secs(2))).await;
    let identity = lab.member("00000000000000000000000000000001").await;
    let channel = lab.connect(Trust::Roots, Some(&identity)).await.unwrap();
    let mut node = NodeClient::new(channel);
    let mut lively = lab.shaken().await;
    // The first words of HTTP/2 and an empty SETTINGS frame, then one PING after the other (RFC 9113).
    lively
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    lively
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let begun = tokio::time::Instant::now();
    let mut answer = vec![0; 4096];
    loop {
        let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        if lively.write_all(&ping).await.is_err() {
            break;
        }
        let read = tokio::time::timeout(Duration::from_millis(100), lively.read(&mut answer));
        if matches!(read.await, Ok(Ok(0) | Err(_))) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(begun.elapsed() < PATIENCE, "it is still open");
        node.heartbeat(v1::HeartbeatRequest::default())
            .await
            .unwrap();
    }
    assert!(begun.elapsed() > Duration::from_secs(1));
    node.heartbeat(v1::HeartbeatRequest::default())
        .await
        .unwrap();
}

fn with_newcomers(per_address: u32, longest_stay: Duration) -> Setup {
    Setup {
        newcomers: Newcomers {
            per_address,
            longest_stay,
        },
        ..Setup::default()
    }
}

#[tokio::test]
async fn who_shakes_hands_and_then_says_nothing_is_cut_off() {
    let lab = Lab::start().await;
    let mut stream = lab.shaken().await;
    let mut bytes = Vec::new();
    // Whatever the server says first in HTTP/2, and then the end.
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "it is still open");
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let lab = Lab::start().await;
    let channel = lab.connect(Trust::Roots, None).await.unwrap();
    let mut request = tonic::Request::new(v1::EnrollRequest::default());
    let long = "x".repeat(1 << 20).parse().unwrap();
    request.metadata_mut().insert("long", long);
    EnrollmentClient::new(channel)
        .enroll(request)
        .await
        .unwrap_err();
    lab.member("00000000000000000000000000000001").await;
}

#[tokio::test]
async fn a_node_that_was_copied_is_told_of_and_nobody_is_stopped() {
    let lab = Lab::start().await;
    let id = "00000000000000000000000000000001";
    let identity = lab.member(id).await;
    let mut one = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
    let mut copy = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
    let beat = |boot: u8, sequence| v1::HeartbeatRequest {
        boot_id: vec![boot; 16],
        sequence,
        ..Default::default()
    };
    for sequence in 5..8 {
        one.heartbeat(beat(1, sequence)).await.unwrap();
        copy.heartbeat(beat(2, sequence)).await.unwrap();
    }
    let events = lab.events(id).await;
    let told = events
        .iter()
        .filter(|event| event.starts_with("copy_found"));
    assert_eq!(told.count(), 1, "{events:?}");
}

#[tokio::test]
async fn calls_that_come_late_on_connections_that_were_left_are_no_copy() {
    let lab = Lab::start().await;
    let id = "00000000000000000000000000000001";
    let identity = lab.member(id).await;
    let mut left: Option<NodeClient<tonic::transport::Channel>> = None;
    for number in 1..=5 {
        let mut node = NodeClient::new(lab.connect(Trust::Roots, Some(&identity)).await.unwrap());
        for sequence in [number * 10, number * 10 + 2] {
            let beat = |sequence| v1::HeartbeatRequest {
                boot_id: vec![1; 16],
                sequence,
                ..Default::default()
            };
            node.heartbeat(beat(sequence)).await.unwrap();
            if let Some(mut left) = left.take() {
                left.heartbeat(beat(number * 10 - 1)).await.unwrap();
            }
        }
        left = Some(node);
    }
    let events = lab.events(id).await.join("\n");
    assert!(!events.contains("copy_found"), "{events}");
}
