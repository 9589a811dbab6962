//! HTTP/2 on the connections that were let in.
//!
//! By hyper, and not by tonic's own server: with each answer that would send the date, and HTTP/2 has both ends of every connection
//! remember what is new in a header (HPACK, RFC 7541, section 2.3.2), here one date after the other until 4 KiB are full. A fleet
//! is many connections that do little, so that what each keeps is what counts.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service as _;
use tonic::codegen::http::{Request, Response};
use tonic::service::Routes;

use super::tls::Accepted;

/// Calls at a time on one connection.
const MOST_CALLS: u32 = 64;
/// Until the answer to a call begins, so that nobody sends for ever.
const LONGEST_CALL: Duration = Duration::from_secs(60);
/// How long a connection may be silent before it is asked whether anybody is there.
const SILENCE: Duration = Duration::from_secs(30);

/// Serves on every connection until `stop` is called, and lets what is under way come to its end.
pub(super) async fn serve(
    mut accepted: mpsc::Receiver<Accepted>,
    routes: Routes,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            // Cancel-safe: a connection that is not taken here is closed with the channel.
            next = accepted.recv() => match next {
                Some(next) => {
                    connections.spawn(connection(next, routes.clone(), stop.clone()));
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

async fn connection(accepted: Accepted, routes: Routes, stop: CancellationToken) {
    let who = accepted.connection();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(who.clone());
        answer(routes.clone(), request)
    });
    let mut serving = pin!(http2().serve_connection(TokioIo::new(accepted), service));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        // Whoever calls is told to call no more here.
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection failed");
    }
}

fn http2() -> Builder<TokioExecutor> {
    let mut http2 = Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .keep_alive_interval(SILENCE)
        .max_concurrent_streams(MOST_CALLS)
        .auto_date_header(false);
    http2
}

async fn answer(mut routes: Routes, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let answered = tokio::time::timeout(LONGEST_CALL, routes.call(request)).await;
    answered.unwrap_or_else(|_| Ok(Status::deadline_exceeded("the call took too long").into_http()))
}
