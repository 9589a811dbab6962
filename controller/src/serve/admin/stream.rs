//! Answers that go on until the caller goes, or the controller stops.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

/// Messages that wait for a slow caller.
const ROOM: usize = 64;

/// The caller went away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone;

/// As tonic takes it.
pub(super) type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A stream with the task that fills it, which ends when the stream is dropped.
#[derive(Debug)]
pub(super) struct Told<T> {
    messages: Receiver<Result<T, Status>>,
    _task: AbortOnDropHandle<()>,
}

/// Runs what `fill` makes until it ends, the caller goes, or `stop` is called.
pub(super) fn stream<T, F, R>(stop: CancellationToken, fill: F) -> Told<T>
where
    T: Send + 'static,
    F: FnOnce(Sender<Result<T, Status>>) -> R,
    R: Future<Output = Result<(), Gone>> + Send + 'static,
{
    let (to, messages) = channel(ROOM);
    let filling = fill(to.clone());
    let task = tokio::spawn(async move {
        tokio::select! {
            // Whoever is told nothing more needs no end of a message either.
            _ = filling => {}
            () = stop.cancelled() => {
                // A caller without room learns it from the connection, which ends too.
                let _ = to.try_send(Err(Status::unavailable("the controller stops")));
            }
        }
    });
    Told {
        messages,
        _task: AbortOnDropHandle::new(task),
    }
}

impl<T> Stream for Told<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.messages.poll_recv(context)
    }
}
