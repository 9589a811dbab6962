//! What is written next: events with their sequences, as far as there is room.

use std::io;

use super::Entry;
use super::segment::{self, Record};

/// For the event that says that the spool is full.
const RESERVE_BYTES: u64 = 1024;
/// The spool says no sooner that it has room again, so that it does not say it for each event.
const AGAIN_BYTES: u64 = 8 * RESERVE_BYTES;

pub(super) const FULL: &str = "spool_full";
const DROPPED: &str = "events_dropped";
const IS_FULL: &str =
    "the event spool is full: events from here on are dropped until a controller has taken some";

/// Events that were dropped, and are not told of yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    /// By this agent.
    pub(super) count: u64,
    /// The spool says that it is full.
    pub(super) is_full: bool,
    /// An agent before this one had said so.
    pub(super) is_more: bool,
}

/// Events that are written together.
#[derive(Debug)]
pub(super) struct Draft {
    /// The sequence of the first.
    pub(super) next: u64,
    pub(super) room_bytes: u64,
    pub(super) dropped: Dropped,
    pub(super) records: Vec<Record>,
}

impl Dropped {
    fn in_words(self) -> String {
        let count = self.count;
        let before = match self.is_more {
            true => ", and others before the agent was started again",
            false => "",
        };
        format!("{count} events found no room or could not be written, and were dropped{before}")
    }
}

impl Draft {
    /// Takes one more event, or counts it as dropped.
    pub(super) fn add(&mut self, entry: &Entry, now_unix_ms: i64) -> io::Result<()> {
        if self.dropped != Dropped::default() && self.room_bytes > AGAIN_BYTES {
            let words = self.dropped.in_words();
            if self.push(DROPPED, now_unix_ms, &words, RESERVE_BYTES)? {
                self.dropped = Dropped::default();
            }
        }
        let fits = !self.dropped.is_full
            && self.push(entry.kind, entry.at_unix_ms, &entry.message, RESERVE_BYTES)?;
        if fits {
            return Ok(());
        }
        self.dropped.count += 1;
        if !self.dropped.is_full {
            self.dropped.is_full = self.push(FULL, now_unix_ms, IS_FULL, 0)?;
        }
        Ok(())
    }

    /// Takes a record if `spare_bytes` are left then.
    fn push(&mut self, kind: &str, at: i64, message: &str, spare_bytes: u64) -> io::Result<bool> {
        let sequence = self.next + self.records.len() as u64;
        let record = Record::new(sequence, at, kind, message);
        let bytes = segment::line(&record)?.len() as u64;
        let fits = bytes + spare_bytes <= self.room_bytes;
        if fits {
            self.room_bytes -= bytes;
            self.records.push(record);
        }
        Ok(fits)
    }
}
