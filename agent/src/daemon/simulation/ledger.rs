//! What happened, and whether a promise was broken.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// The story of one seed.
#[derive(Debug)]
pub(super) struct Ledger {
    start: Instant,
    is_told: bool,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    broken: Option<String>,
    story: DefaultHasher,
    steps: u64,
}

/// How a seed went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Story {
    /// The first promise that was broken.
    pub(super) broken: Option<String>,
    /// The same story has the same.
    pub(super) hash: u64,
    pub(super) steps: u64,
    /// From the end of the faults until all nodes were active; none when they were not in time.
    pub(super) back_after: Option<Duration>,
}

impl Ledger {
    /// The story is printed when it `is_told`.
    pub(super) fn new(is_told: bool) -> Self {
        Self {
            start: Instant::now(),
            is_told,
            book: Mutex::default(),
        }
    }

    /// Something happened.
    pub(super) fn note(&self, what: fmt::Arguments<'_>) {
        let at = self.start.elapsed();
        if self.is_told {
            println!("{:9.3} {what}", at.as_secs_f64());
        }
        let mut book = self.book.lock().unwrap();
        (at, what.to_string()).hash(&mut book.story);
        book.steps += 1;
    }

    /// It must not have happened.
    pub(super) fn broken(&self, what: fmt::Arguments<'_>) {
        self.note(format_args!("BROKEN: {what}"));
        let at = self.start.elapsed().as_secs_f64();
        let mut book = self.book.lock().unwrap();
        book.broken
            .get_or_insert_with(|| format!("at {at:.3} s: {what}"));
    }

    pub(super) fn story(&self, back_after: Option<Duration>) -> Story {
        let book = self.book.lock().unwrap();
        Story {
            broken: book.broken.clone(),
            hash: book.story.finish(),
            steps: book.steps,
            back_after,
        }
    }
}
