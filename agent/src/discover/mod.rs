//! `muster discover`.

pub(crate) mod capture;
mod timings;
mod watch;

use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use muster_discovery::{Discovery, Options, Source, discover};
use muster_model::{Origin, Section};

use crate::cli::{DiscoverArguments, Format};
use crate::exit::Exit;
use crate::render::{self, Document, report};
use crate::terminal;

/// How long usage is measured when it is asked for.
pub(crate) const USAGE_SPAN: Duration = Duration::from_millis(250);

/// Where a machine is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// Here, running.
    Live,
    /// In another root directory.
    Root(&'a Path),
    /// In a capture.
    Capture(&'a Path),
}

impl<'a> Place<'a> {
    /// What `--root` and `--replay` name.
    pub(crate) fn of(root: Option<&'a Path>, capture: Option<&'a Path>) -> Self {
        match (root, capture) {
            (Some(root), _) => Self::Root(root),
            (None, Some(capture)) => Self::Capture(capture),
            (None, None) => Self::Live,
        }
    }

    /// Opens it; a capture is asked what was asked when it was made, as far as the sections that were
    /// `chosen`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn source(
        self,
        chosen: &[Section],
        options: &mut Options,
    ) -> anyhow::Result<Source> {
        match self {
            Self::Live => Source::live().context("cannot read this machine"),
            Self::Root(root) => {
                let failed = || format!("cannot read the root directory {}", root.display());
                if root.is_file() {
                    return Err(anyhow!("it is a file")).with_context(failed);
                }
                Source::at_root(root).with_context(failed)
            }
            Self::Capture(file) => {
                let recording = capture::read(file)?;
                capture::ask_the_same(&recording, chosen, options);
                Ok(Source::replay(recording))
            }
        }
    }
}

/// Discovers and shows what was found.
pub(crate) fn run(arguments: &DiscoverArguments) -> anyhow::Result<Exit> {
    if arguments.watch {
        return watch::run(arguments, options(arguments));
    }
    if let Some(path) = &arguments.capture {
        capture::check(path, arguments.force)?;
    }
    let mut options = options(arguments);
    let place = Place::of(arguments.root.as_deref(), arguments.replay.as_deref());
    let source = place.source(&arguments.sections, &mut options)?;
    let source = match arguments.capture {
        Some(_) => source.recorded(),
        None => source,
    };
    announce(arguments);
    tracing::info!(origin = ?source.origin(), sections = options.sections.len(), "discovering");
    let found = discover(&source, &options);
    tracing::info!(warnings = found.inventory.warnings.len(), "discovered");
    if let Some(path) = &arguments.capture {
        if arguments.sections.is_empty() {
            capture::record_opt_in(&source, &options);
        }
        let mut recording = source.into_recording();
        if arguments.scrub {
            recording = muster_discovery::capture::scrub(&recording, &found.inventory)?;
        }
        capture::write(&recording, path, arguments.force)?;
    }
    show(arguments, &found)?;
    Ok(
        if arguments.strict && !found.inventory.warnings.is_empty() {
            Exit::Warnings
        } else {
            Exit::Complete
        },
    )
}

fn options(arguments: &DiscoverArguments) -> Options {
    let measures_usage = arguments.sections.contains(&Section::Usage);
    let mut options = Options {
        device_deadline: arguments.timeout,
        lldp: arguments.lldp,
        usage: measures_usage.then_some(USAGE_SPAN),
        ..Options::default()
    };
    if !arguments.sections.is_empty() {
        options.sections = arguments.sections.iter().copied().collect();
    }
    options
}

fn show(arguments: &DiscoverArguments, found: &Discovery) -> anyhow::Result<()> {
    let document = Document {
        inventory: &found.inventory,
        sections: shown(arguments),
    };
    let colour = arguments.color.into();
    match arguments.output {
        Format::Json => terminal::write_plain(&render::json(&document)?),
        Format::Yaml => terminal::write_plain(&render::yaml(&document)?),
        Format::Table => terminal::write_styled(&render::table(&document)?, colour),
        Format::Wide => terminal::write_styled(&render::wide(&document)?, colour),
        Format::Report => {
            let layout = report::Layout {
                width: terminal::width(),
                explain: !arguments.quiet,
                root_sees_more: !is_root() && found.inventory.source == Some(Origin::Live),
                in_full: !arguments.sections.is_empty(),
            };
            terminal::write_styled(&report::render(&document, layout), colour)
        }
    }?;
    tell(arguments, found);
    Ok(())
}

/// Whether this process has root's rights, as the owner of its own entry in procfs; without procfs
/// nobody is told to become root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").map_or(true, |entry| entry.uid() == 0)
}

/// The sections to show, each once, in the document's order.
fn shown(arguments: &DiscoverArguments) -> Vec<Section> {
    if arguments.sections.is_empty() {
        return render::by_default().collect();
    }
    let asked = |section: &Section| arguments.sections.contains(section);
    Section::ALL.into_iter().filter(asked).collect()
}

/// Tells a person who waits what for.
fn announce(arguments: &DiscoverArguments) {
    let mut listener = anstream::stderr().lock();
    if let (Some(span), true) = (arguments.lldp, std::io::stderr().is_terminal())
        && !arguments.quiet
    {
        let _ = writeln!(
            listener,
            "muster: listening for LLDP for {} s",
            span.as_secs_f32()
        );
    }
}

/// What people should know beside the data. It is no failure when nobody listens.
fn tell(arguments: &DiscoverArguments, found: &Discovery) {
    let mut listener = anstream::stderr().lock();
    let count = found.inventory.warnings.len();
    let tabular = matches!(arguments.output, Format::Table | Format::Wide);
    if tabular && count > 0 && !arguments.quiet {
        let _ = writeln!(
            listener,
            "muster: {count} {}; `muster discover` or `-o json` says why",
            if count == 1 { "warning" } else { "warnings" }
        );
    }
    if arguments.timings {
        let _ = listener.write_all(timings::table(&found.timings).as_bytes());
    }
}
