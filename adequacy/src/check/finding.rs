//! What comes out of a check.

use std::collections::BTreeSet;

use crate::listed::listed;
use crate::machine::{Fact, Unknown};

/// Whether the machine has what a check asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    Fail,
    Undetermined,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) outcome: Outcome,
    /// What the machine has, in words with units.
    pub(crate) actual: Option<String>,
    /// The devices that decide, by their natural key.
    pub(crate) devices: Vec<String>,
    /// Why it failed or could not be said.
    pub(crate) reasons: Vec<String>,
}

impl Finding {
    pub(crate) fn new(outcome: Outcome, actual: impl Into<String>) -> Self {
        Self {
            outcome,
            actual: Some(actual.into()),
            devices: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// A pass when `holds`, else a failure.
    pub(crate) fn decided(holds: bool, actual: impl Into<String>) -> Self {
        let outcome = if holds { Outcome::Pass } else { Outcome::Fail };
        Self::new(outcome, actual)
    }

    pub(crate) fn unknown(unknown: &Unknown) -> Self {
        Self {
            outcome: Outcome::Undetermined,
            actual: None,
            devices: Vec::new(),
            reasons: vec![unknown.to_string()],
        }
    }

    pub(crate) fn with_devices<D: Into<String>>(
        mut self,
        devices: impl IntoIterator<Item = D>,
    ) -> Self {
        self.devices = devices.into_iter().map(Into::into).collect();
        self
    }

    /// Whether a device is one of those that decide, for any number of them.
    pub(crate) fn concerns(&self) -> impl Fn(&str) -> bool + use<> {
        let devices: BTreeSet<String> = self.devices.iter().cloned().collect();
        move |device| devices.contains(device)
    }

    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reasons.push(reason.into());
        self
    }

    /// Says of each thing why.
    pub(crate) fn because_of<T>(
        mut self,
        things: impl IntoIterator<Item = T>,
        why: impl Fn(T) -> String,
    ) -> Self {
        self.reasons.extend(things.into_iter().map(why));
        self
    }

    /// Judges a fact when it is known; undetermined when it is not.
    pub(crate) fn of<T>(fact: Fact<T>, judge: impl FnOnce(T) -> Self) -> Self {
        match fact {
            Ok(known) => judge(known),
            Err(unknown) => Self::unknown(&unknown),
        }
    }
}

/// Devices by whether they are what is asked for.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    pub(crate) yes: Vec<String>,
    /// How many are not.
    pub(crate) no: usize,
    pub(crate) unknown: Vec<(String, Unknown)>,
}

impl Sorted {
    /// Sorts devices by `is`, each under its name.
    pub(crate) fn by<'a, T: 'a>(
        devices: impl IntoIterator<Item = &'a T>,
        name: impl Fn(&T) -> String,
        is: impl Fn(&T) -> Fact<bool>,
    ) -> Self {
        let mut sorted = Self::default();
        for device in devices {
            sorted.add(|| name(device), is(device));
        }
        sorted
    }

    /// Sorts one device.
    pub(crate) fn add(&mut self, name: impl FnOnce() -> String, is: Fact<bool>) {
        match is {
            Ok(true) => self.yes.push(name()),
            Ok(false) => self.no += 1,
            Err(unknown) => self.unknown.push((name(), unknown)),
        }
    }

    /// Passes when `least` are; undetermined when those of which it is unknown may make up for what lacks.
    pub(crate) fn at_least(self, least: u64) -> Finding {
        let (sure, possible) = (self.yes.len() as u64, self.unknown.len() as u64);
        let actual = sure.to_string();
        if sure >= least {
            Finding::new(Outcome::Pass, actual).with_devices(self.yes)
        } else if sure + possible >= least {
            self.undetermined(actual)
        } else {
            Finding::new(Outcome::Fail, actual).with_devices(self.yes)
        }
    }

    /// Passes when none is; the ones that are, are the devices concerned.
    pub(crate) fn none(self) -> Finding {
        if !self.yes.is_empty() {
            Finding::new(Outcome::Fail, listed(&self.yes)).with_devices(self.yes)
        } else if self.unknown.is_empty() {
            Finding::new(Outcome::Pass, "none")
        } else {
            self.undetermined("none for certain".to_owned())
        }
    }

    fn undetermined(self, actual: String) -> Finding {
        let mut whys: Vec<&Unknown> = self.unknown.iter().map(|(_, unknown)| unknown).collect();
        whys.dedup();
        let finding = Finding::new(Outcome::Undetermined, actual);
        let finding = finding.because_of(whys, ToString::to_string);
        finding.with_devices(self.unknown.into_iter().map(|(device, _)| device))
    }
}

/// Both have to hold: one that does not decides, whatever is unknown of the other.
pub(crate) fn both(one: Fact<bool>, other: Fact<bool>) -> Fact<bool> {
    match (one, other) {
        (Ok(false), _) | (_, Ok(false)) => Ok(false),
        (Err(unknown), _) | (_, Err(unknown)) => Err(unknown),
        (Ok(true), Ok(true)) => Ok(true),
    }
}
