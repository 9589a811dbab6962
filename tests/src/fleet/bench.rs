//! The whole of it in order: join, settle, measure, kill, come back, be cut off.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::figures::{Cost, Usage, load, look_of, share};
use super::node::{Beat, Door};
use super::process::Controller;

/// Nodes that join at a time.
const JOINING: usize = 64;
/// Longer than any step may take, so that a fleet that is stuck ends.
const STUCK: Duration = Duration::from_secs(900);
/// How often it is looked whether all are fenced.
const LOOK: Duration = Duration::from_millis(100);

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many nodes.
    pub nodes: u32,
    /// Between two heartbeats.
    pub interval: Duration,
    /// How long heartbeats are measured.
    pub measured: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The controller's memory before anybody joined.
    pub(super) empty_bytes: u64,
    /// From the first that asked until all were active.
    pub(super) joined: Duration,
    pub(super) steady: Steady,
    pub(super) back: Back,
    /// From the first node that was fenced to the last, when all were cut off at a time.
    pub(super) fencing: Option<Duration>,
    /// How many waited for a processor before and after, as the machine says: other programs too.
    pub(super) load: [String; 2],
}

/// What heartbeats cost.
#[derive(Debug)]
pub(super) struct Steady {
    pub(super) beats: usize,
    pub(super) passed: Duration,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) most: Duration,
    pub(super) controller: Cost,
    pub(super) generator: Cost,
    pub(super) wrote: bool,
}

/// How the fleet came back.
#[derive(Debug)]
pub(super) struct Back {
    pub(super) half: Duration,
    pub(super) all: Duration,
    /// When nobody was cut off.
    pub(super) fenced: usize,
    pub(super) resident_bytes: u64,
}

/// Does it all. Takes the measured time, and some minutes more.
///
/// # Panics
/// When the controller does not run, or a step does not end.
pub async fn run(plan: Plan) -> Outcome {
    let before = load();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut controller = Controller::start(folder.path(), plan.interval);
    let empty_bytes = Usage::of(controller.id()).resident_bytes;
    let (told, mut beats) = unbounded_channel();
    let mut lives = join(&controller, plan.nodes, &told).await;
    let (_, joined) = until_all(&mut beats, plan.nodes, |beat| beat.is_active).await;
    say(&format!(
        "{} nodes are active after {joined:.1?}",
        plan.nodes
    ));
    tokio::time::sleep(plan.interval * 2).await;
    let steady = steady(&controller, &mut beats, plan).await;
    say("measured; killing the controller");
    let back = back(&mut controller, &mut beats, plan).await;
    say("cutting all nodes off");
    lives.shutdown().await;
    let fencing = fencing(&mut controller, plan).await;
    Outcome {
        empty_bytes,
        joined,
        steady,
        back,
        fencing,
        load: [before, load()],
    }
}

/// Nodes that join, so many at a time, and live from then on.
async fn join(controller: &Controller, count: u32, told: &UnboundedSender<Beat>) -> JoinSet<()> {
    let door = Door {
        controller: controller
            .address
            .parse::<SocketAddr>()
            .expect("an address"),
        token: controller.token(count).await,
    };
    let slots = Arc::new(Semaphore::new(JOINING));
    let mut lives = JoinSet::new();
    for number in 1..=count {
        let (slots, door, told) = (Arc::clone(&slots), door.clone(), told.clone());
        lives.spawn(async move {
            let slot = slots.acquire_owned().await.expect("slots stay open");
            let node = door.join(number).await;
            drop(slot);
            node.live(told).await;
        });
    }
    lives
}

/// Until every node has told what is wanted; how long half of them took, and all.
async fn until_all(
    beats: &mut UnboundedReceiver<Beat>,
    count: u32,
    wanted: impl Fn(&Beat) -> bool,
) -> (Duration, Duration) {
    let begun = Instant::now();
    let (mut seen, mut half) = (BTreeSet::new(), Duration::ZERO);
    let all = async {
        while let Some(beat) = beats.recv().await {
            if !wanted(&beat) || !seen.insert(beat.node) {
                continue;
            }
            let passed = beat.at.saturating_duration_since(begun);
            let so_many = u32::try_from(seen.len()).unwrap_or(u32::MAX);
            if so_many == count.div_ceil(2) {
                half = passed;
            }
            if so_many == count {
                return (half, passed);
            }
            if so_many.is_multiple_of(2000) {
                say(&format!("{so_many} nodes after {passed:.1?}"));
            }
        }
        panic!("nobody tells anything any more");
    };
    let all = tokio::time::timeout(STUCK, all).await;
    all.unwrap_or_else(|_| panic!("not all {count} nodes within {STUCK:?}"))
}

async fn steady(
    controller: &Controller,
    beats: &mut UnboundedReceiver<Beat>,
    plan: Plan,
) -> Steady {
    let database = controller.state();
    while beats.try_recv().is_ok() {}
    let (looked, begun) = (look_of(&database), Instant::now());
    let before = [controller.id(), std::process::id()].map(Usage::of);
    tokio::time::sleep(plan.measured).await;
    let passed = begun.elapsed();
    let after = [controller.id(), std::process::id()].map(Usage::of);
    let wrote = look_of(&database) != looked;
    let mut took = Vec::new();
    while let Ok(beat) = beats.try_recv() {
        took.push(beat.took);
    }
    took.sort_unstable();
    Steady {
        beats: took.len(),
        passed,
        p50: share(&took, 0.5),
        p99: share(&took, 0.99),
        most: share(&took, 1.0),
        controller: after[0].since(before[0], passed),
        generator: after[1].since(before[1], passed),
        wrote,
    }
}

async fn back(
    controller: &mut Controller,
    beats: &mut UnboundedReceiver<Beat>,
    plan: Plan,
) -> Back {
    // What was heard by the one that is killed does not count.
    controller.kill_and_start();
    while beats.try_recv().is_ok() {}
    let (half, all) = until_all(beats, plan.nodes, |_| true).await;
    say(&format!(
        "all nodes are back after {all:.1?}; waiting whether any is fenced"
    ));
    // Lease and margin are four and a half intervals.
    tokio::time::sleep(plan.interval * 5).await;
    Back {
        half,
        all,
        fenced: controller.told_since("status=fenced"),
        resident_bytes: Usage::of(controller.id()).resident_bytes,
    }
}

/// From the first to the last, once no node calls any more. None when not all are fenced in time.
async fn fencing(controller: &mut Controller, plan: Plan) -> Option<Duration> {
    let until = Instant::now() + plan.interval * 10 + Duration::from_secs(60);
    let (mut fenced, mut first) = (0, None);
    while Instant::now() < until {
        tokio::time::sleep(LOOK).await;
        fenced += controller.told_since("status=fenced");
        if fenced > 0 {
            let first = *first.get_or_insert_with(Instant::now);
            if u32::try_from(fenced).is_ok_and(|fenced| fenced >= plan.nodes) {
                return Some(first.elapsed());
            }
        }
    }
    None
}

/// Progress, for whoever waits.
fn say(what: &str) {
    eprintln!("fleet: {what}");
}
