//! `muster policy validate`.

use std::io::{IsTerminal as _, stdout};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use muster_adequacy::policy::Fault;
use muster_adequacy::verdict::PolicyName;
use serde::Serialize;

use super::{Unusable, find, parse};
use crate::cli::FaultFormat;
use crate::exit::Exit;
use crate::render::{json, policy as render};
use crate::terminal;

/// What is said of one file.
#[derive(Serialize)]
struct Judged {
    file: String,
    valid: bool,
    policy: Option<PolicyName>,
    /// Why it could not be read.
    error: Option<String>,
    faults: Vec<Place>,
}

#[derive(Serialize)]
struct Place {
    line: usize,
    column: usize,
    message: String,
}

/// Says of each file what is wrong with it.
pub(super) fn run(
    files: &[PathBuf],
    output: FaultFormat,
    colour: ColorChoice,
) -> anyhow::Result<Exit> {
    let outcomes: Vec<_> = files.iter().map(|file| (file, validate(file))).collect();
    match output {
        FaultFormat::Report => {
            let text: String = outcomes
                .iter()
                .map(|(file, outcome)| in_words(file, outcome))
                .collect();
            terminal::write_styled(&text, colour)
        }
        FaultFormat::Json => {
            let judged: Vec<Judged> = outcomes
                .iter()
                .map(|(file, outcome)| Judged::new(file, outcome))
                .collect();
            terminal::write_plain(&json(&judged)?)
        }
    }?;
    let all_valid = outcomes.iter().all(|(_, outcome)| outcome.is_ok());
    Ok(if all_valid {
        Exit::Complete
    } else {
        Exit::Policy
    })
}

fn validate(file: &Path) -> Result<PolicyName, Unusable> {
    let written = find::read(file).map_err(Unusable::Unread)?;
    Ok(parse(written)?.policy.name().clone())
}

fn in_words(file: &Path, outcome: &Result<PolicyName, Unusable>) -> String {
    let file = file.display().to_string();
    match outcome {
        Ok(name) => render::valid(&file, name),
        Err(Unusable::Unread(error)) => render::unread(&format!("{error:#}")),
        Err(Unusable::Faulty(written, faults)) => {
            let source = stdout().is_terminal().then_some(&*written.text);
            render::faults(&file, faults, source)
        }
    }
}

impl Judged {
    fn new(file: &Path, outcome: &Result<PolicyName, Unusable>) -> Self {
        let mut judged = Self {
            file: file.display().to_string(),
            valid: outcome.is_ok(),
            policy: None,
            error: None,
            faults: Vec::new(),
        };
        match outcome {
            Ok(name) => judged.policy = Some(name.clone()),
            Err(Unusable::Unread(error)) => judged.error = Some(format!("{error:#}")),
            Err(Unusable::Faulty(_, faults)) => {
                judged.faults = faults.iter().map(Place::of).collect();
            }
        }
        judged
    }
}

impl Place {
    fn of(fault: &Fault) -> Self {
        Self {
            line: fault.line,
            column: fault.column,
            message: fault.message.clone(),
        }
    }
}
