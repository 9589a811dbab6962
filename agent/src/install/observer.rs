//! Tells what is done as it is done: people, programs, or systemd's journal.

use std::io::Write as _;
use std::time::{Duration, Instant};

use muster_installer::engine::{Event, Observer, StepEvent};
use serde_json::json;

use super::log::log;
use super::stop::Stop;
use super::words::{milliseconds, why, words};
use crate::render::screen;
use crate::terminal::{self, Reader};

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listener {
    /// systemd's journal, with fields.
    Journal,
    /// Somebody who waits for the end, on standard error.
    Waiting,
    /// Somebody who wants to see this and nothing else, on standard output.
    Looking,
    /// A program: a line of JSON for each event, on standard output.
    Program,
}

/// Tells of steps, and knows whether somebody wants it to stop.
#[derive(Debug)]
pub(crate) struct Teller {
    listener: Listener,
    stop: Stop,
    /// None while no step is seen from its beginning.
    begun: Option<Instant>,
    is_gone: bool,
}

impl Teller {
    pub(super) fn new(listener: Listener, stop: Stop) -> Self {
        Self {
            listener,
            stop,
            begun: None,
            is_gone: false,
        }
    }

    /// How long the step took that has ended with this event.
    fn timed(&mut self, event: &Event<'_>) -> Option<Duration> {
        match event {
            Event::Step { state, .. } => match state {
                StepEvent::Begun | StepEvent::Undoing => {
                    self.begun = Some(Instant::now());
                    None
                }
                StepEvent::Kept(_) => None,
                StepEvent::TriedAgain(_) | StepEvent::Unconfirmed => {
                    self.begun.map(|begun| begun.elapsed())
                }
                _ => self.begun.take().map(|begun| begun.elapsed()),
            },
            Event::Begun { .. } | Event::Ended { .. } => None,
        }
    }

    /// It is no failure when nobody listens.
    fn write(&mut self, line: &str) {
        let line = format!("{line}\n");
        match self.listener {
            Listener::Journal => {}
            Listener::Waiting => drop(anstream::stderr().write_all(line.as_bytes())),
            Listener::Looking | Listener::Program => {
                self.is_gone |= !matches!(terminal::write_plain(&line), Ok(Reader::Listens));
            }
        }
    }
}

impl Observer for Teller {
    fn on(&mut self, event: &Event<'_>) {
        let took = self.timed(event);
        match self.listener {
            Listener::Journal => log(event, took),
            Listener::Program => self.write(&line(event, took).to_string()),
            Listener::Waiting | Listener::Looking => {
                let is_news = !matches!(
                    event,
                    Event::Ended { .. }
                        | Event::Step {
                            state: StepEvent::Begun | StepEvent::Undoing,
                            ..
                        }
                );
                if is_news {
                    self.write(&screen(&words(event, took)));
                }
            }
        }
    }

    fn is_to_stop(&mut self) -> bool {
        self.stop.is_asked() || self.is_gone
    }
}

/// An event in a line of JSON.
fn line(event: &Event<'_>, took: Option<Duration>) -> serde_json::Value {
    match event {
        Event::Begun { plan, work, of } => {
            json!({"event": "begun", "plan": plan, "work": work, "of": of})
        }
        Event::Step {
            plan,
            number,
            of,
            id,
            what,
            state,
        } => json!({
            "event": "step",
            "plan": plan,
            "number": number,
            "of": of,
            "id": id,
            "what": what,
            "state": state.key(),
            "duration_ms": took.map(milliseconds),
            "why": why(state),
        }),
        Event::Ended { plan, outcome } => {
            json!({"event": "ended", "plan": plan, "outcome": outcome})
        }
    }
}
