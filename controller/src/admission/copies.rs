//! Whether two machines speak as one node: a virtual machine that was copied with the agent's state has its id and key.
//!
//! It is told in the node's log, and nobody is stopped: both have the same key, so that the controller cannot say which
//! one is the copy, and would as likely stop the one that has been there all the time.
//!
//! What proves it: a machine has one boot after the other, and its agent one connection for heartbeats after the other, on which it
//! sends the next heartbeat when it has the answer to the last. It never goes back to an earlier boot or connection. Calls may
//! come late, twice or in another order; so what counts is not when one came, but when its sender was alive for certain: when the connection was
//! made, or the heartbeat before it on the same connection had come. Who was alive before another one and after it, while that one
//! was too, are two.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use muster_proto::v1;
use tokio::time::Instant;

use super::{Admission, AdmissionError};
use crate::peer::Link;
use crate::record::NodeRecord;
use crate::store::Transaction;

/// As many connections and boots of a node are remembered; two that take turns are among them.
const MOST: usize = 4;
/// A machine that was put back to an earlier state goes back to an earlier boot, once. Two go back by turns, within this.
const TOGETHER: Duration = Duration::from_secs(3600);
/// It is told so often at most.
const TOLD_EACH: Duration = Duration::from_secs(3600);

/// What was heard of each node last.
#[derive(Debug, Default)]
pub(super) struct Copies(Mutex<HashMap<String, Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// The one that was heard last comes last.
    talks: Vec<Talk>,
    /// When the newest connection was made that is not remembered any more.
    forgotten: Option<Instant>,
    connections: OneByOne<u64>,
    boots: OneByOne<Vec<u8>>,
    told: Option<Instant>,
}

/// The last heartbeat on a connection.
#[derive(Debug)]
struct Talk {
    link: Link,
    sequence: u64,
    at: Instant,
}

/// What one machine has one of after the other; the one that was heard last comes last.
#[derive(Debug)]
struct OneByOne<K>(Vec<Life<K>>);

#[derive(Debug)]
struct Life<K> {
    key: K,
    /// It was there then.
    begun: Instant,
    /// By then another one had been heard that was there after it.
    followed: Option<Instant>,
    /// It was there again after that.
    came_back: Option<Instant>,
}

/// A sign of life: its sender was alive some time from the one moment to the other.
#[derive(Clone, Copy)]
struct Sign {
    since: Instant,
    until: Instant,
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
        link: Link,
        from: IpAddr,
    ) -> Result<(), AdmissionError> {
        let heard = self.copies.heard(&node.id, beat, link, Instant::now());
        let Some(why) = heard else {
            return Ok(());
        };
        let message = format!(
            "two machines speak as this node: {why} (the last one from {from}); it was copied with its state. Stop the copy, or run `muster reset` on it and let it join by itself; neither is stopped from here, because both have the same key"
        );
        tracing::warn!(node = %node.id, name = %node.name, %from, "two machines speak as one node");
        let event = self.fleet.event(node, "copy_found", message);
        let writes = vec![event];
        Ok(self.fleet.store().commit(Transaction { writes }).await?)
    }
}

impl Copies {
    /// Why a heartbeat cannot be of the machine that was heard before; not each time.
    fn heard(
        &self,
        id: &str,
        beat: &v1::HeartbeatRequest,
        link: Link,
        now: Instant,
    ) -> Option<&'static str> {
        let mut nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !nodes.contains_key(id) {
            nodes.insert(id.to_owned(), Seen::default());
        }
        let seen = nodes.get_mut(id)?;
        let why = seen.heard(beat, link, now)?;
        let was_told = seen.told.is_some_and(|told| now < told + TOLD_EACH);
        if was_told {
            return None;
        }
        seen.told = Some(now);
        Some(why)
    }
}

impl Seen {
    fn heard(
        &mut self,
        beat: &v1::HeartbeatRequest,
        link: Link,
        now: Instant,
    ) -> Option<&'static str> {
        let since = self.alive_since(link, beat.sequence, now)?;
        let sign = Sign { since, until: now };
        let by_turns = self.connections.heard(&link.number, link, sign);
        let alternate = !beat.boot_id.is_empty() && self.boots.heard(&beat.boot_id, link, sign);
        match (alternate, by_turns) {
            (true, _) => Some("heartbeats of two boots alternate"),
            (false, true) => Some("heartbeats come by turns on two connections"),
            (false, false) => None,
        }
    }

    /// Since when its sender was alive at one time for certain. None for a call that came before, or may have: it says
    /// nothing new.
    fn alive_since(&mut self, link: Link, sequence: u64, now: Instant) -> Option<Instant> {
        let mut talks = self.talks.iter();
        let known = talks.position(|talk| talk.link.number == link.number);
        let before = known.map(|at| self.talks.remove(at));
        let (is_new, since) = match &before {
            Some(talk) => (sequence > talk.sequence, talk.at),
            None => (
                self.forgotten.is_none_or(|last| last < link.made),
                link.made,
            ),
        };
        if !is_new {
            self.talks.extend(before);
            return None;
        }
        if let Some(oldest) = make_room(&mut self.talks) {
            self.forgotten = self.forgotten.max(Some(oldest.link.made));
        }
        self.talks.push(Talk {
            link,
            sequence,
            at: now,
        });
        Some(since)
    }
}

impl<K: PartialEq + Clone> OneByOne<K> {
    /// Notes a sign of life that came on `link`. Whether two are there that each came back after the other.
    fn heard(&mut self, key: &K, link: Link, sign: Sign) -> bool {
        let known = self.0.iter().position(|life| life.key == *key);
        let mut own = match known {
            Some(at) => self.0.remove(at),
            None => Life {
                key: key.clone(),
                begun: link.made,
                followed: None,
                came_back: None,
            },
        };
        for other in self.0.iter_mut().filter(|other| other.begun < sign.since) {
            other.followed.get_or_insert(sign.until);
        }
        let is_back = own.followed.is_some_and(|followed| followed < sign.since);
        if is_back {
            own.followed = None;
            own.came_back = Some(sign.until);
        }
        let of_late = |at: Instant| sign.until < at + TOGETHER;
        let others = || self.0.iter().filter_map(|other| other.came_back);
        let are_two = is_back && others().any(of_late);
        make_room(&mut self.0);
        self.0.push(own);
        are_two
    }
}

impl<K> Default for OneByOne<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The oldest goes where there are too many.
fn make_room<T>(list: &mut Vec<T>) -> Option<T> {
    (list.len() >= MOST).then(|| list.remove(0))
}

#[cfg(test)]
mod tests;
