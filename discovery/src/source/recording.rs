//! What was asked of a host and what it answered.

use std::collections::BTreeMap;

use muster_model::Origin;

use super::{Answer, Request};
use crate::Fault;

/// Requests with their answers, in a fixed order.
///
/// Of two answers to one request the first stands, and whoever recorded was given that one both
/// times: what a replay answers is exactly what the probes saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    origin: Option<Origin>,
    scrubbed: bool,
    answers: BTreeMap<Request, Answer>,
}

impl Recording {
    /// An empty recording of such a host.
    pub fn of(origin: Origin) -> Self {
        Self {
            origin: Some(origin),
            ..Self::default()
        }
    }

    /// Keeps an answer; the first one to a request stands.
    pub fn keep(&mut self, request: Request, answer: Answer) {
        self.answers.entry(request).or_insert(answer);
    }

    /// Keeps an answer, and gives back the one that stands.
    pub(super) fn settle(&mut self, request: Request, answer: Answer) -> Answer {
        self.answers.entry(request).or_insert(answer).clone()
    }

    /// The answer that was given to `request`.
    ///
    /// # Errors
    /// The fault that was recorded; [`Fault::NotAsked`] when the request is not in the recording.
    pub fn answer(&self, request: &Request) -> Answer {
        self.answers
            .get(request)
            .cloned()
            .unwrap_or(Err(Fault::NotAsked))
    }

    /// Every request with its answer.
    pub fn iter(&self) -> impl Iterator<Item = (&Request, &Answer)> {
        self.answers.iter()
    }

    /// How many requests it holds.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// What kind of host was recorded; `None` where that is unknown.
    pub fn origin(&self) -> Option<Origin> {
        self.origin
    }

    /// Whether identities were replaced by [`crate::capture::scrub`].
    pub fn is_scrubbed(&self) -> bool {
        self.scrubbed
    }

    /// Marks it as scrubbed or not.
    pub(crate) fn set_scrubbed(&mut self, scrubbed: bool) {
        self.scrubbed = scrubbed;
    }

    /// An empty recording of the same kind of host.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            answers: BTreeMap::new(),
            ..*self
        }
    }
}
