//! Events on disk, until a controller has them.
//!
//! Map: `segment` is one file, `folder` finds them, `draft` says what finds room; this file counts through them.
//!
//! Invariants: an event has its sequence once it is synced, and never another; a sequence is never given twice, whatever crashes; what
//! leaves the spool has no gaps (an event that is damaged on disk leaves as one that says so); nothing is lost silently: a full
//! spool says so in its last event, and then how many it dropped.
//!
//! The newest events are dropped when it is full, not the oldest: what came first explains the rest, and what is on disk never changes.
//! A spool has a random name. It is left for a new one when a controller has more of it than there is here: it was put back from a copy then,
//! and the sequences that come next are taken.

mod draft;
mod folder;
mod segment;
#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "the agent's own files, not the host"
)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use muster_proto::v1;

use self::draft::{Draft, Dropped, FULL};
use self::segment::{Header, Record, Segment};
use super::random;
use super::state::{StateError, files};

/// Of one delivery.
const BATCH_EVENTS: usize = 200;
const BEGUN: &str = "spool_begun";
const DAMAGED: &str = "event_damaged";

/// How large a spool may become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Of one file, about.
    pub(crate) segment_bytes: u64,
    /// Of all.
    pub(crate) total_bytes: u64,
}

/// Some ten thousand events.
pub(crate) const BOUNDS: Bounds = Bounds {
    segment_bytes: 256 << 10,
    total_bytes: 2 << 20,
};

/// An event before it has its sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Milliseconds since 1970.
    pub(crate) at_unix_ms: i64,
    /// In snake_case.
    pub(crate) kind: &'static str,
    /// For people.
    pub(crate) message: String,
}

/// The open spool of this node.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    bounds: Bounds,
    /// Files that are full, by their first event.
    older: Vec<Segment>,
    /// Where new events go.
    active: Segment,
    /// How far the controllers are, as far as is known here.
    acknowledged: u64,
    /// Before a controller said how far it is: the last event when the spool was opened. None has more.
    opened_at: Option<u64>,
    dropped: Dropped,
}

impl Spool {
    /// Opens the spool in `folder`, or begins one there. What a crash left is repaired.
    pub(crate) fn open(
        folder: &Path,
        bounds: Bounds,
        now_unix_ms: i64,
    ) -> Result<Self, StateError> {
        files::make_folder(folder)?;
        let opened = Self::try_open(folder, bounds, now_unix_ms);
        opened.map_err(|source| files::failed("open the event spool in", folder, source))
    }

    fn try_open(folder: &Path, bounds: Bounds, now_unix_ms: i64) -> io::Result<Self> {
        let mut found = folder::find(folder)?;
        let active = match found.segments.pop() {
            Some(active) if !found.is_damaged => active,
            leftover => {
                let why = match found.is_damaged {
                    true => "the spool before is damaged: what was not delivered of it is lost",
                    false => "no event was kept before",
                };
                let begun = Record::new(1, now_unix_ms, BEGUN, why);
                let active = begin(folder, found.generation + 1, &[begun])?;
                found.segments.extend(leftover);
                folder::remove(&mut found.segments)?;
                active
            }
        };
        let last = active.records()?.pop();
        let is_full = last.is_some_and(|record| record.kind == FULL);
        let mut spool = Self {
            folder: folder.to_owned(),
            bounds,
            older: found.segments,
            opened_at: Some(active.next - 1),
            active,
            acknowledged: 0,
            dropped: Dropped {
                count: 0,
                is_full,
                is_more: is_full,
            },
        };
        spool.acknowledged = spool.oldest() - 1;
        Ok(spool)
    }

    /// Keeps events: they are on disk when this returns. Those that find no room, or cannot be written, are counted, and told of when
    /// that is possible again.
    pub(crate) fn record(&mut self, entries: &[Entry], now_unix_ms: i64) -> Result<(), StateError> {
        let recorded = self.try_record(entries, now_unix_ms);
        if recorded.is_err() {
            self.dropped.count += entries.len() as u64;
        }
        recorded.map_err(|source| files::failed("write events to", &self.folder, source))
    }

    /// So many events did not even get here.
    pub(crate) fn missed(&mut self, count: u64) {
        self.dropped.count += count;
    }

    fn try_record(&mut self, entries: &[Entry], now_unix_ms: i64) -> io::Result<()> {
        let used: u64 = self.segments().map(|segment| segment.length).sum();
        let mut draft = Draft {
            next: self.active.next,
            room_bytes: self.bounds.total_bytes.saturating_sub(used),
            dropped: self.dropped,
            records: Vec::new(),
        };
        for entry in entries {
            draft.add(entry, now_unix_ms)?;
        }
        if self.active.length < self.bounds.segment_bytes {
            self.active.append(&draft.records)?;
        } else {
            let next = self.follow(&draft.records)?;
            self.older.push(std::mem::replace(&mut self.active, next));
        }
        self.dropped = draft.dropped;
        Ok(())
    }

    /// The file after the active one.
    fn follow(&self, records: &[Record]) -> io::Result<Segment> {
        let header = &self.active.header;
        let header = Header::new(header.spool.clone(), header.generation, self.active.next);
        Segment::create(&self.folder, header, records)
    }

    /// What has to be sent next; none when the controllers have everything. Without events, it only asks how far they are.
    pub(crate) fn delivery(&self) -> Result<Option<v1::DeliverEventsRequest>, StateError> {
        let next = self.acknowledged + 1;
        let asks = self.opened_at.is_some();
        if !asks && next >= self.active.next {
            return Ok(None);
        }
        let events = match asks {
            true => Vec::new(),
            false => self
                .events_from(next)
                .map_err(|source| files::failed("read events in", &self.folder, source))?,
        };
        Ok(Some(v1::DeliverEventsRequest {
            events,
            spool: self.active.header.spool.clone(),
            oldest: self.oldest(),
        }))
    }

    /// Up to [`BATCH_EVENTS`] events of the file that has `next`.
    fn events_from(&self, next: u64) -> io::Result<Vec<v1::Event>> {
        let followers = self.segments().skip(1).map(|segment| segment.header.first);
        let ends = followers.chain([self.active.next]);
        let Some((segment, end)) = self.segments().zip(ends).find(|(_, end)| next < *end) else {
            return Ok(Vec::new());
        };
        let records = segment.records()?.into_iter();
        let mut records: BTreeMap<u64, Record> =
            records.map(|record| (record.sequence, record)).collect();
        let mut at = records.values().next().map_or(0, |first| first.at_unix_ms);
        let events = (next..end).take(BATCH_EVENTS).map(|sequence| {
            let damaged = || {
                Record::new(
                    sequence,
                    at,
                    DAMAGED,
                    "this event is damaged on the node's disk",
                )
            };
            let record = records.remove(&sequence).unwrap_or_else(damaged);
            at = record.at_unix_ms;
            record.into_event()
        });
        Ok(events.collect())
    }

    /// A controller has the events of `spool` up to `acknowledged`.
    pub(crate) fn acknowledge(
        &mut self,
        spool: &str,
        acknowledged: u64,
        now_unix_ms: i64,
    ) -> Result<(), StateError> {
        if spool != self.active.header.spool {
            return Ok(());
        }
        let done = self.try_acknowledge(acknowledged, now_unix_ms);
        done.map_err(|source| files::failed("trim the event spool in", &self.folder, source))
    }

    fn try_acknowledge(&mut self, acknowledged: u64, now_unix_ms: i64) -> io::Result<()> {
        let possible = self.opened_at.unwrap_or(self.active.next - 1);
        if acknowledged > possible {
            let kept_after = self.opened_at.unwrap_or(self.acknowledged);
            return self.begin_again(kept_after, now_unix_ms);
        }
        self.opened_at = None;
        // Less than before, when the controller's store was put back from a backup: it gets what there still is.
        self.acknowledged = acknowledged.max(self.oldest() - 1);
        let is_all = self.acknowledged + 1 == self.active.next;
        if is_all && self.active.length > self.bounds.segment_bytes / 2 {
            let next = self.follow(&[])?;
            self.older.push(std::mem::replace(&mut self.active, next));
        }
        let followers = self.segments().skip(1).map(|segment| segment.header.first);
        let spent = followers.take_while(|first| *first <= self.acknowledged + 1);
        let spent = spent.count();
        folder::remove(&mut self.older.drain(..spent).collect())
    }

    /// Leaves this spool for a new one, with what came after `kept_after`: the controllers have other events under these sequences.
    fn begin_again(&mut self, kept_after: u64, now_unix_ms: i64) -> io::Result<()> {
        tracing::warn!("the event spool was put back from a copy: a new one is begun");
        let why = "the spool before was put back from a copy: a controller has more of it than there is here";
        let mut records = vec![Record::new(1, now_unix_ms, BEGUN, why)];
        for segment in self.segments() {
            let late = segment.records()?.into_iter();
            let late = late.filter(|record| record.sequence > kept_after);
            for record in late {
                let sequence = records.len() as u64 + 1;
                records.push(Record { sequence, ..record });
            }
        }
        let new = begin(&self.folder, self.active.header.generation + 1, &records)?;
        self.older.push(std::mem::replace(&mut self.active, new));
        self.opened_at = None;
        self.acknowledged = 0;
        folder::remove(&mut self.older)
    }

    /// The first event that is still here.
    fn oldest(&self) -> u64 {
        let first = self.older.first().unwrap_or(&self.active);
        first.header.first
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.older.iter().chain([&self.active])
    }
}

/// The first file of a new spool.
fn begin(folder: &Path, generation: u64, records: &[Record]) -> io::Result<Segment> {
    let spool = random::id().map_err(io::Error::other)?;
    Segment::create(folder, Header::new(spool, generation, 1), records)
}
