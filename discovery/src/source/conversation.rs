//! Requests that may hang: within a deadline, and with the devices that they have in common.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ask::SharedDevices;
use super::{Answer, Backend, Request, Source};

/// Questions to one device, one after the other: see [`Source::conversation`].
pub struct Conversation<'a> {
    source: &'a Source,
    until: Instant,
    devices: SharedDevices,
}

impl Conversation<'_> {
    /// Asks the next ones, in their order.
    pub fn ask(&self, requests: Vec<Request>) -> Vec<Answer> {
        let devices = || Arc::clone(&self.devices);
        let answers = self.source.answers(self.until, vec![requests], devices);
        answers.into_iter().flatten().collect()
    }
}

impl Source {
    /// Groups of requests that may hang: the groups side by side, each in its order, all within
    /// `deadline`. What has not come by then is [`TimedOut`](crate::Fault::TimedOut).
    pub fn within(&self, deadline: Duration, groups: Vec<Vec<Request>>) -> Vec<Vec<Answer>> {
        self.answers(Instant::now() + deadline, groups, SharedDevices::default)
    }

    /// Requests that may hang, of which each may depend on earlier answers: all within `deadline`,
    /// and what was opened for one stays open for the next.
    pub fn conversation(&self, deadline: Duration) -> Conversation<'_> {
        Conversation {
            source: self,
            until: Instant::now() + deadline,
            devices: SharedDevices::default(),
        }
    }

    fn answers(
        &self,
        until: Instant,
        groups: Vec<Vec<Request>>,
        devices: impl Fn() -> SharedDevices,
    ) -> Vec<Vec<Answer>> {
        let answers = match &self.backend {
            Backend::Tree(tree) => self.pool.run(tree, until, &groups, devices),
            Backend::Replay(recording) => groups
                .iter()
                .map(|group| {
                    group
                        .iter()
                        .map(|request| recording.answer(request))
                        .collect()
                })
                .collect(),
        };
        if self.recording.is_none() {
            return answers;
        }
        let settle = |(group, answers): (Vec<Request>, Vec<Answer>)| {
            let pairs = group.into_iter().zip(answers);
            pairs
                .map(|(request, answer)| self.settle(|| request, answer))
                .collect()
        };
        groups.into_iter().zip(answers).map(settle).collect()
    }
}
