//! Whether two machines speak as one node: a virtual machine that was copied with the agent's state has its id and key.
//!
//! It is told in the node's log, and nobody is stopped: both have the same key, so that the controller cannot say which
//! one is the copy, and would as likely stop the one that has been there all the time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use muster_proto::v1;
use tokio::time::Instant;

use super::{Admission, AdmissionError};
use crate::record::NodeRecord;
use crate::store::Transaction;

/// A copy that goes on from the same moment has the same boot id: its numbers come twice. A late heartbeat may, too.
const ODD_NUMBERS: u32 = 3;
/// Within so long.
const WINDOW: Duration = Duration::from_secs(600);
/// An agent that starts anew counts from 1, and its first heartbeats may be lost.
const FIRST_NUMBERS: u64 = 3;
/// It is told so often at most.
const TOLD_EACH: Duration = Duration::from_secs(3600);

/// What was heard of each node last.
#[derive(Debug, Default)]
pub(super) struct Copies(Mutex<HashMap<String, Seen>>);

#[derive(Debug)]
struct Seen {
    boot: Vec<u8>,
    boot_before: Vec<u8>,
    sequence: u64,
    odd: u32,
    odd_since: Instant,
    told: Option<Instant>,
}

impl Admission {
    /// Looks whether a heartbeat can be of the same machine as those before it.
    ///
    /// # Errors
    /// It is not, and that cannot be stored.
    pub async fn look_for_copy(
        &self,
        node: &NodeRecord,
        beat: &v1::HeartbeatRequest,
        from: Option<SocketAddr>,
    ) -> Result<(), AdmissionError> {
        let heard = self.copies.heard(&node.id, beat, Instant::now());
        let Some(why) = heard else {
            return Ok(());
        };
        let from = from.map_or_else(|| "unknown".to_owned(), |from| from.ip().to_string());
        let message = format!(
            "two machines speak as this node: {why} (the last one from {from}); it was copied with its state. Stop the copy, or run `muster reset` on it and let it join by itself; neither is stopped from here, because both have the same key"
        );
        tracing::warn!(node = %node.id, name = %node.name, from, "two machines speak as one node");
        let event = self.fleet.event(node, "copy_found", message);
        let writes = vec![event];
        Ok(self.fleet.store().commit(Transaction { writes }).await?)
    }
}

impl Copies {
    /// Why a heartbeat cannot be of the machine that was heard before; not each time.
    fn heard(&self, id: &str, beat: &v1::HeartbeatRequest, now: Instant) -> Option<&'static str> {
        if beat.boot_id.is_empty() {
            return None;
        }
        let mut nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = nodes.get_mut(id) else {
            nodes.insert(id.to_owned(), Seen::first(beat, now));
            return None;
        };
        let why = seen.heard(beat, now)?;
        let was_told = seen.told.is_some_and(|told| now < told + TOLD_EACH);
        if was_told {
            return None;
        }
        seen.told = Some(now);
        Some(why)
    }
}

impl Seen {
    fn first(beat: &v1::HeartbeatRequest, now: Instant) -> Self {
        Self {
            boot: beat.boot_id.clone(),
            boot_before: Vec::new(),
            sequence: beat.sequence,
            odd: 0,
            odd_since: now,
            told: None,
        }
    }

    fn heard(&mut self, beat: &v1::HeartbeatRequest, now: Instant) -> Option<&'static str> {
        let sequence = std::mem::replace(&mut self.sequence, beat.sequence);
        if beat.boot_id != self.boot {
            // Who was started anew never comes back.
            let came_back = beat.boot_id == self.boot_before;
            self.boot_before = std::mem::replace(&mut self.boot, beat.boot_id.clone());
            return came_back.then_some("heartbeats of two boots alternate");
        }
        if beat.sequence > sequence || beat.sequence <= FIRST_NUMBERS {
            return None;
        }
        if now > self.odd_since + WINDOW {
            (self.odd, self.odd_since) = (0, now);
        }
        self.odd += 1;
        (self.odd >= ODD_NUMBERS).then_some("the numbers of its heartbeats come twice")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said after each of these heartbeats of one node, by boot and number.
    fn said(beats: &[(u8, u64)]) -> Vec<Option<&'static str>> {
        let (copies, start) = (Copies::default(), Instant::now());
        let beats = beats.iter().zip(0..).map(|(&(boot, sequence), second)| {
            let beat = v1::HeartbeatRequest {
                boot_id: vec![boot; 16],
                sequence,
                ..Default::default()
            };
            copies.heard("1", &beat, start + Duration::from_secs(second))
        });
        beats.collect()
    }

    #[test]
    fn reboots_and_restarts_are_no_copies() {
        let beats = [
            (1, 1),
            (1, 2),
            (1, 9),
            (1, 1),
            (1, 2),
            (1, 1),
            (1, 3),
            (2, 1),
            (2, 2),
            (3, 1),
            (3, 2),
            // A late one.
            (3, 9),
            (3, 8),
            (3, 10),
        ];
        assert!(said(&beats).iter().all(Option::is_none));
    }

    #[test]
    fn two_boots_that_alternate_are_told_once() {
        let said = said(&[(1, 5), (2, 1), (1, 6), (2, 2), (1, 7)]);
        let told: Vec<_> = said.iter().flatten().collect();
        assert_eq!(told, [&"heartbeats of two boots alternate"]);
        assert!(said[2].is_some(), "as soon as the first one is back");
    }

    #[test]
    fn numbers_that_come_twice_are_told() {
        let said = said(&[(1, 7), (1, 7), (1, 8), (1, 8), (1, 9), (1, 9)]);
        assert_eq!(said[5], Some("the numbers of its heartbeats come twice"));
        assert!(said[..5].iter().all(Option::is_none));
    }
}
