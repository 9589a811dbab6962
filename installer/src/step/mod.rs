//! The kinds of steps, one file each, all alike.
//!
//! A step is about a part of the host, which has a state. It tells the state that is (`Step::inspect`) and the one that it wants
//! (`Step::wanted`), and brings the host to any state that it has told (`Step::set`). All else follows: applying is setting what is wanted,
//! undoing is setting what was, verifying is inspecting again, and a step that finds what it wants has nothing to do.
//!
//! A state is an object, and each of its fields stands for itself: where a field was changed by somebody since, undoing leaves that field as it is.
//!
//! A new kind of step is a file here and a line in the table below.

pub mod artifact;
pub mod command;
pub mod directory;
pub mod disk;
pub mod drop_in;
mod error;
mod fields;
pub mod file;
pub mod firewall;
pub mod hostname;
pub mod module;
pub mod network;
pub mod packages;
pub mod swap;
pub mod sysctl;
#[cfg(test)]
pub(crate) mod testing;
pub mod time;
pub mod unit;
pub mod user;

use std::borrow::Cow;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::value::Endpoint;

pub use error::StepError;
pub use fields::Edited;
pub(crate) use fields::{Undo, undo};

/// One kind of step.
trait Step {
    /// All of the host that the step may change. An object; see above.
    type State: Clone + PartialEq + Serialize + DeserializeOwned;

    /// What it does, in words for people: `Load the kernel module br_netfilter`.
    fn title(&self) -> String;

    /// The state that is.
    fn inspect(&self, host: &dyn Host) -> Result<Self::State, StepError>;

    /// The state to be, where `before` was found.
    fn wanted(&self, before: &Self::State) -> Result<Self::State, StepError>;

    /// Looks, while planning, for what it takes besides, where there is something to do.
    fn check(&self, _host: &dyn Host) -> Result<(), StepError> {
        Ok(())
    }

    /// Brings the host to a state that was found or wanted, from whatever a crash has left, and for good: afterwards all of it is on disk.
    fn set(&self, host: &mut dyn Host, state: &Self::State) -> Result<(), StepError>;

    /// Whether what was found is what was set.
    fn is_at(&self, found: &Self::State, set: &Self::State) -> bool {
        found == set
    }

    /// What of `before` is not brought back, although nobody changed what was done.
    fn keep(&self, _host: &dyn Host, _before: &Self::State) -> Result<Vec<Keep>, StepError> {
        Ok(Vec::new())
    }

    /// Whether what it does where `before` was found cannot be undone.
    fn is_destructive(&self, _before: &Self::State) -> bool {
        false
    }

    /// What is to be known before it is confirmed that it is done where `before` was found, in sentences. Asked where there is something to do; an
    /// error says why it cannot be done there.
    fn consider(&self, _host: &dyn Host, _before: &Self::State) -> Result<Vec<String>, StepError> {
        Ok(Vec::new())
    }

    /// Until when somebody has to be reached after it was done, or it is undone at once. None: it is done when it is done.
    fn window(&self) -> Option<Window<'_>> {
        None
    }
}

/// How long a step that was done is not yet confirmed, and what confirms it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window<'a> {
    /// One of these has to take a connection.
    pub(crate) reach: &'a [Endpoint],
    /// From when it was done.
    pub(crate) length: Duration,
}

/// What is not brought back, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keep {
    /// A field of the state.
    pub(crate) field: Cow<'static, str>,
    /// For people.
    pub(crate) why: String,
}

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident { $state:ty } in $module:ident;)*) => {
        /// What a step is to do.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Action {
            $($(#[$doc])* $step($module::$step),)*
        }

        /// The state of what a step is about: of the kind that the step is.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum State {
            $($(#[$doc])* $step($state),)*
        }

        impl Action {
            /// The names of all kinds, as they are written.
            #[cfg(test)]
            pub(crate) const KINDS: &[&str] = &[$(stringify!($module)),*];

            /// What it does, in words.
            pub fn title(&self) -> String {
                match self {
                    $(Self::$step(step) => step.title(),)*
                }
            }

            /// Whether what it does where this state was found cannot be undone.
            pub fn is_destructive(&self, before: &State) -> bool {
                match (self, before) {
                    $((Self::$step(step), State::$step(before)) => step.is_destructive(before),)*
                    _ => false,
                }
            }

            /// What is to be known before it is confirmed.
            pub(crate) fn consider(&self, host: &dyn Host, before: &State) -> Result<Vec<String>, StepError> {
                match (self, before) {
                    $((Self::$step(step), State::$step(before)) => step.consider(host, before),)*
                    _ => Err(StepError::OtherKind),
                }
            }

            /// Until when it has to be confirmed.
            pub(crate) fn window(&self) -> Option<Window<'_>> {
                match self {
                    $(Self::$step(step) => step.window(),)*
                }
            }

            /// The state that is.
            pub(crate) fn inspect(&self, host: &dyn Host) -> Result<State, StepError> {
                match self {
                    $(Self::$step(step) => step.inspect(host).map(State::$step),)*
                }
            }

            /// The state to be.
            pub(crate) fn wanted(&self, before: &State) -> Result<State, StepError> {
                match (self, before) {
                    $((Self::$step(step), State::$step(before)) => step.wanted(before).map(State::$step),)*
                    _ => Err(StepError::OtherKind),
                }
            }

            /// Looks, while planning, for what it takes besides.
            pub(crate) fn check(&self, host: &dyn Host) -> Result<(), StepError> {
                match self {
                    $(Self::$step(step) => step.check(host),)*
                }
            }

            /// Brings the host to a state.
            pub(crate) fn set(&self, host: &mut dyn Host, state: &State) -> Result<(), StepError> {
                match (self, state) {
                    $((Self::$step(step), State::$step(state)) => step.set(host, state),)*
                    _ => Err(StepError::OtherKind),
                }
            }

            /// Whether what was found is what was set.
            pub(crate) fn is_at(&self, found: &State, set: &State) -> bool {
                match (self, found, set) {
                    $((Self::$step(step), State::$step(found), State::$step(set)) => step.is_at(found, set),)*
                    _ => false,
                }
            }

            /// What of a state is not brought back.
            pub(crate) fn keep(&self, host: &dyn Host, before: &State) -> Result<Vec<Keep>, StepError> {
                match (self, before) {
                    $((Self::$step(step), State::$step(before)) => step.keep(host, before),)*
                    _ => Err(StepError::OtherKind),
                }
            }
        }
    };
}

steps! {
    /// A directory with its owner and mode.
    Directory { directory::DirectoryState } in directory;
    /// A file with its content, owner and mode.
    File { file::FileState } in file;
    /// A parameter of the kernel, now and at each boot.
    Sysctl { sysctl::SysctlState } in sysctl;
    /// A module of the kernel, now and at each boot.
    Module { module::ModuleState } in module;
    /// The name of the host.
    Hostname { hostname::HostnameState } in hostname;
    /// The time zone, and that the time is kept by NTP.
    Time { time::TimeState } in time;
    /// A port that the firewall lets in.
    Firewall { firewall::FirewallState } in firewall;
    /// A large file that is brought to the host.
    Artifact { artifact::ArtifactState } in artifact;
    /// Packages of the distribution.
    Packages { packages::PackagesState } in packages;
    /// A unit of systemd.
    Unit { unit::UnitState } in unit;
    /// A user of the system, for a service.
    User { user::UserState } in user;
    /// A disk for data: partitioned, formatted, and mounted.
    Disk { disk::DiskState } in disk;
    /// Links of the network.
    Network { network::NetworkState } in network;
    /// No swapping, now and at each boot.
    SwapOff { swap::SwapState } in swap;
    /// A program that does what no other step can.
    Command { command::CommandState } in command;
}
