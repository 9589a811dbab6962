//! HTTP/2 on the connections that were let in; and HTTP/1.1 for downloads alone, which is all that some clients speak.
//!
//! By hyper, and not by tonic's own server: with each answer that would send the date, and HTTP/2 has both ends of every connection
//! remember what is new in a header (HPACK, RFC 7541, section 2.3.2), here one date after the other until 4 KiB are full. A fleet
//! is many connections that do little, so that what each keeps is what counts.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service as _;
use tonic::codegen::http::{Method, Request, Response};
use tonic::service::Routes;

use super::download::Downloads;
use super::tls::Accepted;

/// Calls at a time on one connection.
const MOST_CALLS: u32 = 64;
/// Until the answer to a call begins, so that nobody sends for ever.
const LONGEST_CALL: Duration = Duration::from_secs(60);
/// How long a connection may be silent before it is asked whether anybody is there.
const SILENCE: Duration = Duration::from_secs(30);
/// Of a request that is no call, before its body.
const LONGEST_HEAD: usize = 16 << 10;

/// Who answers.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    /// Calls, by HTTP/2.
    pub(super) routes: Routes,
    /// Everything else.
    pub(super) downloads: Downloads,
}

/// Serves on every connection until `stop` is called, and lets what is under way come to its end.
pub(super) async fn serve(
    mut accepted: mpsc::Receiver<Accepted>,
    answers: Answers,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            // Cancel-safe: a connection that is not taken here is closed with the channel.
            next = accepted.recv() => match next {
                Some(next) => {
                    let (answers, stop) = (answers.clone(), stop.clone());
                    match next.speaks_http2() {
                        true => connections.spawn(connection(next, answers, stop)),
                        false => connections.spawn(downloads(next, answers.downloads, stop)),
                    };
                }
                None => break,
            },
            () = stop.cancelled() => break,
        }
    }
    drop(accepted);
    connections.close();
    connections.wait().await;
}

async fn connection(accepted: Accepted, answers: Answers, stop: CancellationToken) {
    let who = accepted.connection();
    let turn = Arc::new(Semaphore::new(1));
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(who.clone());
        answer(answers.clone(), request, Arc::clone(&turn))
    });
    let serving = http2().serve_connection(TokioIo::new(accepted), service);
    until_ended(serving, http2::Connection::graceful_shutdown, stop).await;
}

async fn downloads(accepted: Accepted, downloads: Downloads, stop: CancellationToken) {
    let turn = Arc::new(Semaphore::new(1));
    let service = service_fn(move |request: Request<Incoming>| {
        let (downloads, turn) = (downloads.clone(), Arc::clone(&turn));
        let (asked, _) = request.into_parts();
        async move { Ok::<_, Infallible>(downloads.answer(asked, turn).await) }
    });
    let serving = http1().serve_connection(TokioIo::new(accepted), service);
    until_ended(serving, http1::Connection::graceful_shutdown, stop).await;
}

/// Serves until the other end has gone or, after `stop`, what is under way has come to its end.
async fn until_ended<C>(serving: C, close: fn(Pin<&mut C>), stop: CancellationToken)
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        // Whoever calls is told to call no more here.
        () = stop.cancelled() => {
            close(serving.as_mut());
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection failed");
    }
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .keep_alive_interval(SILENCE)
        .max_concurrent_streams(MOST_CALLS)
        .auto_date_header(false);
    http2
}

fn http1() -> http1::Builder {
    let mut http1 = http1::Builder::new();
    http1
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .max_buf_size(LONGEST_HEAD)
        .auto_date_header(false);
    http1
}

async fn answer(
    mut answers: Answers,
    request: Request<Body>,
    turn: Arc<Semaphore>,
) -> Result<Response<Body>, Infallible> {
    let answering = async {
        // A call is a POST (gRPC over HTTP2, "Requests").
        match request.method() == Method::POST {
            true => answers.routes.call(request).await,
            false => Ok(answers.downloads.answer(request.into_parts().0, turn).await),
        }
    };
    let answered = tokio::time::timeout(LONGEST_CALL, answering).await;
    answered.unwrap_or_else(|_| Ok(Status::deadline_exceeded("the call took too long").into_http()))
}
