//! Takes over what nodes saw themselves: each event once and in order, however often it is delivered.
//!
//! A node counts its events in a spool. The store knows how far it is with each spool of a node; what it has is passed over,
//! what would leave a gap is refused, so that the node sends what is missing. Where the node cannot, because it forgot what another
//! state of this store had acknowledged (it was put back from a backup), the gap is told as an event of its own.

use muster_proto::v1;

use crate::record::{EventRecord, Spooled, UnixMs};
use crate::store::{Store, StoreError, Transaction, Write};

/// Events that are taken at a time.
const MOST_EVENTS: usize = 1000;
/// The longest message of an event that is kept.
const LONGEST_MESSAGE: usize = 4096;
const LONGEST_KIND: usize = 64;
/// So often another delivery of the same node may be quicker before it is given up.
const MOST_RACES: usize = 8;

/// Why events are not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// They are not as they have to be.
    #[error("{0}")]
    Delivery(String),
    /// They cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores what is new of a delivery of `node`; how far the store is with that spool then.
///
/// # Errors
/// The delivery is not in order, or cannot be stored.
pub(crate) async fn take(
    store: &dyn Store,
    node: &str,
    delivery: v1::DeliverEventsRequest,
    now: UnixMs,
) -> Result<u64, SpoolError> {
    check(&delivery)?;
    let Some(first) = delivery.events.first().map(|event| event.sequence) else {
        return Ok(store.spooled(node, &delivery.spool).await?);
    };
    for _ in 0..MOST_RACES {
        let stored = store.spooled(node, &delivery.spool).await?;
        let gap = first > stored + 1;
        if gap && delivery.oldest != first {
            // The node has what is between: it goes back to there.
            return Ok(stored);
        }
        let lost = gap.then(|| skip(node, &delivery.spool, stored, first, now));
        let events = delivery
            .events
            .iter()
            .map(|event| write(node, &delivery.spool, event));
        let writes = lost.into_iter().flatten().chain(events).collect();
        match store.commit(Transaction { writes }).await {
            Err(StoreError::Conflict { .. }) => {}
            done => {
                done?;
                return Ok(store.spooled(node, &delivery.spool).await?);
            }
        }
    }
    let what = format!("events of {node}");
    Err(StoreError::Conflict { what }.into())
}

fn check(delivery: &v1::DeliverEventsRequest) -> Result<(), SpoolError> {
    let events = &delivery.events;
    let refused = |problem: String| Err(SpoolError::Delivery(problem));
    if events.len() > MOST_EVENTS {
        return refused(format!("{MOST_EVENTS} events at a time are taken"));
    }
    let fits = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
    // An agent of an earlier release has no name for its spool.
    let is_named = matches!(delivery.spool.len(), 0 | 32);
    if !is_named || !delivery.spool.chars().all(fits) {
        return refused("the spool has to be 32 lower-case hexadecimal digits".to_owned());
    }
    let pairs = events.iter().zip(events.iter().skip(1));
    let in_order = pairs
        .into_iter()
        .all(|(one, next)| one.sequence.checked_add(1) == Some(next.sequence));
    let first = events.first().map_or(1, |event| event.sequence);
    // SQLite's whole numbers are signed, and no node comes near their end.
    if first == 0 || first > u64::from(u32::MAX) << 16 || !in_order {
        return refused("the events have to be counted from 1 without gaps".to_owned());
    }
    Ok(())
}

/// Tells what the store will never have, and goes on after it.
fn skip(node: &str, spool: &str, stored: u64, first: u64, now: UnixMs) -> [Write; 2] {
    let message = format!(
        "events {} to {} of the node's spool are lost: the node has forgotten them after they were acknowledged, so that this \
         controller's data are older than that",
        stored + 1,
        first - 1
    );
    let event = Write::Event {
        node: node.to_owned(),
        event: EventRecord::new(now, "events_lost", message),
    };
    let skip = Write::SkipSpool {
        node: node.to_owned(),
        from: Spooled {
            spool: spool.to_owned(),
            sequence: stored,
        },
        to: first - 1,
    };
    [skip, event]
}

fn write(node: &str, spool: &str, event: &v1::Event) -> Write {
    let message = event.message.chars().take(LONGEST_MESSAGE).collect();
    Write::Event {
        node: node.to_owned(),
        event: EventRecord {
            spooled: Some(Spooled {
                spool: spool.to_owned(),
                sequence: event.sequence,
            }),
            ..EventRecord::new(event.at_unix_ms, &kind(&event.kind), message)
        },
    }
}

/// What a node says is no reason to refuse the event, and with it all that come after: it is made to fit.
fn kind(told: &str) -> String {
    let fits =
        |letter: &char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || *letter == '_';
    let kind: String = told.chars().filter(fits).take(LONGEST_KIND).collect();
    match kind.as_str() {
        "" => "unknown".to_owned(),
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    const SPOOL: &str = "00112233445566778899aabbccddeeff";

    fn delivery(oldest: u64, sequences: std::ops::RangeInclusive<u64>) -> v1::DeliverEventsRequest {
        let event = |sequence| v1::Event {
            sequence,
            at_unix_ms: 5,
            kind: format!("k{sequence}"),
            ..v1::Event::default()
        };
        v1::DeliverEventsRequest {
            events: sequences.map(event).collect(),
            spool: SPOOL.to_owned(),
            oldest,
        }
    }

    async fn told(store: &MemoryStore) -> Vec<String> {
        let events = store.events("n1", 0, 100).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }

    async fn given(store: &MemoryStore, delivery: v1::DeliverEventsRequest) -> u64 {
        take(store, "n1", delivery, 9).await.unwrap()
    }

    #[tokio::test]
    async fn each_event_is_stored_once_and_in_order() {
        let store = MemoryStore::new();
        assert_eq!(given(&store, v1::DeliverEventsRequest::default()).await, 0);
        assert_eq!(given(&store, delivery(1, 1..=3)).await, 3);
        assert_eq!(given(&store, delivery(1, 2..=4)).await, 4);
        assert_eq!(
            given(&store, delivery(3, 4..=4)).await,
            4,
            "acknowledged again"
        );
        assert_eq!(told(&store).await, ["k1", "k2", "k3", "k4"]);
        let mut other = delivery(1, 1..=1);
        other.spool = SPOOL.replace('f', "e");
        assert_eq!(given(&store, other).await, 1);
        assert_eq!(told(&store).await, ["k1", "k2", "k3", "k4", "k1"]);
    }

    #[tokio::test]
    async fn a_gap_is_asked_for_and_told_where_nobody_can_fill_it() {
        let store = MemoryStore::new();
        given(&store, delivery(1, 1..=2)).await;
        assert_eq!(
            given(&store, delivery(1, 5..=6)).await,
            2,
            "the node has 3 and 4"
        );
        assert_eq!(
            given(&store, delivery(0, 5..=6)).await,
            2,
            "it does not say"
        );
        assert_eq!(told(&store).await, ["k1", "k2"]);
        assert_eq!(given(&store, delivery(5, 5..=6)).await, 6);
        assert_eq!(given(&store, delivery(5, 5..=6)).await, 6);
        assert_eq!(told(&store).await, ["k1", "k2", "events_lost", "k5", "k6"]);
        let events = store.events("n1", 2, 1).await.unwrap();
        assert!(events[0].message.contains("3 to 4"), "{events:?}");
    }

    #[tokio::test]
    async fn what_is_out_of_order_is_refused_and_odd_words_are_not() {
        let store = MemoryStore::new();
        let mut mixed = delivery(1, 1..=3);
        mixed.events.swap(0, 1);
        let huge = delivery(1, u64::MAX..=u64::MAX);
        let many = delivery(1, 1..=1001);
        let mut nameless = delivery(1, 1..=1);
        nameless.spool = "x".to_owned();
        for refused in [mixed, delivery(0, 0..=1), huge, many, nameless] {
            let refused = take(&store, "n1", refused, 9).await.unwrap_err();
            assert!(matches!(refused, SpoolError::Delivery(_)), "{refused}");
        }
        let mut odd = delivery(1, 1..=2);
        odd.events[0].kind = "Status Changed\n\u{1b}[2J".to_owned();
        odd.events[1].kind = String::new();
        odd.events[1].message = "x".repeat(9000);
        given(&store, odd).await;
        assert_eq!(told(&store).await, ["tatushanged2", "unknown"]);
        let events = store.events("n1", 1, 1).await.unwrap();
        assert_eq!(events[0].message.len(), LONGEST_MESSAGE);
    }
}
