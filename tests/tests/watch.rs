//! Each change of an interface is told within a second of its event.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use muster_discovery::watch::Stopper;
use muster_discovery::{Options, Source, Watcher};
use muster_model::{Change, ChangeKind, Section};
use muster_tests::namespace::{entered, ip};
use serde_json::json;

/// From the event to the change.
const BOUND: Duration = Duration::from_secs(1);

#[test]
fn tells_of_interfaces() {
    if !entered("tells_of_interfaces") {
        return;
    }
    ip("link add v0 type veth peer name v1");
    ip("link set v0 up");
    ip("link set v1 up");
    let watch = Watch::start();

    let added = watch.after("link add br0 type bridge");
    let bridge = find(&added, "br0");
    assert_eq!(
        (bridge.kind, bridge.section.as_str()),
        (ChangeKind::Added, "network")
    );

    let changed = watch.after("link set v0 mtu 1400");
    assert_eq!(
        field(find(&changed, "v0"), "mtu"),
        (json!(1500), json!(1400))
    );

    let pulled = watch.after("link set v1 down");
    assert_eq!(
        field(find(&pulled, "v0"), "carrier"),
        (json!(true), json!(false))
    );
    assert_eq!(
        field(find(&pulled, "v1"), "admin_state"),
        (json!("up"), json!("down"))
    );

    let renamed = watch.after("link set v1 name uplink");
    let renamed = find(&renamed, "uplink");
    assert_eq!(renamed.kind, ChangeKind::Renamed);
    assert_eq!(field(renamed, "name"), (json!("v1"), json!("uplink")));

    let enslaved = watch.after("link set v0 master br0");
    assert_eq!(
        field(find(&enslaved, "v0"), "master"),
        (json!(null), json!("br0"))
    );

    let addressed = watch.after("addr add 192.0.2.1/24 dev br0");
    let (before, after) = field(find(&addressed, "br0"), "addresses");
    assert_eq!((before, after), (json!([]), json!(["192.0.2.1/24"])));

    let removed = watch.after("link del v0");
    for name in ["v0", "uplink"] {
        assert_eq!(find(&removed, name).kind, ChangeKind::Removed);
    }
    let tun = watch.after("tuntap add dev tun0 mode tun");
    assert_eq!(find(&tun, "tun0").kind, ChangeKind::Added);
    watch.stop();
}

#[test]
fn a_burst_is_one_reading_and_nothing_is_lost() {
    if !entered("a_burst_is_one_reading_and_nothing_is_lost") {
        return;
    }
    let watch = Watch::start();
    let begun = Instant::now();
    let batch: String = (0..30)
        .map(|number| format!("link add b{number} type bridge\n"))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("batch");
    std::fs::write(&file, batch).unwrap();
    ip(&format!("-batch {}", file.display()));
    let mut added = BTreeSet::new();
    let mut readings = 0;
    while added.len() < 30 {
        let changes = watch.changes.recv_timeout(Duration::from_secs(5)).unwrap();
        readings += 1;
        added.extend(changes.into_iter().map(|change| change.subject));
    }
    let bound = begun.elapsed().as_secs() + 5;
    assert!(readings <= bound, "{readings} readings in {bound} s");
    assert!(added.contains("b29"));
    watch.stop();
}

#[test]
fn stops_at_once() {
    if !entered("stops_at_once") {
        return;
    }
    let watch = Watch::start();
    let begun = Instant::now();
    watch.stop();
    assert!(begun.elapsed() < Duration::from_millis(500));
}

/// A watcher on a thread of its own.
struct Watch {
    changes: Receiver<Vec<Change>>,
    stopper: Stopper,
    thread: thread::JoinHandle<()>,
}

impl Watch {
    fn start() -> Self {
        let options = Options {
            sections: BTreeSet::from([Section::Network]),
            ..Options::default()
        };
        let mut watcher = Watcher::new(Source::live().unwrap(), options).unwrap();
        let stopper = watcher.stopper();
        let (sender, changes) = channel();
        let thread = thread::spawn(move || {
            while !watcher.is_stopped() {
                let found = watcher.next(Duration::from_secs(60)).unwrap();
                if !found.is_empty() {
                    sender.send(found).unwrap();
                }
            }
        });
        Self {
            changes,
            stopper,
            thread,
        }
    }

    /// What is told after this `ip` command, all within the bound.
    fn after(&self, words: &str) -> Vec<Change> {
        ip(words);
        let begun = Instant::now();
        let mut changes = Vec::new();
        while let Ok(found) = self
            .changes
            .recv_timeout(BOUND.saturating_sub(begun.elapsed()))
        {
            changes.extend(found);
        }
        assert!(
            !changes.is_empty(),
            "{words}: nothing was told in {BOUND:?}"
        );
        changes
    }

    fn stop(self) {
        self.stopper.stop();
        self.thread.join().unwrap();
    }
}

fn find<'a>(changes: &'a [Change], subject: &str) -> &'a Change {
    let mut found = changes.iter().filter(|change| change.subject == subject);
    found
        .next()
        .unwrap_or_else(|| panic!("{subject}: {changes:#?}"))
}

fn field(change: &Change, name: &str) -> (serde_json::Value, serde_json::Value) {
    let mut fields = change.fields.iter();
    let found = fields.find(|field| field.field == name);
    let found = found.unwrap_or_else(|| panic!("{name}: {change:#?}"));
    (found.before.clone(), found.after.clone())
}
