//! A machine's way from a token to a node, against a made controller over real TLS on loopback.

mod controller;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use muster_model::NodeStatus;
use muster_proto::v1::enroll_response::Outcome;
use muster_proto::v1::node_report::Progress;
use muster_proto::{JoinToken, v1};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use self::controller::{Controller, Script};
use super::core::fencing::{Allowed, Permit, Running};
use super::core::report::Local;
use super::endpoints::Endpoints;
use super::engine;
use super::enroll::Asked;
use super::events::Events;
use super::facts::Facts;
use super::heartbeat::Ports;
use super::identity::Identity;
use super::membership::{Membership, MembershipError};
use super::observe::OwnRights;
use super::outward::Outward;
use super::ports::{NoProfile, NoWorkloads};
use super::privileges::Privileges;
use super::reporter::Reporter;
use super::settings::{LocalSettings, Settings};
use super::state::{Link, State};
use super::tls::testing::Authority;
use crate::value::WorkloadsChoice;

/// One agent's tasks, the fence aside.
struct Agent {
    cancel: CancellationToken,
    membership: JoinHandle<Result<(), MembershipError>>,
    permit: watch::Receiver<Option<Permit>>,
    running: watch::Sender<Running>,
}

impl Agent {
    fn start(folder: &TempDir, controllers: &[&str], token: Option<JoinToken>) -> Self {
        let state = Arc::new(State::open(folder.path()).unwrap());
        let controllers: Vec<_> = controllers.iter().map(|at| at.parse().unwrap()).collect();
        let (permit, permits) = watch::channel(None);
        let (running, runs) = watch::channel(Running::Nothing);
        let (desired, desires) = watch::channel(None);
        let (progress, local) = watch::channel(Local::default());
        let cancel = CancellationToken::new();
        let engine = engine::run(Arc::new(NoProfile), desires, progress, cancel.clone());
        tokio::spawn(engine);
        let membership = Membership {
            endpoints: Endpoints::new(controllers.clone(), &state.told().unwrap().endpoints),
            observer: Arc::new(OwnRights),
            settings: Settings {
                privileges: Privileges::Own,
                controllers,
                token,
                state: folder.path().to_owned(),
                workloads: WorkloadsChoice::None,
                asked: Asked {
                    name: Some("node7".to_owned()),
                    ..Asked::default()
                },
                local: LocalSettings::default(),
                outward: Outward::default(),
            },
            reporter: Reporter::new(Arc::clone(&state)),
            identity: Arc::new(Identity::open_or_create(&state).unwrap()),
            state,
            facts: watch::Sender::new(Arc::new(Facts {
                inventory: v1::Document::pack("muster.inventory/v1", b"{}").unwrap(),
                boot_id: vec![7; 16],
                fingerprint: vec![8; 32],
                stable: [0; 32],
            }))
            .subscribe(),
        };
        let ports = Ports {
            workloads: Arc::new(NoWorkloads),
            permit,
            running: runs,
            desired,
            local,
            lines: watch::channel(None).0,
            events: Events::unheard(),
        };
        Self {
            membership: tokio::spawn(membership.run(ports, cancel.clone())),
            cancel,
            permit: permits,
            running,
        }
    }

    async fn end(self) -> Result<(), MembershipError> {
        self.cancel.cancel();
        self.membership.await.unwrap()
    }
}

fn token(authority: &Authority) -> JoinToken {
    JoinToken::new("abcdefghij", [1; 32], authority.pin())
}

fn issued(authority: &Authority, request: &v1::EnrollRequest) -> v1::EnrollResponse {
    let chain = authority.node(&request.certificate_request, time::Duration::DAY);
    let issued = v1::Issued {
        certificate_chain: chain.iter().map(|der| der.to_vec()).collect(),
        roots: vec![authority.root.to_vec()],
    };
    v1::EnrollResponse {
        outcome: Some(Outcome::Issued(issued)),
    }
}

fn answer(epoch: u64, status: NodeStatus) -> v1::HeartbeatResponse {
    v1::HeartbeatResponse {
        interval_ms: 60_000,
        lease_ms: 30_000,
        epoch,
        desired: Some(v1::DesiredState {
            generation: 1,
            status: v1::NodeStatus::from(status).into(),
            role: v1::Role::Worker.into(),
            run_workloads: status == NodeStatus::Active,
            drain: false,
        }),
        ..v1::HeartbeatResponse::default()
    }
}

fn always(authority: &Arc<Authority>, answered: v1::HeartbeatResponse) -> Script {
    let authority = Arc::clone(authority);
    Script {
        enroll: Box::new(move |request| Ok(issued(&authority, &request))),
        heartbeat: Box::new(move |_| Ok(answered.clone())),
    }
}

/// Waits until it is so; a test fails after ten seconds.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within ten seconds");
}

/// A controller that moves a node by its reports, a step a heartbeat, and asks for its inventory once.
fn moving(authority: &Arc<Authority>) -> Script {
    let (pendings, moved) = (AtomicU64::new(0), AtomicU64::new(0));
    let authority = Arc::clone(authority);
    Script {
        enroll: Box::new(
            move |request| match pendings.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(v1::EnrollResponse {
                    outcome: Some(Outcome::Pending(v1::Pending {
                        status: v1::NodeStatus::Candidate.into(),
                        reason: "an operator\x1b[2J has to accept it".to_owned(),
                        retry_after_s: 1,
                    })),
                }),
                _ => Ok(issued(&authority, &request)),
            },
        ),
        heartbeat: Box::new(move |request| {
            let life = [
                (NodeStatus::Approved, Progress::Applying),
                (NodeStatus::Starting, Progress::Installed),
                (NodeStatus::Activating, Progress::Ready),
                (NodeStatus::Active, Progress::Unspecified),
            ];
            let at = usize::try_from(moved.load(Ordering::SeqCst)).unwrap();
            let reported = request.report.as_ref().unwrap().progress();
            let at = at + usize::from(reported == life[at].1);
            moved.store(u64::try_from(at).unwrap(), Ordering::SeqCst);
            Ok(v1::HeartbeatResponse {
                send_inventory: request.sequence == 1,
                ..answer(3, life[at].0)
            })
        }),
    }
}

#[tokio::test]
async fn a_machine_becomes_an_active_node_and_stays_it_after_a_restart() {
    let (authority, folder) = (Arc::new(Authority::new()), TempDir::new().unwrap());
    let controller = Controller::serve(&authority, moving(&authority)).await;
    let look = State::look(folder.path());
    let link = || look.status().unwrap().map(|status| status.link);
    let agent = Agent::start(&folder, &[&controller.address], Some(token(&authority)));
    until("it waits to be admitted", || {
        let pending = matches!(&link(), Some(Link::Pending { reason, .. })
            if reason == "an operator\\x1b[2J has to accept it");
        pending
    })
    .await;
    until("it is active", || {
        let status = look.status().unwrap().and_then(|status| status.status);
        status.as_deref() == Some("active")
    })
    .await;
    let permit = agent.permit.borrow().unwrap();
    assert_eq!((permit.epoch, permit.allowed), (3, Allowed::Any));
    agent.end().await.unwrap();
    assert_eq!(link(), Some(Link::Stopped));

    let sequences = controller.noted(|noted| {
        let first = &noted.enrolls[0];
        assert_eq!(first.token, *token(&authority).reveal());
        assert_eq!(first.name, "node7");
        assert_eq!(noted.enrolls[1].node_id, first.node_id);
        assert_eq!(noted.inventories.len(), 1);
        let last = noted.heartbeats.last().unwrap();
        assert_eq!((last.epoch, last.generation), (3, 1));
        assert!(last.report.as_ref().unwrap().nothing_of_old_epoch_runs);
        let beats = noted.heartbeats.iter();
        beats.map(|beat| beat.sequence).collect::<Vec<_>>()
    });
    let expected: Vec<u64> = (1..=u64::try_from(sequences.len()).unwrap()).collect();
    assert_eq!(sequences, expected);

    let again = Agent::start(&folder, &[&controller.address], None);
    let before = sequences.len();
    let beats = || controller.noted(|noted| noted.heartbeats.len());
    until("it is heard again without a token", || beats() > before).await;
    assert_eq!(controller.noted(|noted| noted.enrolls.len()), 2);
    controller.noted(|noted| assert_eq!(noted.heartbeats[before].epoch, 3));
    again.end().await.unwrap();
}

#[tokio::test]
async fn the_token_is_told_to_nobody_but_whom_it_pins() {
    let (authority, folder) = (Arc::new(Authority::new()), TempDir::new().unwrap());
    let script = always(&authority, answer(1, NodeStatus::Active));
    let impostor = Controller::serve(&authority, script).await;
    let other = token(&Authority::new());
    let agent = Agent::start(&folder, &[&impostor.address], Some(other));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!agent.membership.is_finished(), "it goes on asking");
    agent.end().await.unwrap();
    assert_eq!(impostor.noted(|noted| noted.enrolls.len()), 0);
    let look = State::look(folder.path());
    assert_eq!(look.enrolment().unwrap(), None);
}

#[tokio::test]
async fn a_machine_that_is_refused_says_why_without_the_token() {
    let (authority, folder) = (Arc::new(Authority::new()), TempDir::new().unwrap());
    let script = Script {
        enroll: Box::new(|_| Err(Status::unauthenticated("the token\x1b[2J has ended"))),
        ..always(&authority, answer(1, NodeStatus::Active))
    };
    let controller = Controller::serve(&authority, script).await;
    let agent = Agent::start(&folder, &[&controller.address], Some(token(&authority)));
    let refused = agent.membership.await.unwrap().unwrap_err();
    let told = format!("{refused} {refused:?}");
    assert!(told.contains("the token\\x1b[2J has ended"), "{told}");
    let revealed = token(&authority).reveal();
    let secret = revealed.split('.').nth(2).unwrap();
    assert!(!told.contains(secret));
}

#[tokio::test]
async fn a_machine_without_certificate_and_token_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let agent = Agent::start(&folder, &["127.0.0.1:1"], None);
    let refused = agent.membership.await.unwrap().unwrap_err().to_string();
    assert!(refused.contains("--token-file"), "{refused}");
}

#[tokio::test]
async fn a_dead_controller_is_passed_over_and_a_stale_one_gives_no_lease() {
    let (authority, folder) = (Arc::new(Authority::new()), TempDir::new().unwrap());
    let good = always(&authority, answer(5, NodeStatus::Active));
    let good = Controller::serve(&authority, good).await;
    let both = ["127.0.0.1:1", good.address.as_str()];
    let mut agent = Agent::start(&folder, &both, Some(token(&authority)));
    agent.permit.changed().await.unwrap();
    assert_eq!(agent.permit.borrow().unwrap().epoch, 5);
    agent.running.send_replace(Running::Epoch(4));
    let unclean = || {
        good.noted(|noted| {
            let last = noted.heartbeats.last();
            let report = last.and_then(|beat| beat.report.clone());
            report.is_some_and(|report| !report.nothing_of_old_epoch_runs)
        })
    };
    until("what runs is told at once", unclean).await;
    agent.end().await.unwrap();

    let stale = always(&authority, answer(4, NodeStatus::Active));
    let stale = Controller::serve(&authority, stale).await;
    let agent = Agent::start(&folder, &[&stale.address], None);
    let heard = || stale.noted(|noted| !noted.heartbeats.is_empty());
    until("the stale one is asked", heard).await;
    let look = State::look(folder.path());
    let link = || look.status().unwrap().unwrap().link;
    let refused = || matches!(link(), Link::Lost { reason } if reason.contains("epoch 4"));
    until("its answer is refused", refused).await;
    assert_eq!(*agent.permit.borrow(), None);
    agent.end().await.unwrap();
}
