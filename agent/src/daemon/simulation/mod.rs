//! The fencing bound and the rest of what is promised, in a simulated world of which every turn follows from a seed.
//!
//! Real are the agent's heartbeats, fence and state, the controller's services, fleet, life of a node and memory store, and the bytes
//! between them. Simulated are time (tokio's paused clock), the network, the machines, the speed of the store, and everybody's randomness.
//! All of it runs on the real tasks, not on a model of them, because the faults that matter lie between two awaits; a seed takes some milliseconds.
//!
//! Map: `world` is everything there is; `faults` says what goes wrong; `host` is a machine, and has what is assumed of one; `agent` and `center` are
//! the two processes; `network` is between them; `certificate` is a model of what a node shows; `disk` watches every write; `ledger` keeps the
//! story, and the first promise that was broken.
//!
//! `MUSTER_SEED=7 cargo test -p muster-agent simulation -- --nocapture` tells the story of one seed; `MUSTER_SEEDS=100000` tries so many.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "test code: it tells its story, and its files are its own"
)]

mod agent;
mod center;
mod certificate;
mod chance;
mod disk;
mod faults;
mod gate;
mod host;
mod ledger;
mod network;
mod spool;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use muster_controller::fleet::Timing;

use self::agent::LeaseFrom;
pub(crate) use self::chance::Chance;
use self::ledger::Story;
use self::world::World;

/// That many are tried unless `MUSTER_SEEDS` says otherwise.
const SEEDS: u64 = 10_000;

/// What is simulated, and what is wrong with it.
#[derive(Debug, Clone, Copy)]
struct Rules {
    timing: Timing,
    lease: LeaseFrom,
}

impl Rules {
    fn right() -> Self {
        Self {
            timing: Timing::default(),
            lease: LeaseFrom::Sent,
        }
    }
}

/// The story of one seed.
fn story(seed: u64, rules: Rules, is_told: bool) -> Story {
    crate::daemon::random::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new(seed, rules, is_told).await;
        world.center.start().await;
        for agent in &world.agents {
            tokio::spawn(agent.host.awake.keep(Arc::clone(&agent.host).guard()));
            agent.start().await;
        }
        faults::trouble(&world).await;
        let back = world.back().await;
        // What is still under way arrives, and the last events.
        tokio::time::sleep(Duration::from_secs(30)).await;
        world.check(back).await;
        world.ledger.story(back)
    })
}

/// The stories of many seeds, on all processors; ends early when a promise was broken. The seeds that did, and the longest way back.
fn stories(rules: Rules, seeds: u64) -> (BTreeMap<u64, Story>, Duration) {
    let next = AtomicU64::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let (mut broken, mut longest) = (BTreeMap::new(), Duration::ZERO);
        while broken.is_empty() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                break;
            }
            let story = story(seed, rules, false);
            longest = longest.max(story.back_after.unwrap_or_default());
            if story.broken.is_some() {
                next.store(seeds, Ordering::Relaxed);
                broken.insert(seed, story);
            }
        }
        (broken, longest)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let (mut all, mut longest) = (BTreeMap::new(), Duration::ZERO);
        for worker in workers {
            let (mut broken, back) = worker.join().unwrap();
            all.append(&mut broken);
            longest = longest.max(back);
        }
        (all, longest)
    })
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

#[test]
fn no_promise_is_broken() {
    if let Some(seed) = number("MUSTER_SEED") {
        let story = story(seed, Rules::right(), true);
        assert_eq!(story.broken, None, "seed {seed}");
        return;
    }
    let begun = std::time::Instant::now();
    let seeds = number("MUSTER_SEEDS").unwrap_or(SEEDS);
    let (broken, longest) = stories(Rules::right(), seeds);
    for (seed, story) in &broken {
        println!(
            "MUSTER_SEED={seed}: {}",
            story.broken.as_deref().unwrap_or_default()
        );
    }
    assert!(
        broken.is_empty(),
        "promises were broken; MUSTER_SEED= one of {:?} tells how",
        broken.keys()
    );
    println!(
        "{seeds} seeds in {:?}; all nodes are back within {longest:?}",
        begun.elapsed()
    );
}

#[test]
fn a_broken_margin_is_found() {
    let right = Rules::right();
    let wrong = [
        (
            "no margin",
            Rules {
                timing: Timing {
                    margin: Duration::ZERO,
                    ..right.timing
                },
                ..right
            },
        ),
        (
            "a lease that counts from the answer",
            Rules {
                lease: LeaseFrom::Answered,
                ..right
            },
        ),
    ];
    for (what, rules) in wrong {
        let (broken, _) = stories(rules, SEEDS);
        let (seed, story) = broken.first_key_value().expect(what);
        let told = story.broken.as_deref().unwrap();
        println!("{what} is found by seed {seed}: {told}");
        assert!(told.contains("fenced"), "{told}");
    }
}

#[test]
fn a_seed_always_tells_the_same_story() {
    for seed in 0..20 {
        let story = || story(seed, Rules::right(), false);
        assert_eq!(story(), story(), "seed {seed}");
    }
}
