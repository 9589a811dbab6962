//! Which controller is asked next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::clock::now_unix_ms;
use super::random;
use super::state::Targets;
use crate::value::Target;

/// The controllers to ask, in an order of this node's own. Clones share one list.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    list: Arc<Mutex<List>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct List {
    /// What the configuration or a flag gave: asked as well, whatever controllers tell.
    given: Vec<Target>,
    /// What controllers told.
    told: Vec<Target>,
    /// What `muster connect` and `muster forget` said.
    kept: Targets,
    order: VecDeque<Target>,
    tries: BTreeMap<String, Tries>,
}

/// How connecting to a controller went since the agent started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tries {
    pub(crate) attempts: u64,
    pub(crate) failures: u64,
    /// Milliseconds since 1970.
    pub(crate) last_unix_ms: Option<i64>,
    /// Why the last one failed; none when it did not.
    pub(crate) error: Option<String>,
}

/// A controller to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) target: Target,
    pub(crate) origin: Origin,
    pub(crate) tries: Tries,
}

/// From where a controller is known.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// The configuration, a variable or a flag.
    Configuration,
    /// `muster connect`.
    Connect,
    /// A controller told it.
    Controller,
}

impl Endpoints {
    /// Those that were given, and those that a controller told.
    pub(crate) fn new(given: Vec<Target>, told: &[String]) -> Self {
        let list = List {
            given,
            ..List::default()
        };
        let endpoints = Self {
            list: Arc::new(Mutex::new(list)),
            changed: Arc::default(),
        };
        endpoints.hear(told);
        endpoints
    }

    /// And those that the operator added and did not forget.
    pub(crate) fn with(self, kept: Targets) -> Self {
        let mut list = self.list();
        list.kept = kept;
        list.arrange();
        drop(list);
        self
    }

    /// A controller told which there are.
    pub(crate) fn hear(&self, told: &[String]) {
        let mut list = self.list();
        list.told = parsed(told);
        list.arrange();
    }

    /// The operator said which to ask as well, and which not. Who waits to ask is woken.
    pub(crate) fn keep(&self, kept: Targets, first: Option<&Target>) {
        let mut list = self.list();
        list.kept = kept;
        list.arrange();
        if let Some(first) = first.filter(|first| list.order.contains(first)) {
            list.order.retain(|target| target != first);
            list.order.push_front(first.clone());
        }
        drop(list);
        self.changed.notify_one();
    }

    /// What the operator said so far.
    pub(crate) fn kept(&self) -> Targets {
        self.list().kept.clone()
    }

    /// The next one; after the last the first again. None when none is known.
    pub(crate) fn next(&self) -> Option<Target> {
        let mut list = self.list();
        let next = list.order.pop_front()?;
        list.order.push_back(next.clone());
        Some(next)
    }

    /// Waits until [`Endpoints::keep`] is called, or was since the last wait. One waits at a time.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether it is to be asked.
    pub(crate) fn has(&self, target: &Target) -> bool {
        self.list().order.contains(target)
    }

    /// Notes how connecting to it went.
    pub(crate) fn tried<T, E: std::fmt::Display>(&self, target: &Target, went: &Result<T, E>) {
        let mut list = self.list();
        let tries = list.tries.entry(target.to_string()).or_default();
        tries.attempts += 1;
        tries.failures += u64::from(went.is_err());
        tries.last_unix_ms = Some(now_unix_ms());
        tries.error = went.as_ref().err().map(ToString::to_string);
    }

    /// All that are asked, by their origin and name.
    pub(crate) fn known(&self) -> Vec<Known> {
        let list = self.list();
        let known = list.order.iter().map(|target| Known {
            target: target.clone(),
            origin: list.origin(target),
            tries: list
                .tries
                .get(&target.to_string())
                .cloned()
                .unwrap_or_default(),
        });
        let mut known: Vec<Known> = known.collect();
        known.sort_by_cached_key(|known| (known.origin, known.target.to_string()));
        known
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Nothing panics while it is held, and what it holds is whole at any time.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn arrange(&mut self) {
        let mut all = self.given.clone();
        let added = parsed(self.kept.added());
        let told = self.told.iter().filter(|told| !self.kept.forgets(told));
        for target in added.iter().chain(told) {
            if !all.contains(target) {
                all.push(target.clone());
            }
        }
        random::shuffle(&mut all);
        self.order = all.into();
    }

    fn origin(&self, target: &Target) -> Origin {
        match self.given.contains(target) {
            true => Origin::Configuration,
            false if parsed(self.kept.added()).contains(target) => Origin::Connect,
            false => Origin::Controller,
        }
    }
}

fn parsed(texts: &[String]) -> Vec<Target> {
    let mut targets = Vec::new();
    for text in texts {
        match text.parse::<Target>() {
            Ok(target) => targets.push(target),
            Err(error) => tracing::warn!(error = %error, "a controller is known by no address"),
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(endpoints: &Endpoints) -> Vec<String> {
        let all = endpoints.known().len();
        let mut round: Vec<String> = (0..all)
            .map(|_| endpoints.next().unwrap().to_string())
            .collect();
        round.sort();
        round
    }

    #[test]
    fn each_is_asked_once_a_round() {
        let given = ["c1:1", "c2:1"].map(|text| text.parse().unwrap());
        let told = ["c2:1", "c3:1", "none"].map(str::to_owned);
        let endpoints = Endpoints::new(given.to_vec(), &told);
        assert_eq!(round(&endpoints), ["c1:1", "c2:1", "c3:1"]);
        assert_eq!(round(&endpoints), ["c1:1", "c2:1", "c3:1"]);
        assert_eq!(Endpoints::new(Vec::new(), &[]).next(), None);
    }

    #[tokio::test]
    async fn what_the_operator_adds_comes_first_and_what_is_forgotten_not_at_all() {
        let told = ["c1:1", "c2:1"].map(str::to_owned);
        let endpoints = Endpoints::new(Vec::new(), &told);
        let (added, gone): (Target, Target) = ("c9:1".parse().unwrap(), "c1:1".parse().unwrap());
        let mut kept = endpoints.kept();
        assert!(kept.add(&added));
        endpoints.keep(kept.clone(), Some(&added));
        endpoints.changed().await;
        assert_eq!(endpoints.next(), Some(added.clone()));
        assert!(kept.forget(&gone));
        endpoints.keep(kept, None);
        assert!(!endpoints.has(&gone));
        // What a controller tells again stays forgotten.
        endpoints.hear(&told);
        assert_eq!(round(&endpoints), ["c2:1", "c9:1"]);
        let origins = endpoints.known().into_iter().map(|known| known.origin);
        let origins: Vec<Origin> = origins.collect();
        assert_eq!(origins, [Origin::Connect, Origin::Controller]);
    }

    #[test]
    fn tries_are_counted() {
        let endpoints = Endpoints::new(vec!["c1:1".parse().unwrap()], &[]);
        let target = endpoints.next().unwrap();
        endpoints.tried(&target, &Err::<(), _>("refused"));
        let [known] = endpoints.known().try_into().unwrap();
        assert_eq!((known.tries.attempts, known.tries.failures), (1, 1));
        assert_eq!(known.tries.error.as_deref(), Some("refused"));
        endpoints.tried(&target, &Ok::<(), &str>(()));
        let [known] = endpoints.known().try_into().unwrap();
        assert_eq!((known.tries.attempts, known.tries.failures), (2, 1));
        assert_eq!(known.tries.error, None);
    }
}
