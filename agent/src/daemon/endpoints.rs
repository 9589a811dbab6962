//! Which controller is asked next.

use std::collections::VecDeque;

use super::connect::Target;
use super::random;

/// The controllers to ask, in an order of this node's own.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// What the operator gave: asked as well, whatever controllers tell.
    given: Vec<Target>,
    order: VecDeque<Target>,
}

impl Endpoints {
    /// Those that were given, and those that a controller told.
    pub(crate) fn new(given: Vec<Target>, told: &[String]) -> Self {
        let mut endpoints = Self {
            given,
            order: VecDeque::new(),
        };
        endpoints.hear(told);
        endpoints
    }

    /// A controller told which there are.
    pub(crate) fn hear(&mut self, told: &[String]) {
        let mut all = self.given.clone();
        for text in told {
            match text.parse::<Target>() {
                Ok(target) if !all.contains(&target) => all.push(target),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "a controller told an endpoint that is none");
                }
            }
        }
        random::shuffle(&mut all);
        self.order = all.into();
    }

    /// The next one; after the last the first again. None when none is known.
    pub(crate) fn next(&mut self) -> Option<Target> {
        let next = self.order.pop_front()?;
        self.order.push_back(next.clone());
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_asked_once_a_round() {
        let given = ["c1:1", "c2:1"].map(|text| text.parse().unwrap());
        let told = ["c2:1", "c3:1", "none"].map(str::to_owned);
        let mut endpoints = Endpoints::new(given.to_vec(), &told);
        let mut round = || {
            let mut round: Vec<String> = (0..3)
                .map(|_| endpoints.next().unwrap().to_string())
                .collect();
            round.sort();
            round
        };
        assert_eq!(round(), ["c1:1", "c2:1", "c3:1"]);
        assert_eq!(round(), ["c1:1", "c2:1", "c3:1"]);
        assert_eq!(Endpoints::new(Vec::new(), &[]).next(), None);
    }
}
