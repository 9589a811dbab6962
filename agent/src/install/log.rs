//! What is done, in systemd's journal: an entry for each event, with its `MESSAGE_ID` and fields.

use std::time::Duration;

use muster_installer::engine::{Event, Outcome, StepEvent};

use super::messages::Message;
use super::words::{milliseconds, why, words};
use crate::logging;

/// Has an event in the journal.
pub(super) fn log(event: &Event<'_>, took: Option<Duration>) {
    let text = words(event, took);
    entry(&match event {
        Event::Begun { plan, work, .. } => Entry {
            message: Message::PlanBegun,
            plan,
            step: None,
            state: work,
            took: None,
            error: None,
            text,
        },
        Event::Step {
            plan, id, state, ..
        } => Entry {
            message: message(state),
            plan,
            step: Some(id),
            state: state.key(),
            took,
            error: why(state),
            text,
        },
        Event::Ended { plan, outcome } => {
            let (message, state) = match outcome {
                Outcome::Installed => (Message::Installed, "installed"),
                Outcome::Reverted => (Message::Reverted, "reverted"),
                Outcome::Uninstalled => (Message::Uninstalled, "uninstalled"),
            };
            Entry {
                message,
                plan,
                step: None,
                state,
                took: None,
                error: None,
                text,
            }
        }
    });
}

fn message(state: &StepEvent<'_>) -> Message {
    match state {
        StepEvent::Begun => Message::StepBegun,
        StepEvent::TriedAgain(_) => Message::StepTriedAgain,
        StepEvent::Unconfirmed => Message::StepUnconfirmed,
        StepEvent::Done => Message::StepDone,
        StepEvent::Unchanged => Message::StepUnchanged,
        StepEvent::Failed(_) => Message::StepFailed,
        StepEvent::Undoing => Message::StepUndoing,
        StepEvent::Undone => Message::StepUndone,
        StepEvent::Kept(_) => Message::StepKept,
    }
}

/// The last words of a run, with the cause where it was not done.
pub(super) fn log_failure(plan: &str, why: &str) {
    entry(&Entry {
        message: Message::Failed,
        plan,
        step: None,
        state: "failed",
        took: None,
        error: Some(why),
        text: format!("not finished: {why}"),
    });
}

/// The last words of a run that was stopped between two steps.
pub(super) fn log_stop(plan: &str) {
    entry(&Entry {
        message: Message::Stopped,
        plan,
        step: None,
        state: "stopped",
        took: None,
        error: None,
        text:
            "stopped between two steps; goes on at the next boot, or with `muster install --resume`"
                .to_owned(),
    });
}

/// An entry of systemd's journal.
struct Entry<'a> {
    message: Message,
    plan: &'a str,
    step: Option<&'a str>,
    state: &'a str,
    took: Option<Duration>,
    error: Option<&'a str>,
    text: String,
}

fn entry(entry: &Entry<'_>) {
    let (message_id, level) = entry.message.entry();
    // The level of an event has to be known when this is compiled.
    macro_rules! write {
        ($level:ident) => {
            tracing::$level!(
                target: logging::INSTALL,
                message_id,
                muster_plan = entry.plan,
                muster_step = entry.step,
                muster_state = entry.state,
                muster_duration_ms = entry.took.map(milliseconds),
                muster_error = entry.error,
                "{}",
                entry.text
            )
        };
    }
    match level {
        tracing::Level::ERROR => write!(error),
        tracing::Level::WARN => write!(warn),
        tracing::Level::INFO => write!(info),
        _ => write!(trace),
    }
}
