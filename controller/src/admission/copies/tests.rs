//! One machine is never taken for two, whatever the network does to its calls; two are found.

use proptest::prelude::*;

use super::*;

const BOOTS: &str = "heartbeats of two boots alternate";
const TURNS: &str = "heartbeats come by turns on two connections";

/// A heartbeat as it comes, by seconds since the beginning.
#[derive(Debug, Clone, Copy)]
struct Call {
    comes: u64,
    connection: u64,
    made: u64,
    boot: u8,
    sequence: u64,
}

fn said(calls: &[Call]) -> Vec<&'static str> {
    let (copies, start) = (Copies::default(), Instant::now());
    let at = |second| start + Duration::from_secs(second);
    let told = calls.iter().filter_map(|call| {
        let beat = v1::HeartbeatRequest {
            boot_id: vec![call.boot; 16],
            sequence: call.sequence,
            ..Default::default()
        };
        let link = Link {
            number: call.connection,
            made: at(call.made),
        };
        copies.heard("1", &beat, link, at(call.comes))
    });
    told.collect()
}

/// `(comes, connection, made, boot, sequence)`
fn calls(table: &[(u64, u64, u64, u8, u64)]) -> Vec<Call> {
    let calls = table.iter();
    calls
        .map(|&(comes, connection, made, boot, sequence)| Call {
            comes,
            connection,
            made,
            boot,
            sequence,
        })
        .collect()
}

#[test]
fn late_and_reordered_calls_are_no_copy() {
    // Three answers get lost in ten minutes; each call comes after those on the next connection.
    let late = [
        (10, 1, 1, 1, 1),
        (40, 2, 30, 1, 3),
        (41, 1, 1, 1, 2),
        (50, 2, 30, 1, 4),
        (80, 3, 70, 1, 6),
        (81, 2, 30, 1, 5),
        (90, 3, 70, 1, 7),
        (120, 4, 110, 1, 9),
        (121, 3, 70, 1, 8),
        (130, 4, 110, 1, 10),
    ];
    assert_eq!(said(&calls(&late)), [""; 0]);
    // They come one after the other, out of order, and twice.
    let reordered = [
        (100, 4, 90, 1, 9),
        (101, 2, 30, 1, 5),
        (102, 3, 60, 1, 7),
        (103, 1, 1, 1, 2),
        (104, 2, 30, 1, 5),
        (105, 3, 60, 1, 7),
        (106, 4, 90, 1, 10),
        (107, 1, 1, 1, 2),
        (108, 3, 60, 1, 7),
        (116, 4, 90, 1, 11),
    ];
    assert_eq!(said(&calls(&reordered)), [""; 0]);
}

#[test]
fn one_machine_that_starts_anew_or_goes_back_to_a_snapshot_is_no_copy() {
    let reboots = [
        (10, 1, 1, 1, 1),
        (20, 1, 1, 1, 2),
        (60, 2, 50, 2, 1),
        (61, 1, 1, 1, 3),
        (70, 2, 50, 2, 2),
        (100, 3, 90, 2, 1),
        (150, 4, 140, 3, 1),
    ];
    assert_eq!(said(&calls(&reboots)), [""; 0]);
    let snapshots = [
        (10, 1, 1, 1, 1),
        (60, 2, 50, 2, 1),
        (110, 3, 100, 1, 5),
        (160, 4, 150, 3, 1),
        (210, 5, 200, 1, 5),
    ];
    assert_eq!(said(&calls(&snapshots)), [""; 0]);
}

#[test]
fn two_with_one_boot_are_told_once_by_their_connections() {
    let rounds = (0..20).flat_map(|round| {
        let sequence = 7 + round;
        let comes = 10 + 10 * round;
        [(comes, 1, 1, 1, sequence), (comes + 5, 2, 2, 1, sequence)]
    });
    let rounds: Vec<_> = rounds.collect();
    assert_eq!(said(&calls(&rounds[..5])), [""; 0]);
    assert_eq!(said(&calls(&rounds[..6])), [TURNS], "in the third round");
    assert_eq!(said(&calls(&rounds)), [TURNS]);
}

#[test]
fn two_that_connect_anew_each_time_are_told_by_their_boots() {
    let rounds = (0..4).flat_map(|round| {
        let comes = 10 + 10 * round;
        [
            (comes, 2 * round, comes - 1, 1, 7 + round),
            (comes + 5, 2 * round + 1, comes + 4, 2, 1 + round),
        ]
    });
    assert_eq!(said(&calls(&rounds.collect::<Vec<_>>())), [BOOTS]);
}

/// What one machine goes through with one connection.
#[derive(Debug, Clone)]
struct Spell {
    /// After the last one ended, in seconds.
    pause: u64,
    answered: u64,
    /// How much later than it was sent the last one comes, if it does; its answer is not waited for.
    stuck: Option<u64>,
    reboots: bool,
    /// Comes a second time, after so long.
    again: Option<u64>,
}

fn spell() -> impl Strategy<Value = Spell> {
    let some = |most| proptest::option::of(1..most);
    (
        1..60_u64,
        0..6_u64,
        some(300_u64),
        any::<bool>(),
        some(300_u64),
    )
        .prop_map(|(pause, answered, stuck, reboots, again)| Spell {
            pause,
            answered,
            stuck,
            reboots,
            again,
        })
}

/// All that comes of one machine, whose connections have the numbers from `first` on.
fn life(spells: &[Spell], first: u64) -> Vec<Call> {
    let (mut now, mut boot, mut sequence) = (1, 1, 0);
    let mut calls = Vec::new();
    for (spell, connection) in spells.iter().zip(first..) {
        now += spell.pause;
        if spell.reboots {
            (boot, sequence) = (boot + 1, 0);
        }
        let made = now;
        let call = |comes, sequence| Call {
            comes,
            connection,
            made,
            boot,
            sequence,
        };
        for _ in 0..spell.answered {
            now += 10;
            sequence += 1;
            calls.push(call(now, sequence));
        }
        let again = spell.again.filter(|_| spell.answered > 0);
        calls.extend(again.map(|later| call(now + later, sequence)));
        if let Some(later) = spell.stuck {
            now += 10;
            sequence += 1;
            calls.push(call(now + later, sequence));
        }
    }
    calls
}

proptest! {
    #[test]
    fn one_machine_is_never_taken_for_two(spells in prop::collection::vec(spell(), 1..30)) {
        let mut calls = life(&spells, 0);
        calls.sort_by_key(|call| call.comes);
        prop_assert_eq!(said(&calls), [""; 0]);
    }

    #[test]
    fn two_that_are_heard_for_three_rounds_are_told(
        spells in prop::collection::vec(spell(), 0..10),
        apart in 1..9_u64,
        boot in 1..3_u8,
    ) {
        let mut calls = life(&spells, 0);
        let start = calls.iter().map(|call| call.comes).max().unwrap_or(0) + 300;
        for round in 0..3 {
            for (connection, boot, delay) in [(900, 1, 0), (901, boot, apart)] {
                calls.push(Call {
                    comes: start + 10 + 10 * round + delay,
                    connection,
                    made: start + connection - 900,
                    boot: boot + 100,
                    sequence: 500 + round,
                });
            }
        }
        calls.sort_by_key(|call| call.comes);
        prop_assert_eq!(said(&calls).len(), 1);
    }
}
