//! The machine to be judged.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use muster_discovery::{Options, discover};
use muster_model::{Inventory, Section};

use crate::cli::CheckArguments;
use crate::discover::{self, USAGE_SPAN};
use crate::machine_file::MachineFile;

/// What tells which machine it is, whatever the policy looks at.
const NAMING: [Section; 2] = [Section::Host, Section::System];

/// Where the machine is.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// In a file that holds its inventory.
    File(&'a MachineFile),
    /// Where it can be discovered.
    Discovered(discover::Place<'a>),
}

impl<'a> Place<'a> {
    /// Where the command line says that it is.
    pub(super) fn of(arguments: &'a CheckArguments) -> Self {
        match &arguments.inventory {
            Some(file) => Self::File(file),
            None => Self::Discovered(discover::Place::of(
                arguments.root.as_deref(),
                arguments.replay.as_deref(),
            )),
        }
    }

    /// What is known of it: the sections that are needed, or what the file has.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn inventory(
        &self,
        sections: &BTreeSet<Section>,
        timeout: Duration,
    ) -> anyhow::Result<Inventory> {
        let wanted: Vec<Section> = sections.iter().copied().collect();
        match self {
            Self::File(file) => file.inventory(&wanted),
            Self::Discovered(place) => {
                let mut options = options(sections, timeout);
                let source = place.source(&wanted, &mut options)?;
                tracing::info!(sections = options.sections.len(), "discovering");
                Ok(discover(&source, &options).inventory)
            }
        }
    }

    /// What to tell when a deciding fact was denied.
    pub(super) fn when_denied(&self) -> Option<&'static str> {
        match self {
            Self::File(_) => Some(
                "Make the inventory as root to see what was denied: sudo muster discover -o json",
            ),
            Self::Discovered(discover::Place::Live) if !discover::is_root() => {
                Some("Run as root to see what was denied: sudo muster check")
            }
            Self::Discovered(_) => None,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.fmt(formatter),
            Self::Discovered(discover::Place::Live) => formatter.write_str("this machine"),
            Self::Discovered(discover::Place::Root(root)) => {
                write!(formatter, "the root directory {}", root.display())
            }
            Self::Discovered(discover::Place::Capture(file)) => {
                write!(formatter, "the capture {}", file.display())
            }
        }
    }
}

/// Discovers what is looked at, and nothing else.
fn options(needed: &BTreeSet<Section>, timeout: Duration) -> Options {
    let mut sections = needed.clone();
    sections.extend(NAMING);
    Options {
        usage: sections.contains(&Section::Usage).then_some(USAGE_SPAN),
        sections,
        device_deadline: timeout,
        ..Options::default()
    }
}
