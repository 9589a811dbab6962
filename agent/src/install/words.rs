//! What is done, in words: the same for people and for systemd's journal.

use std::time::Duration;

use muster_installer::engine::{Event, Outcome, StepEvent};

/// Digits of a digest that are shown and are enough.
const DIGITS: usize = 12;

/// An event in a line for people.
pub(super) fn words(event: &Event<'_>, took: Option<Duration>) -> String {
    let (number, of, what, state) = match event {
        Event::Begun { plan, work, of } => {
            let digits = plan.get(..DIGITS).unwrap_or(plan);
            return format!("{work}: plan {digits}, steps: {of}");
        }
        Event::Ended { outcome, .. } => {
            return match outcome {
                Outcome::Installed => "installed: all steps are done".to_owned(),
                Outcome::Reverted => "put back: what was done is undone".to_owned(),
                Outcome::Uninstalled => "uninstalled: what was installed is undone".to_owned(),
            };
        }
        Event::Step {
            number,
            of,
            what,
            state,
            ..
        } => (number, of, what, state),
    };
    let took = took.map_or_else(String::new, |took| {
        format!(" in {:.2} s", took.as_secs_f64())
    });
    let rest = match state {
        StepEvent::Begun => "begun".to_owned(),
        StepEvent::Undoing => "is being undone".to_owned(),
        StepEvent::Unconfirmed => {
            format!("done{took}, and put back unless it is confirmed in time")
        }
        StepEvent::Done => format!("done{took}"),
        StepEvent::Undone => format!("undone{took}"),
        StepEvent::Unchanged => "is so already".to_owned(),
        StepEvent::TriedAgain(why) => format!("failed{took}, is tried again: {why}"),
        StepEvent::Failed(why) => format!("failed{took}: {why}"),
        StepEvent::Kept(why) => format!("kept: {why}"),
    };
    format!("[{number}/{of}] {what}: {rest}")
}

/// Why a step is where it is.
pub(super) fn why<'a>(state: &StepEvent<'a>) -> Option<&'a str> {
    match state {
        StepEvent::TriedAgain(why) | StepEvent::Failed(why) | StepEvent::Kept(why) => Some(why),
        _ => None,
    }
}

pub(super) fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
