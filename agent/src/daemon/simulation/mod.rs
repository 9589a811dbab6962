//! The fencing bound and the rest of what is promised, in a simulated world of which every turn follows from a seed.
//!
//! Real are the agent's heartbeats, fence and state, the controller's services, fleet, life of a node and memory store, and the bytes
//! between them. Simulated are time (tokio's paused clock), the network, the machines, the speed of the store, and everybody's randomness.
//! All of it runs on the real tasks, not on a model of them, because the faults that matter lie between two awaits; a seed takes some milliseconds.
//!
//! Map: `faults` says what goes wrong; `host` is a machine, and has what is assumed of one; `agent` and `center` are the two processes; `network`
//! is between them; `disk` watches every write; `ledger` keeps the story, and the first promise that was broken.
//!
//! `MUSTER_SEED=7 cargo test -p muster-agent simulation -- --nocapture` tells the story of one seed; `MUSTER_SEEDS=100000` tries so many.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "test code: it tells its story, and its files are its own"
)]

mod agent;
mod center;
mod chance;
mod disk;
mod faults;
mod gate;
mod host;
mod ledger;
mod network;
mod spool;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use muster_controller::fleet::Timing;
use muster_controller::record::NodeRecord;
use muster_controller::store::{Store as _, Transaction, Write};
use muster_model::NodeStatus;
use tokio::time::Instant;

use self::agent::{Agent, LeaseFrom};
use self::center::{Center, SERIAL};
pub(crate) use self::chance::Chance;
use self::disk::Disk;
use self::host::Host;
use self::ledger::{Ledger, Story};
use self::network::{Way, Weather};

/// When nothing is wrong any more, all nodes are active within this: a call that hangs (10 s), the longest wait before the next (30 s), a
/// stop of workloads (10 s), and some heartbeats.
const BACK_WITHIN: Duration = Duration::from_secs(75);
/// That many are tried unless `MUSTER_SEEDS` says otherwise.
const SEEDS: u64 = 10_000;

/// What is simulated, and what is wrong with it.
#[derive(Debug, Clone, Copy)]
struct Rules {
    timing: Timing,
    lease: LeaseFrom,
}

/// Everything there is.
struct World {
    chance: Chance,
    ledger: Arc<Ledger>,
    center: Arc<Center>,
    agents: Vec<Agent>,
    weathers: BTreeMap<String, Arc<Weather>>,
}

impl Rules {
    fn right() -> Self {
        Self {
            timing: Timing::default(),
            lease: LeaseFrom::Sent,
        }
    }
}

impl World {
    async fn new(seed: u64, rules: Rules, is_told: bool) -> Arc<Self> {
        let chance = Chance::new(seed);
        let ledger = Arc::new(Ledger::new(is_told));
        let ids = (1..=chance.within(1..4)).map(|number| format!("n{number}"));
        let host = |id| {
            let folder = tempfile::tempdir_in(memory()).unwrap();
            Arc::new(Host::new(id, chance.clone(), Arc::clone(&ledger), folder))
        };
        let hosts: Vec<Arc<Host>> = ids.map(host).collect();
        let disk = Disk::new(chance.clone(), Arc::clone(&ledger), hosts.clone());
        for host in &hosts {
            let write = Write::Node {
                record: Box::new(record(&host.id)),
                expected: 0,
            };
            disk.inner
                .commit(Transaction {
                    writes: vec![write],
                })
                .await
                .unwrap();
        }
        let center = Arc::new(Center::new(Arc::new(disk), rules.timing));
        let weathers = hosts.iter().map(|host| (host.id.clone(), Arc::default()));
        let weathers: BTreeMap<String, Arc<Weather>> = weathers.collect();
        let agents = hosts.into_iter().map(|host| {
            let way = Way {
                node: host.id.clone(),
                center: Arc::clone(&center),
                weather: Arc::clone(&weathers[&host.id]),
                chance: chance.clone(),
                ledger: Arc::clone(&ledger),
            };
            Agent::new(host, way, rules.lease)
        });
        Arc::new(Self {
            agents: agents.collect(),
            weathers,
            center,
            chance,
            ledger,
        })
    }

    fn weather(&self, agent: &Agent) -> &Weather {
        &self.weathers[&agent.host.id]
    }

    /// Up to three days, there or back, in milliseconds.
    fn hours(&self) -> i64 {
        const MOST: u64 = 3 * 24 * 3_600_000;
        let drawn = i64::try_from(self.chance.within(0..2 * MOST)).unwrap();
        drawn - i64::try_from(MOST).unwrap()
    }

    /// An administrator changes the node a few times.
    async fn edit(&self, agent: &Agent) {
        for count in 0..3 {
            let Some(fleet) = self.center.fleet() else {
                return;
            };
            let edit = move |record: &mut NodeRecord| record.description = format!("edit {count}");
            // It may be lost against others; what that means is watched by the disk.
            let _ = fleet.edit(&agent.host.id, "described", edit).await;
        }
    }

    /// Until every node is active, but not for ever.
    async fn back(&self) -> Option<Duration> {
        let since = Instant::now();
        while since.elapsed() < BACK_WITHIN {
            let fleet = self.center.fleet()?;
            let is_active = |record: &NodeRecord| record.status == NodeStatus::Active;
            if fleet.nodes().iter().all(|(record, _)| is_active(record)) {
                return Some(since.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        None
    }

    /// What has to be so at the end.
    async fn check(&self, back: Option<Duration>) {
        if back.is_none() {
            self.ledger.broken(format_args!(
                "not all nodes are active {BACK_WITHIN:?} after the last fault"
            ));
        }
        for agent in &self.agents {
            let id = &agent.host.id;
            let events = self
                .center
                .disk
                .inner
                .events(id, 0, usize::MAX)
                .await
                .unwrap();
            let (spooled, own): (Vec<_>, Vec<_>) =
                events.iter().partition(|event| event.spooled.is_some());
            let numbers: Vec<_> = spooled
                .iter()
                .filter_map(|event| event.spooled.as_ref().map(|spooled| spooled.sequence))
                .collect();
            let expected: Vec<u64> = (1..=agent.spool.written()).collect();
            let is_same = spooled
                .iter()
                .zip(&expected)
                .all(|(event, number)| event.message == spool::message(*number));
            if numbers != expected || !is_same {
                self.ledger.broken(format_args!(
                    "{id}: of {} events there are {numbers:?}",
                    expected.len()
                ));
            }
            let stored = self.center.disk.inner.node(id).await.unwrap().unwrap();
            // The first was written without one. No node was copied: an event that says so changes nothing, and breaks this.
            if stored.revision != 1 + u64::try_from(own.len()).unwrap() {
                self.ledger.broken(format_args!(
                    "{id}: {} changes have {} events",
                    stored.revision,
                    own.len()
                ));
            }
            let known = self.center.fleet().and_then(|fleet| fleet.node(id));
            if known.is_none_or(|(known, _)| *known != stored) {
                self.ledger.broken(format_args!(
                    "{id}: the controller does not know what it stored"
                ));
            }
        }
    }
}

/// A folder whose files are in memory, where there is one.
fn memory() -> std::path::PathBuf {
    let shared = std::path::PathBuf::from("/dev/shm");
    if shared.is_dir() {
        shared
    } else {
        std::env::temp_dir()
    }
}

/// A node that was just accepted.
fn record(id: &str) -> NodeRecord {
    let digest = agent::facts().inventory.digest.iter();
    let digest: String = digest.map(|byte| format!("{byte:02x}")).collect();
    // As it is stored: fields that are younger have their defaults.
    let stored = serde_json::json!({
        "id": id, "name": id, "description": "", "fingerprint": "", "macs": [],
        "status": NodeStatus::Approved, "reason": "", "status_since": 0, "public_key": "",
        "certificate_serial": SERIAL, "epoch": 1, "generation": 1, "inventory_digest": digest,
        "tags": [], "labels": {}, "taints": {}, "agent_version": "", "revision": 0,
    });
    serde_json::from_value(stored).unwrap()
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
