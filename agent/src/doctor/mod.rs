//! `muster doctor`: names the cause, not the symptom, with what helps beside it.
//!
//! Map: a check asks something of the machine or of a controller, and hands the answer to a pure function that names the cause.
//! `local` has the checks of this machine, `probe` makes contact with a controller, `contact` names what is wrong with that,
//! `glance` looks at a controller that cannot be trusted. `report` is for people.
//!
//! Nothing is changed, neither here nor at a controller, and no token is sent.

mod contact;
mod glance;
mod local;
mod probe;
mod report;

use anstream::ColorChoice;
use serde::Serialize;

use crate::cli::{DoctorArguments, StatusFormat};
use crate::control::block_on;
use crate::exit::Exit;
use crate::{render, terminal};
use local::Machine;

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Checked {
    /// What was checked.
    pub(crate) check: &'static str,
    /// Of what: a controller, a folder; none for the machine as a whole.
    pub(crate) subject: Option<String>,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Nothing is wrong.
    Well,
    /// Something is.
    Problem {
        /// What, as far as it can be seen from here.
        cause: String,
        /// What helps.
        remedy: String,
    },
    /// It cannot be said.
    Unchecked {
        /// Why not.
        reason: String,
    },
}

impl Outcome {
    fn problem(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Problem {
            cause: cause.into(),
            remedy: remedy.into(),
        }
    }

    fn unchecked(reason: impl Into<String>) -> Self {
        Self::Unchecked {
            reason: reason.into(),
        }
    }

    fn is_problem(&self) -> bool {
        matches!(self, Self::Problem { .. })
    }
}

impl Checked {
    fn new(check: &'static str, outcome: Outcome) -> Self {
        Self {
            check,
            subject: None,
            outcome,
        }
    }

    fn of(check: &'static str, subject: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            check,
            subject: Some(subject.into()),
            outcome,
        }
    }
}

/// Looks for causes, and shows them.
pub(crate) fn run(arguments: &DoctorArguments) -> anyhow::Result<Exit> {
    let checks = block_on(async { Ok(examine(arguments).await) })?;
    match arguments.output {
        StatusFormat::Json => terminal::write_plain(&render::json(&checks)?),
        StatusFormat::Report => {
            let text = report::render(&checks, terminal::width());
            terminal::write_styled(&text, ColorChoice::Auto)
        }
    }?;
    Ok(
        match checks.iter().any(|check| check.outcome.is_problem()) {
            true => Exit::Failed,
            false => Exit::Complete,
        },
    )
}

/// Makes all checks: those of this machine, then those of each controller.
pub(crate) async fn examine(arguments: &DoctorArguments) -> Vec<Checked> {
    let (mut machine, mut checks) = Machine::look(arguments);
    checks.extend(machine.agent().await);
    checks.extend(machine.helper().await);
    checks.extend(machine.checks());
    let targets = machine.targets(&arguments.controllers);
    if targets.is_empty() {
        checks.push(Checked::new("controllers", contact::none_known()));
    }
    let trust = machine.trust();
    for target in targets {
        let outward = machine.outward();
        let contact = probe::contact(&target, outward, &trust).await;
        let proxy = outward.proxy_for(&target);
        checks.extend(contact::checks(&target, &contact, proxy));
    }
    checks
}
