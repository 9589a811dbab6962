//! What was asked of a host and what it answered.

use std::collections::BTreeMap;

use super::{Answer, Request};
use crate::Fault;

/// Requests with their answers, in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    answers: BTreeMap<Request, Answer>,
}

impl Recording {
    /// Keeps an answer; the first one to a request stands, as the probes saw that one first.
    pub fn keep(&mut self, request: Request, answer: Answer) {
        self.answers.entry(request).or_insert(answer);
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
}
