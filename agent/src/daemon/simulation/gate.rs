//! Tasks that do not get their turns while a gate is closed: a machine that is suspended, a process that hangs.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Open at first.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    closed: bool,
    wakers: Vec<Waker>,
}

impl Gate {
    pub(super) fn close(&self) {
        self.0.lock().unwrap().closed = true;
    }

    pub(super) fn open(&self) {
        let wakers = {
            let mut waiting = self.0.lock().unwrap();
            waiting.closed = false;
            std::mem::take(&mut waiting.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().unwrap().closed
    }

    /// The task, behind this gate.
    pub(super) fn keep<F>(&self, task: F) -> Gated<F> {
        Gated {
            gate: self.clone(),
            task: Box::pin(task),
        }
    }

    /// Until it is open.
    pub(super) async fn opened(&self) {
        self.keep(std::future::ready(())).await;
    }

    fn is_closed_for(&self, context: &Context<'_>) -> bool {
        let mut waiting = self.0.lock().unwrap();
        if waiting.closed {
            waiting.wakers.push(context.waker().clone());
        }
        waiting.closed
    }
}

/// A task behind a gate.
pub(super) struct Gated<F> {
    gate: Gate,
    task: Pin<Box<F>>,
}

impl<F: Future> Future for Gated<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if self.gate.is_closed_for(context) {
            return Poll::Pending;
        }
        self.task.as_mut().poll(context)
    }
}
