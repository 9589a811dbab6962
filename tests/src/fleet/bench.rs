//! The whole of it in order: join, settle, measure, kill, come back.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_proto::v1;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use super::figures::{Cost, Usage, look_of, share};
use super::node::{Beat, Door, Node};
use super::process::Controller;

/// Nodes that join at a time.
const JOINING: usize = 32;
/// Longer than anybody may take to be back.
const BACK: Duration = Duration::from_secs(300);

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
pub struct Report {
    /// As a document.
    pub text: String,
    /// What was demanded and is not so.
    pub missed: Vec<String>,
}

/// What heartbeats cost.
struct Steady {
    beats: usize,
    passed: Duration,
    p50: Duration,
    p99: Duration,
    most: Duration,
    controller: Cost,
    generator: Cost,
    wrote: bool,
}

/// How the fleet came back.
struct Back {
    half: Duration,
    all: Option<Duration>,
    fenced: usize,
}

/// Does it all. Takes the measured time, and some minutes more.
///
/// # Panics
/// When a node cannot join, or the controller does not run.
pub async fn run(plan: Plan) -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut controller = Controller::start(folder.path(), plan.interval);
    let empty = Usage::of(controller.id()).resident_bytes;
    let begun = Instant::now();
    let nodes = join(&controller, plan.nodes).await;
    let joined = begun.elapsed();
    say(&format!("{} nodes joined in {joined:.1?}", plan.nodes));

    let (told, mut beats) = unbounded_channel();
    let mut lives = JoinSet::new();
    for node in nodes {
        lives.spawn(node.live(told.clone()));
        // They come one by one, as machines are switched on.
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    until_all(&mut beats, plan.nodes, |beat| beat.is_active)
        .await
        .expect("all nodes get active");
    say("all nodes are active");
    tokio::time::sleep(plan.interval * 2).await;
    let steady = steady(&controller, &mut beats, plan).await;
    say("measured; killing the controller");
    let back = back(&mut controller, &mut beats, plan).await;
    report(plan, empty, joined, &steady, &back)
}

async fn join(controller: &Controller, count: u32) -> Vec<Node> {
    let mut admin = controller.admin().await;
    let token = v1::CreateTokenRequest {
        role: v1::Role::Worker.into(),
        ttl_s: 24 * 3600,
        uses: count,
        auto_accept: true,
        ..v1::CreateTokenRequest::default()
    };
    let token = admin
        .create_token(token)
        .await
        .expect("a token")
        .into_inner();
    let door = Door {
        controller: controller
            .address
            .parse::<SocketAddr>()
            .expect("an address"),
        token: token.token,
    };
    let slots = Arc::new(Semaphore::new(JOINING));
    let mut joining = JoinSet::new();
    for number in 1..=count {
        let slot = Arc::clone(&slots)
            .acquire_owned()
            .await
            .expect("slots stay open");
        let door = door.clone();
        joining.spawn(async move {
            let node = door.join(number).await;
            drop(slot);
            node.unwrap_or_else(|fault| panic!("node {number} cannot join: {fault}"))
        });
        if number % 1000 == 0 {
            say(&format!("{number} nodes have asked to join"));
        }
    }
    joining.join_all().await
}

/// Until every node has told what is wanted; how long that took, and half of it.
async fn until_all(
    beats: &mut UnboundedReceiver<Beat>,
    count: u32,
    wanted: impl Fn(&Beat) -> bool,
) -> Option<(Duration, Duration)> {
    let begun = Instant::now();
    let (mut seen, mut half) = (BTreeSet::new(), Duration::ZERO);
    let all = async {
        while let Some(beat) = beats.recv().await {
            if wanted(&beat) && seen.insert(beat.node) {
                let so_many = u32::try_from(seen.len()).unwrap_or(u32::MAX);
                if so_many == count.div_ceil(2) {
                    half = beat.at.saturating_duration_since(begun);
                }
                if so_many == count {
                    return Some(beat.at.saturating_duration_since(begun));
                }
            }
        }
        None
    };
    let all = tokio::time::timeout(BACK, all).await.ok().flatten()?;
    Some((half, all))
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
    let came = until_all(beats, plan.nodes, |_| true).await;
    say("all nodes are back; waiting whether any is fenced");
    // Lease and margin are four and a half intervals.
    tokio::time::sleep(plan.interval * 5).await;
    Back {
        half: came.map_or(BACK, |(half, _)| half),
        all: came.map(|(_, all)| all),
        fenced: controller.told("status=fenced"),
    }
}

fn report(plan: Plan, empty: u64, joined: Duration, steady: &Steady, back: &Back) -> Report {
    let nodes = f64::from(plan.nodes);
    #[allow(clippy::cast_precision_loss, reason = "shown to three digits")]
    let (beats, resident, empty) = (
        steady.beats as f64,
        steady.controller.resident_bytes as f64,
        empty as f64,
    );
    let kib_per_node = (resident - empty).max(0.0) / 1024.0 / nodes;
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3);
    let all = back.all.map_or("not within 300 s".to_owned(), |all| {
        format!("{:.1} s", all.as_secs_f64())
    });
    let demanded = [
        (
            "p99 of a heartbeat under 100 ms",
            steady.p99 < Duration::from_millis(100),
        ),
        (
            "at most 40 KiB of controller memory a node",
            kib_per_node <= 40.0,
        ),
        ("no store write per heartbeat", !steady.wrote),
        (
            "all back within 60 s",
            back.all.is_some_and(|all| all < Duration::from_secs(60)),
        ),
        ("nobody falsely fenced", back.fenced == 0),
    ];
    let rows = [
        (
            "nodes, each with a connection of its own",
            format!("{}", plan.nodes),
        ),
        ("interval", format!("{:?}", plan.interval)),
        (
            "joined (judged, accepted, certified)",
            format!("{:.0} nodes a second", nodes / joined.as_secs_f64()),
        ),
        (
            "heartbeats",
            format!("{:.0} a second", beats / steady.passed.as_secs_f64()),
        ),
        ("heartbeat, median", ms(steady.p50)),
        ("heartbeat, 99 of 100 within", ms(steady.p99)),
        ("heartbeat, longest", ms(steady.most)),
        (
            "controller, processor",
            format!("{:.1} % of one", steady.controller.percent),
        ),
        (
            "controller, memory",
            format!(
                "{:.1} MiB, {:.1} without nodes",
                resident / 1048576.0,
                empty / 1048576.0
            ),
        ),
        (
            "controller, memory a node",
            format!("{kib_per_node:.1} KiB"),
        ),
        (
            "generator, processor",
            format!("{:.1} % of one", steady.generator.percent),
        ),
        (
            "store written while heartbeats came",
            (if steady.wrote { "yes" } else { "no" }).to_owned(),
        ),
        (
            "half the nodes back after kill -9 and start",
            format!("{:.1} s", back.half.as_secs_f64()),
        ),
        ("all nodes back", all),
        ("nodes fenced", back.fenced.to_string()),
    ];
    let mut text = String::from("| what | |\n| --- | --- |\n");
    for (what, value) in rows {
        let _ = writeln!(text, "| {what} | {value} |");
    }
    let _ = writeln!(text, "\n| demanded | met |\n| --- | --- |");
    for (what, is_met) in demanded {
        let _ = writeln!(
            text,
            "| {what} | {} |",
            if is_met { "yes" } else { "**no**" }
        );
    }
    let missed = demanded.iter().filter(|(_, is_met)| !is_met);
    Report {
        text,
        missed: missed.map(|(what, _)| (*what).to_owned()).collect(),
    }
}

fn say(what: &str) {
    eprintln!("fleet: {what}");
}
