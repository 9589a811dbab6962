//! Reads one Linux host into an [`Inventory`].
//!
//! ```no_run
//! use muster_discovery::{Options, Source, discover};
//!
//! let source = Source::live()?;
//! let found = discover(&source, &Options::default());
//! println!("{:?}", found.inventory.cpu.model_name);
//! # Ok::<(), muster_discovery::Fault>(())
//! ```
//!
//! Map: [`source`] is the only door to the host. `parse` turns bytes into facts and reads nothing.
//! `probe` has one file a probe, all alike: it asks the source, hands the bytes to a parser, and
//! gives back what it found with its warnings; no probe imports another. This file lists the
//! probes and merges what they found; `readers` runs them side by side.
//!
//! Invariants: nothing on the host is changed; one fault costs one field and leaves a warning; the
//! same machine state gives the same document. Limits: Linux only; synchronous; no global state.

#![deny(unsafe_code)]

pub mod capture;
mod context;
mod fault;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod notes;
mod parse;
mod probe;
mod readers;
mod sets;
pub mod source;
#[cfg(test)]
mod testing;
pub mod watch;
mod workloads;

use std::collections::BTreeSet;
use std::time::Duration;

use muster_model::{Found, INVENTORY_SCHEMA, Inventory, Origin, Section, Warning, WarningKind};

use context::Context;
pub use fault::Fault;
use notes::Notes;
use source::signals::HeldSignals;
pub use source::{Query, Source};
pub use watch::Watcher;
pub use workloads::workloads;

/// What to discover, and for how long to wait.
#[derive(Debug, Clone)]
pub struct Options {
    /// The sections to fill; the others stay empty. By default all that are not
    /// [opt-in](Section::is_opt_in).
    pub sections: BTreeSet<Section>,
    /// How long a device may take to answer.
    pub device_deadline: Duration,
    /// How long to listen for LLDP; `None` is not at all.
    pub lldp: Option<Duration>,
    /// How long to measure where [`Section::Usage`] is among the sections; `None` is not at all.
    pub usage: Option<Duration>,
    /// Interfaces on which to listen for LLDP beside the physical ones.
    pub lldp_also: BTreeSet<String>,
}

impl Default for Options {
    fn default() -> Self {
        let all = Section::ALL.into_iter();
        let by_default = all.filter(|section| !section.is_opt_in());
        Self {
            sections: by_default.collect(),
            device_deadline: Duration::from_secs(2),
            lldp: None,
            usage: None,
            lldp_also: BTreeSet::new(),
        }
    }
}

impl Options {
    fn asks_for(&self, section: Section) -> bool {
        let can_be_filled = section != Section::Usage || self.usage.is_some();
        can_be_filled && self.sections.contains(&section)
    }
}

/// An inventory and what it took.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// The document.
    pub inventory: Inventory,
    /// Each probe that ran, in order, with its duration.
    pub timings: Vec<(&'static str, Duration)>,
}

/// Reads the host.
pub fn discover(source: &Source, options: &Options) -> Discovery {
    // A signal must not end the process in a thread that does not know what to put back.
    let listens = options.lldp.is_some() && source.origin() == Origin::Live;
    let _held = listens.then(HeldSignals::hold);
    let context = Context::new(source, options);
    let mut inventory = Inventory {
        schema: INVENTORY_SCHEMA.to_owned(),
        captured_at: context.captured_at(),
        source: Some(source.origin()),
        undiscovered: undiscovered(options),
        ..Inventory::default()
    };
    let mut warnings = not_asked(source);
    let mut timings = Vec::new();
    for ran in readers::run(&context, &wanted(options), &BEGUN_FIRST) {
        (ran.finding.put)(&mut inventory);
        warnings.extend(ran.finding.warnings);
        timings.push((ran.name, ran.took));
    }
    let is_denied = |warning: &Warning| warning.kind == WarningKind::Denied;
    if warnings.iter().any(is_denied) && context.is_root() {
        notes::advise_root(&mut warnings);
    }
    warnings.sort();
    warnings.dedup();
    inventory.warnings = warnings;
    Discovery { inventory, timings }
}

/// The sections that stay empty because nobody asked for them.
fn undiscovered(options: &Options) -> BTreeSet<Section> {
    let left_out = |section: &Section| !options.asks_for(*section);
    Section::ALL.into_iter().filter(left_out).collect()
}

/// The probes that fill what is asked for.
fn wanted(options: &Options) -> Vec<&'static Probe> {
    let is_wanted = |probe: &&Probe| {
        let mut fills = probe.fills.iter();
        fills.any(|section| options.asks_for(*section))
    };
    PROBES.iter().filter(is_wanted).collect()
}

struct Probe {
    name: &'static str,
    fills: &'static [Section],
    run: fn(&Context<'_>) -> Finding,
}

/// What a probe found, and how that goes into the document.
struct Finding {
    put: Box<dyn FnOnce(&mut Inventory) + Send>,
    warnings: Vec<Warning>,
}

/// A probe that fills one section, both named alike.
macro_rules! fills {
    ($section:ident, $name:ident) => {
        Probe {
            name: stringify!($name),
            fills: &[Section::$section],
            run: |context| {
                let Found { value, warnings } = probe::$name::probe(context);
                Finding {
                    put: Box::new(|inventory| inventory.$name = value),
                    warnings,
                }
            },
        }
    };
}

/// Those that wait for devices, the slowest first: they are begun before the others, which are
/// done meanwhile.
const BEGUN_FIRST: [&str; 3] = ["bmc", "disks", "network"];

/// In the document's order.
const PROBES: &[Probe] = &[
    fills!(Host, host),
    Probe {
        name: "machine",
        fills: &[
            Section::System,
            Section::Board,
            Section::Chassis,
            Section::Bios,
        ],
        run: machine,
    },
    fills!(Cpu, cpu),
    fills!(Numa, numa),
    fills!(Memory, memory),
    fills!(Network, network),
    fills!(Disks, disks),
    fills!(Arrays, arrays),
    fills!(VolumeGroups, volume_groups),
    fills!(Filesystems, filesystems),
    fills!(Pci, pci),
    fills!(Gpus, gpus),
    fills!(Usb, usb),
    fills!(Bmc, bmc),
    fills!(Sensors, sensors),
    fills!(Iommu, iommu),
    fills!(Watchdogs, watchdogs),
    fills!(Usage, usage),
    fills!(Modules, modules),
    fills!(Listeners, listeners),
    fills!(Services, services),
];

/// One probe for four sections: what was not asked for stays empty. A warning about the source of
/// all four is kept whichever was asked for.
fn machine(context: &Context<'_>) -> Finding {
    let Found {
        value,
        mut warnings,
    } = probe::machine::probe(context);
    let asked = context.options.sections.clone();
    warnings.retain(|warning| {
        let of_one = warning.subject == warning.probe;
        !of_one || asked.iter().any(|section| section.key() == warning.probe)
    });
    let put = move |inventory: &mut Inventory| {
        if asked.contains(&Section::System) {
            inventory.system = value.system;
        }
        if asked.contains(&Section::Board) {
            inventory.board = value.board;
        }
        if asked.contains(&Section::Chassis) {
            inventory.chassis = value.chassis;
        }
        if asked.contains(&Section::Bios) {
            inventory.bios = value.bios;
        }
    };
    Finding {
        put: Box::new(put),
        warnings,
    }
}

/// What is said once for the whole document instead of at each fact.
fn not_asked(source: &Source) -> Vec<Warning> {
    let mut notes = Notes::new("source");
    if source.is_files_only() {
        notes.warn(
            "root",
            WarningKind::Unsupported,
            "another root is read: what only the running kernel and its devices could answer \
             (addresses, ethtool, disk health, BMC, file system usage) is not asked",
        );
    }
    notes.with(()).warnings
}
