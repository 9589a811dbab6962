//! Tells what is done as it is done: people on standard error, or the journal with fields.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use muster_installer::engine::{Event, Observer, StepEvent};
use nix::sys::signal::{SigSet, Signal};

use crate::logging;
use crate::render::screen;

/// Tells of steps, and knows whether somebody wants it to stop.
pub(crate) struct Teller {
    begun: Instant,
    to_journal: bool,
    is_to_stop: Arc<AtomicBool>,
}

impl Teller {
    /// Begins to listen for Ctrl-C and to be asked to end: both are heeded between steps.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        signals.thread_block()?;
        let is_to_stop = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_to_stop);
        // It ends with the process; programs that steps run are not told, being in groups of their own.
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                while signals.wait().is_ok() {
                    stop.store(true, Ordering::Relaxed);
                    let _ = writeln!(anstream::stderr(), "stopping after this step");
                }
            })?;
        Ok(Self {
            begun: Instant::now(),
            to_journal: logging::leads_to_journal(),
            is_to_stop,
        })
    }

    fn log(&self, event: &Event<'_>) {
        let duration_ms = self.begun.elapsed().as_millis();
        match event {
            Event::Step {
                plan,
                id,
                what,
                state,
                ..
            } => match state {
                StepEvent::Failed(why) | StepEvent::TriedAgain(why) => tracing::error!(
                    plan, step = id, state = state.key(), duration_ms, error = %why, "{what}: {}: {why}", state.key()
                ),
                StepEvent::Kept(why) => {
                    tracing::warn!(plan, step = id, state = "kept", "{what}: {why}");
                }
                _ => tracing::info!(
                    plan,
                    step = id,
                    state = state.key(),
                    duration_ms,
                    "{what}: {}",
                    state.key()
                ),
            },
            Event::Ended { plan, outcome } => {
                let state = format!("{outcome:?}").to_lowercase();
                tracing::info!(plan, state, "ended: {state}");
            }
        }
    }

    fn tell(&self, event: &Event<'_>) {
        let Event::Step {
            number,
            of,
            what,
            state,
            ..
        } = event
        else {
            return;
        };
        let took = self.begun.elapsed().as_secs_f64();
        let rest = match state {
            StepEvent::Begun | StepEvent::Undoing => return,
            StepEvent::Done => format!("done in {took:.2} s"),
            StepEvent::Undone => format!("undone in {took:.2} s"),
            StepEvent::Unchanged => "is so already".to_owned(),
            StepEvent::TriedAgain(why) => format!("failed, is tried again: {why}"),
            StepEvent::Failed(why) => format!("failed: {why}"),
            StepEvent::Kept(why) => format!("kept: {why}"),
        };
        let line = format!("[{number}/{of}] {what}: {rest}");
        // It is no failure when nobody listens.
        let _ = writeln!(anstream::stderr(), "{}", screen(&line));
    }
}

impl Observer for Teller {
    fn on(&mut self, event: &Event<'_>) {
        if let Event::Step {
            state: StepEvent::Begun | StepEvent::Undoing,
            ..
        } = event
        {
            self.begun = Instant::now();
        }
        self.log(event);
        if !self.to_journal {
            self.tell(event);
        }
    }

    fn is_to_stop(&mut self) -> bool {
        self.is_to_stop.load(Ordering::Relaxed)
    }
}
