use std::fs;

use tempfile::TempDir;

use super::*;

const SMALL: Bounds = Bounds {
    segment_bytes: 700,
    total_bytes: 20 << 10,
};

/// One file is enough.
const LARGE: Bounds = Bounds {
    segment_bytes: 1 << 20,
    total_bytes: 2 << 20,
};

fn open_large(folder: &TempDir) -> Spool {
    Spool::open(folder.path(), LARGE, 7).unwrap()
}

fn open(folder: &TempDir) -> Spool {
    Spool::open(folder.path(), SMALL, 7).unwrap()
}

fn entry(number: u64) -> Entry {
    Entry {
        at_unix_ms: 5,
        kind: "told",
        message: format!("event {number}"),
    }
}

/// A controller's store: what it has of each spool.
#[derive(Debug, Default, Clone, PartialEq)]
struct Store(BTreeMap<String, Vec<(String, String)>>);

impl Store {
    /// As the controller does it.
    fn take(&mut self, delivery: v1::DeliverEventsRequest) -> u64 {
        let has = self.0.entry(delivery.spool).or_default();
        for event in delivery.events {
            let next = has.len() as u64 + 1;
            if event.sequence > next && delivery.oldest == event.sequence {
                let lost = ("lost".to_owned(), String::new());
                has.resize(usize::try_from(event.sequence).unwrap() - 1, lost);
            } else if event.sequence > next {
                break;
            }
            if event.sequence > has.len() as u64 {
                has.push((event.kind, event.message));
            }
        }
        has.len() as u64
    }

    fn told(&self) -> Vec<&str> {
        let all = self.0.values().flatten();
        let told = all.filter(|(kind, _)| kind == "told");
        told.map(|(_, message)| message.as_str()).collect()
    }

    fn kinds(&self) -> Vec<&str> {
        self.0
            .values()
            .flatten()
            .map(|(kind, _)| kind.as_str())
            .collect()
    }
}

fn deliver(spool: &mut Spool, store: &mut Store) {
    for _ in 0..1000 {
        let Some(delivery) = spool.delivery().unwrap() else {
            return;
        };
        let name = delivery.spool.clone();
        let acknowledged = store.take(delivery);
        spool.acknowledge(&name, acknowledged, 7).unwrap();
    }
    panic!("it does not come to an end");
}

fn expected(numbers: std::ops::RangeInclusive<u64>) -> Vec<String> {
    numbers.map(|number| format!("event {number}")).collect()
}

fn bytes(folder: &TempDir) -> u64 {
    let files = fs::read_dir(folder.path()).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

#[test]
fn events_are_delivered_once_through_restarts_and_spent_files_go() {
    let folder = TempDir::new().unwrap();
    let mut store = Store::default();
    for round in 0..20 {
        let mut spool = open(&folder);
        for number in 1..=5 {
            spool.record(&[entry(round * 5 + number)], 7).unwrap();
        }
        if round % 3 == 0 {
            deliver(&mut spool, &mut store);
        }
    }
    let mut spool = open(&folder);
    deliver(&mut spool, &mut store);
    assert_eq!(store.told(), expected(1..=100));
    assert_eq!(store.0.len(), 1);
    assert!(
        bytes(&folder) < 2 * SMALL.segment_bytes,
        "{}",
        bytes(&folder)
    );
}

#[test]
fn a_file_cut_at_any_byte_loses_what_was_not_synced_and_nothing_twice() {
    let folder = TempDir::new().unwrap();
    let mut spool = open_large(&folder);
    spool.record(&[entry(1), entry(2)], 7).unwrap();
    let path = spool.active.path().to_owned();
    let synced = spool.active.length;
    let mut delivered = Store::default();
    deliver(&mut spool, &mut delivered);
    spool.record(&[entry(3), entry(4)], 7).unwrap();
    drop(spool);
    let whole = fs::read(&path).unwrap();
    for cut in usize::try_from(synced).unwrap()..=whole.len() {
        for garbage in [&b""[..], b"\0\0\0\0\0", b"\n\n"] {
            let mut torn = whole[..cut].to_vec();
            torn.extend(garbage);
            fs::write(&path, torn).unwrap();
            let mut store = delivered.clone();
            let mut spool = open_large(&folder);
            spool.record(&[entry(5)], 7).unwrap();
            drop(spool);
            deliver(&mut open_large(&folder), &mut store);
            let told = store.told().join(" ").replace("event ", "");
            let all = ["1 2 5", "1 2 3 5", "1 2 3 4 5"];
            assert!(all.contains(&told.as_str()), "cut at {cut}: {told}");
            assert!(!store.kinds().contains(&"lost"), "cut at {cut}");
            assert_eq!(store.0.len(), 1, "cut at {cut}: the same spool");
        }
    }
}

#[test]
fn what_is_cut_off_after_it_was_delivered_is_not_counted_again() {
    let folder = TempDir::new().unwrap();
    let mut spool = open_large(&folder);
    spool.record(&[entry(1), entry(2)], 7).unwrap();
    let copy = fs::read(spool.active.path()).unwrap();
    let path = spool.active.path().to_owned();
    spool.record(&[entry(3), entry(4)], 7).unwrap();
    let mut store = Store::default();
    deliver(&mut spool, &mut store);
    drop(spool);
    fs::write(&path, copy).unwrap();
    let mut spool = open_large(&folder);
    spool.record(&[entry(5)], 7).unwrap();
    deliver(&mut spool, &mut store);
    spool.record(&[entry(6)], 7).unwrap();
    drop(spool);
    let mut spool = open_large(&folder);
    deliver(&mut spool, &mut store);
    let mut told = store.told();
    told.sort_unstable();
    assert_eq!(told, expected(1..=6));
    assert_eq!(store.0.len(), 2, "a spool of another name");
}

#[test]
fn a_crash_between_two_spools_leaves_the_newer() {
    let folder = TempDir::new().unwrap();
    let mut spool = open(&folder);
    let old = (
        spool.active.path().to_owned(),
        fs::read(spool.active.path()).unwrap(),
    );
    spool.record(&[entry(1)], 7).unwrap();
    let name = spool.active.header.spool.clone();
    spool.acknowledge(&name, 99, 7).unwrap();
    let newer = spool.active.header.spool.clone();
    assert_ne!(name, newer);
    drop(spool);
    fs::write(&old.0, old.1).unwrap();
    fs::write(folder.path().join("0000000003-x.events.tmp"), b"half").unwrap();
    let spool = open(&folder);
    assert_eq!(spool.active.header.spool, newer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(spool.active.next, 3, "that it was begun, and the event");
}

#[test]
fn a_store_put_back_from_a_backup_gets_what_is_still_here_and_tells_the_rest() {
    let folder = TempDir::new().unwrap();
    let mut spool = open(&folder);
    let mut store = Store::default();
    deliver(&mut spool, &mut store);
    let mut backup = store.clone();
    for number in 1..=20 {
        spool.record(&[entry(number)], 7).unwrap();
        deliver(&mut spool, &mut store);
    }
    let still_here = spool.oldest();
    assert!(still_here > 2, "some files are gone");
    spool.record(&[entry(21)], 7).unwrap();
    let mut spool = open(&folder);
    deliver(&mut spool, &mut backup);
    let lost = backup
        .kinds()
        .iter()
        .filter(|kind| **kind == "lost")
        .count();
    assert_eq!(lost as u64, still_here - 2);
    assert_eq!(backup.told(), expected(still_here - 1..=21));

    let mut emptied = Store::default();
    spool.record(&[entry(22)], 7).unwrap();
    deliver(&mut spool, &mut emptied);
    assert_eq!(emptied.told().last(), Some(&"event 22"), "while it runs");
}

#[test]
fn a_deleted_spool_is_begun_anew_under_another_name() {
    let folder = TempDir::new().unwrap();
    let mut store = Store::default();
    let mut spool = open(&folder);
    spool.record(&[entry(1)], 7).unwrap();
    deliver(&mut spool, &mut store);
    drop(spool);
    fs::remove_dir_all(folder.path()).unwrap();
    let mut spool = open(&folder);
    spool.record(&[entry(2)], 7).unwrap();
    deliver(&mut spool, &mut store);
    assert_eq!(store.told().len(), 2);
    assert_eq!(store.0.len(), 2);
}

#[test]
fn a_full_spool_says_so_and_then_how_many_it_dropped() {
    let folder = TempDir::new().unwrap();
    let mut spool = open(&folder);
    for number in 1..=400 {
        spool.record(&[entry(number)], 7).unwrap();
    }
    assert!(bytes(&folder) <= SMALL.total_bytes, "{}", bytes(&folder));
    let mut store = Store::default();
    deliver(&mut spool, &mut store);
    let kept = store.told().len() as u64;
    assert!((100..400).contains(&kept), "{kept}");
    assert_eq!(store.told(), expected(1..=kept));
    spool.record(&[entry(401)], 7).unwrap();
    deliver(&mut spool, &mut store);
    let kinds = store.kinds().join(" ");
    assert!(
        kinds.ends_with("told spool_full events_dropped told"),
        "{kinds}"
    );
    assert_eq!(store.told().last(), Some(&"event 401"));
    let all = store.0.values().flatten();
    let dropped = all.filter(|(kind, _)| kind == "events_dropped");
    let dropped: Vec<&String> = dropped.map(|(_, message)| message).collect();
    assert!(
        dropped[0].starts_with(&format!("{} events ", 400 - kept)),
        "{dropped:?}"
    );
}

#[test]
fn what_a_full_spool_dropped_before_a_restart_is_not_forgotten() {
    let folder = TempDir::new().unwrap();
    let mut spool = open(&folder);
    for number in 1..=400 {
        spool.record(&[entry(number)], 7).unwrap();
    }
    drop(spool);
    let mut spool = open(&folder);
    spool.record(&[entry(401)], 7).unwrap();
    let mut store = Store::default();
    deliver(&mut spool, &mut store);
    spool.record(&[entry(402)], 7).unwrap();
    deliver(&mut spool, &mut store);
    let all = store.0.values().flatten();
    let mut dropped = all.filter(|(kind, _)| kind == "events_dropped");
    let (_, message) = dropped.next().unwrap();
    assert!(message.starts_with("1 events "), "{message}");
    assert!(message.contains("others before"), "{message}");
}

#[test]
fn a_damaged_event_leaves_as_one_that_says_so() {
    let folder = TempDir::new().unwrap();
    let mut spool = open(&folder);
    spool.record(&[entry(1), entry(2), entry(3)], 7).unwrap();
    let path = spool.active.path().to_owned();
    drop(spool);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("event 2", "event X")).unwrap();
    let mut store = Store::default();
    deliver(&mut open(&folder), &mut store);
    assert_eq!(
        store.kinds(),
        ["spool_begun", "told", "event_damaged", "told"]
    );
    assert_eq!(store.told(), ["event 1", "event 3"]);
}

#[test]
fn a_missing_file_leaves_as_damaged_events_and_a_damaged_one_is_put_aside() {
    let folder = TempDir::new().unwrap();
    let mut spool = open(&folder);
    for number in 1..=40 {
        spool.record(&[entry(number)], 7).unwrap();
    }
    assert!(spool.older.len() > 1);
    fs::remove_file(spool.older[1].path()).unwrap();
    drop(spool);
    let mut store = Store::default();
    let mut spool = open(&folder);
    deliver(&mut spool, &mut store);
    assert_eq!(store.kinds().len(), 41);
    assert!(store.kinds().contains(&"event_damaged"));
    let newest = spool.active.path().to_owned();
    drop(spool);

    fs::write(&newest, b"no spool").unwrap();
    let mut spool = open(&folder);
    spool.record(&[entry(99)], 7).unwrap();
    deliver(&mut spool, &mut store);
    assert_eq!(store.0.len(), 2, "its sequences are not known any more");
    assert_eq!(
        store
            .told()
            .iter()
            .filter(|told| **told == "event 99")
            .count(),
        1
    );
    assert!(newest.with_added_extension("damaged").exists());
}

#[test]
fn what_cannot_be_written_is_counted() {
    let folder = TempDir::new().unwrap();
    let mut spool = open(&folder);
    spool.bounds.segment_bytes = 1;
    let away = folder.path().with_extension("away");
    fs::rename(folder.path(), &away).unwrap();
    let failed = spool.record(&[entry(1), entry(2)], 7).unwrap_err();
    assert!(failed.to_string().contains("write events"), "{failed}");
    fs::rename(&away, folder.path()).unwrap();
    spool.record(&[entry(3)], 7).unwrap();
    let mut store = Store::default();
    deliver(&mut spool, &mut store);
    assert_eq!(store.kinds(), ["spool_begun", "events_dropped", "told"]);
    assert!(
        store
            .0
            .values()
            .flatten()
            .any(|(_, message)| message.starts_with("2 events "))
    );
}
