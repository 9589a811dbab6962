//! What takes a running machine: plugging while it is watched, and capturing it.

use std::process::Command;

use muster_model::change::{Change, ChangeKind};
use muster_tests::ledger::Ledger;
use muster_tests::metal::{Guest, Monitor};
use muster_tests::program::muster;
use serde_json::json;

const PLUGGED_MAC: &str = "52:54:00:04:17:99";
const PLUGGED_SERIAL: &str = "HOT-0417";
/// From the event to the line.
const LATENCY: f64 = 1.0;
/// A line that has not come after so long does not come.
const PATIENCE_S: u32 = 30;
/// Watches, and lets the kernel and udev say their events as well; each line gets the time in the
/// guest at which it came out. Ends when the program has read the machine and waits for what happens.
const WATCH: &str = "
    stamp() { while read -r line; do echo \"$EPOCHREALTIME $line\"; done; }
    (stdbuf -oL udevadm monitor --kernel --udev | stamp >/run/lab/events) >/dev/null 2>&1 &
    mkfifo /run/lab/pipe
    stamp </run/lab/pipe >/run/lab/watch 2>/dev/null &
    muster discover --watch >/run/lab/pipe 2>/run/lab/watch.err &
    for _ in $(seq 150); do
        sleep 0.2
        grep -q poll /proc/$!/wchan && exit 0
    done
    exit 1";

/// A scrubbed capture, taken there: it holds no secret and replays to the same bytes there and here.
pub(crate) fn capture(guest: &mut Guest) -> Ledger {
    let mut ledger = Ledger::new("a scrubbed capture, replayed there and here");
    let taken = guest.run("cd /run/lab && muster discover -q --capture metal.tar.zst --scrub");
    ledger.same("captured", (taken.code, taken.stderr.as_str()), (0, ""));
    let archive = guest.run("cat /run/lab/metal.tar.zst").stdout;
    super::keep("metal.tar.zst", &archive);
    let there = guest
        .run("muster discover --replay /run/lab/metal.tar.zst -o json")
        .stdout;
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("metal/metal.tar.zst");
    let here = Command::new(muster())
        .args(["discover", "-o", "json", "--replay"])
        .arg(&file)
        .output()
        .expect("muster runs");
    super::keep("replayed.json", &here.stdout);
    ledger.same("replays", here.status.code(), Some(0));
    ledger.same("the same bytes there and here", here.stdout == there, true);
    let text = String::from_utf8_lossy(&here.stdout).into_owned();
    for (name, secret) in [
        ("system serial", "GX22-000417"),
        ("NIC", "52:54:00:04:17:01"),
        ("disk", "Z4A00417"),
        ("uuid", "7c1f5f5c-3c36"),
    ] {
        ledger.same(&format!("{name} is scrubbed"), text.contains(secret), false);
    }
    ledger.same("something is left", text.contains("ST1200MM0088"), true);
    ledger
}

/// Plugs an interface and a disk in and out while `muster discover --watch` runs.
pub(crate) fn plugging(guest: &mut Guest, monitor: &mut Monitor) -> Vec<Ledger> {
    guest.succeed(WATCH);
    let mut ledger = Ledger::new("plugged in and pulled out, while watched");
    let mut plug = |guest: &mut Guest,
                    what: &str,
                    command: &str,
                    arguments: serde_json::Value,
                    section: &str,
                    kind: ChangeKind| {
        let before = lines(guest).len();
        monitor
            .execute(command, &arguments)
            .expect("the monitor plugs");
        let change = await_change(guest, before, section, kind);
        ledger.same(&format!("{what}: a line"), change.is_some(), true);
        if let Some((at, change)) = change {
            let event = first_event(guest, &change.subject, kind);
            let late = event.map(|event| at - event);
            ledger.same(
                &format!("{what}: within a second of the event"),
                late.is_some_and(|late| late < LATENCY),
                true,
            );
            eprintln!("{what}: {} after {late:?} s", change.subject);
        }
    };
    let nic = json!({ "driver": "e1000e", "id": "hotnic", "bus": "spare1", "mac": PLUGGED_MAC });
    plug(
        guest,
        "interface in",
        "device_add",
        nic,
        "network",
        ChangeKind::Added,
    );
    let disk = json!({ "driver": "virtio-blk-pci", "id": "hotdisk", "bus": "spare2", "drive": "hot", "serial": PLUGGED_SERIAL });
    plug(
        guest,
        "interface out",
        "device_del",
        json!({ "id": "hotnic" }),
        "network",
        ChangeKind::Removed,
    );
    plug(
        guest,
        "disk in",
        "device_add",
        disk,
        "disks",
        ChangeKind::Added,
    );
    plug(
        guest,
        "disk out",
        "device_del",
        json!({ "id": "hotdisk" }),
        "disks",
        ChangeKind::Removed,
    );
    let watched = guest
        .run("cat /run/lab/watch; cat /run/lab/watch.err")
        .stdout;
    super::keep("watch.txt", &watched);
    vec![ledger]
}

fn lines(guest: &mut Guest) -> Vec<(f64, Change)> {
    let text = guest.run("cat /run/lab/watch").stdout;
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(at, line)| Some((at.parse().ok()?, serde_json::from_str(line).ok()?)))
        .collect()
}

fn await_change(
    guest: &mut Guest,
    skip: usize,
    section: &str,
    kind: ChangeKind,
) -> Option<(f64, Change)> {
    let action = action(kind);
    guest.run(&format!(
        "end=$((SECONDS + {PATIENCE_S}))
        while [ $SECONDS -lt $end ]; do
            tail -n +{} /run/lab/watch |
                grep -q '\"section\":\"{section}\".*\"kind\":\"{action}' && break
            sleep 0.1
        done",
        skip + 1
    ));
    lines(guest)
        .into_iter()
        .skip(skip)
        .find(|(_, change)| change.section == section && change.kind == kind)
}

/// When udev was done with the first event that this device came or went, in the guest's time; when
/// the kernel told of it, where it bore this name only until udev gave it another.
fn first_event(guest: &mut Guest, subject: &str, kind: ChangeKind) -> Option<f64> {
    let text = guest.run("cat /run/lab/events").stdout;
    let text = String::from_utf8_lossy(&text);
    let first = |teller: &str| {
        text.lines()
            .filter(|line| line.contains(teller) && line.contains(&format!("/{subject} (")))
            .find(|line| line.split_whitespace().any(|word| word == action(kind)))
            .and_then(|line| line.split(' ').next()?.parse().ok())
    };
    first("UDEV").or_else(|| first("KERNEL"))
}

/// As udev calls it; for what comes and goes, what the program says begins alike.
fn action(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "add",
        ChangeKind::Removed => "remove",
        ChangeKind::Renamed => "move",
        ChangeKind::Changed => "change",
    }
}
