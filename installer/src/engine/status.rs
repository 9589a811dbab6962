//! What is installed, and what was begun, for whoever only looks.

use serde::Serialize;

use crate::host::Host;
use crate::journal::{self, JournalError, Work};
use crate::plan::ProfileName;

use super::transaction::{Entry, Standing, Transaction};
use super::{EngineError, store};

/// What muster did to this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Who is at work right now, in words; none when nobody is.
    pub at_work: Option<String>,
    /// What was begun and not finished.
    pub unfinished: Option<UnfinishedStatus>,
    /// Whether `muster-install.service` was to do that, and goes on with it at the next boot.
    pub goes_on_at_boot: bool,
    /// What is installed, the oldest first.
    pub installed: Vec<InstalledStatus>,
}

/// What was begun and not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfinishedStatus {
    /// `installing`, `reverting` or `uninstalling`.
    pub work: &'static str,
    /// The digest of the plan.
    pub plan: String,
    /// What is installed.
    pub profile: ProfileName,
    /// When it was begun: RFC 3339.
    pub begun_at: String,
    /// In the order of the plan.
    pub steps: Vec<StepStatus>,
}

/// A step of what was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepStatus {
    /// Its name.
    pub id: String,
    /// What it does, in words.
    pub what: String,
    /// `waiting`, `unchanged`, `begun`, `done`, `undoing` or `undone`.
    pub state: &'static str,
    /// Why it failed the last time.
    pub failed: Option<String>,
}

/// Something that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstalledStatus {
    /// The digest of the plan.
    pub plan: String,
    /// What it is.
    pub profile: ProfileName,
    /// When: RFC 3339.
    pub installed_at: String,
    /// What was changed, in words.
    pub steps: Vec<String>,
}

/// Looks; changes nothing, and takes no lease.
///
/// # Errors
/// The journal or a receipt cannot be used.
pub fn status(host: &dyn Host) -> Result<Status, EngineError> {
    let unfinished = begun(host)?.map(|transaction| unfinished(&transaction));
    let installed = store::receipts(host)?.into_iter();
    let installed = installed.map(|(_, receipt)| InstalledStatus {
        plan: receipt.plan,
        profile: receipt.profile,
        installed_at: receipt.installed_at,
        steps: receipt.steps.into_iter().map(|step| step.what).collect(),
    });
    Ok(Status {
        at_work: host.holder(&store::lease())?,
        goes_on_at_boot: unfinished.is_some() && host.look(&store::order())?.is_some(),
        unfinished,
        installed: installed.collect(),
    })
}

/// Whether a step was begun that is put back unless it is confirmed: by whoever is at work, or else because nobody is left to confirm it.
///
/// # Errors
/// The journal cannot be used.
pub fn is_unconfirmed(host: &dyn Host) -> Result<bool, EngineError> {
    Ok(begun(host)?.is_some_and(|transaction| transaction.is_unconfirmed()))
}

fn begun(host: &dyn Host) -> Result<Option<Transaction>, EngineError> {
    let Some(records) = journal::look(host, &store::journal())? else {
        return Ok(None);
    };
    let transaction = Transaction::of(records).map_err(|line| JournalError::Damaged {
        path: store::journal(),
        line,
        why: "the record cannot follow those before it".to_owned(),
    })?;
    Ok(Some(transaction))
}

fn unfinished(transaction: &Transaction) -> UnfinishedStatus {
    let profile = match &transaction.work {
        Work::Install(plan) => plan.profile(),
        Work::Uninstall(receipt) => &receipt.profile,
    };
    UnfinishedStatus {
        work: transaction.doing(),
        plan: transaction.plan_digest().to_owned(),
        profile: profile.clone(),
        begun_at: transaction.at.clone(),
        steps: transaction.steps.iter().map(step).collect(),
    }
}

fn step(entry: &Entry) -> StepStatus {
    StepStatus {
        id: entry.id.clone(),
        what: entry.what.clone(),
        state: match entry.standing {
            Standing::Waiting => "waiting",
            Standing::Unchanged => "unchanged",
            Standing::Begun { .. } => "begun",
            Standing::Done { .. } => "done",
            Standing::Undoing { .. } => "undoing",
            Standing::Undone => "undone",
        },
        failed: entry.failed.clone(),
    }
}
