//! `muster policy`, and the policy that a command judges by.

mod find;
mod list;
pub(crate) mod named;
pub(crate) mod trust;
mod validate;

use std::io::{IsTerminal as _, Write as _, stderr};

use anyhow::{Context as _, anyhow};
use muster_adequacy::Policy;
use muster_adequacy::check::{Kind, kinds};
use muster_adequacy::policy::{Faults, nearest};

use crate::cli::{PolicyArguments, PolicyChoice, PolicyCommand, PolicyFormat};
use crate::discover::is_root;
use crate::exit::Exit;
use crate::render::policy as render;
use crate::terminal;

pub(crate) use find::Origin;
use find::Written;

/// A policy, and where it was found.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    pub(crate) written: Written,
}

/// Why there is no policy to judge by.
pub(crate) enum Unusable {
    /// It is not there, or cannot be read.
    Unread(anyhow::Error),
    /// It has mistakes.
    Faulty(Written, Faults),
}

/// Runs one of the commands on policies.
pub(crate) fn run(arguments: PolicyArguments) -> anyhow::Result<Exit> {
    let colour = arguments.color.into();
    match arguments.command {
        PolicyCommand::Validate { files, output } => validate::run(&files, output, colour),
        PolicyCommand::List { place } => list::run(&place, colour),
        PolicyCommand::Checks { name } => {
            let kinds = described(name.as_deref())?;
            terminal::write_styled(&render::checks(&kinds, terminal::width()), colour)?;
            Ok(Exit::Complete)
        }
        PolicyCommand::Show { choice, output } => match load(&choice.into()) {
            Err(unusable) => Ok(unusable.tell()),
            Ok(loaded) => {
                match output {
                    PolicyFormat::Toml => terminal::write_plain(&loaded.written.text),
                    PolicyFormat::Report => {
                        let origin = loaded.written.origin.to_string();
                        let text = render::whole(&loaded.policy, &origin, terminal::width());
                        terminal::write_styled(&text, colour)
                    }
                }?;
                Ok(Exit::Complete)
            }
        },
    }
}

/// Finds and reads the policy that was chosen.
///
/// # Errors
/// [`Unusable`]: there is none to judge by.
pub(crate) fn load(choice: &PolicyChoice) -> Result<Loaded, Unusable> {
    let written = find::find(choice).map_err(Unusable::Unread)?;
    warn_of_writers(choice, &written.origin);
    parse(written)
}

/// Tells root of a policy that others may write. A file that was named itself is the choice of
/// whoever named it.
fn warn_of_writers(choice: &PolicyChoice, origin: &Origin) {
    let Origin::File(path) = origin else {
        return;
    };
    if !is_root() || find::is_file_name(&choice.policy) {
        return;
    }
    if let Some(doubt) = trust::doubt(path) {
        let text = format!("muster: warning: {doubt}");
        // It is no failure when nobody listens.
        let _ = writeln!(anstream::stderr(), "{}", crate::render::screen(&text));
    }
}

fn parse(written: Written) -> Result<Loaded, Unusable> {
    match Policy::parse(&written.text) {
        Ok(policy) => Ok(Loaded { policy, written }),
        Err(faults) => Err(Unusable::Faulty(written, faults)),
    }
}

impl Unusable {
    /// Says why on standard error. It is no failure when nobody listens.
    pub(crate) fn tell(&self) -> Exit {
        let mut listener = anstream::stderr().lock();
        let _ = match self {
            Self::Unread(error) => {
                let text = format!("muster: cannot take the policy: {error:#}");
                writeln!(listener, "{}", crate::render::screen(&text))
            }
            Self::Faulty(written, faults) => {
                let source = stderr().is_terminal().then_some(&*written.text);
                let text = render::faults(&written.origin.to_string(), faults, source);
                write!(listener, "muster: the policy is faulty:\n{text}")
            }
        };
        Exit::Policy
    }
}

fn described(name: Option<&str>) -> anyhow::Result<Vec<&'static Kind>> {
    let Some(name) = name else {
        return Ok(kinds().collect());
    };
    let found: Vec<&Kind> = kinds().filter(|kind| kind.name == name).collect();
    if found.is_empty() {
        let advice = match nearest(name, kinds().map(|kind| kind.name)) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "`muster policy checks` lists those that are".to_owned(),
        };
        return Err(anyhow!("{advice}")).with_context(|| format!("there is no check {name}"));
    }
    Ok(found)
}
