//! Serves the metrics over HTTP, to Prometheus on this machine.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::metrics;

/// Nobody but one or two Prometheus servers asks.
const MOST_CONNECTIONS: usize = 8;
/// For one request with its answer.
const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST_HEAD_BYTES: usize = 8 << 10;

/// Serves on `address` until `cancel`. Where nothing can listen there, that is logged: the node is one without it.
pub(super) async fn run(address: SocketAddr, desk: Arc<Desk>, cancel: CancellationToken) {
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%address, %error, "metrics cannot be served");
            return;
        }
    };
    tracing::info!(%address, "metrics are served");
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        // All can be dropped: a connection that nobody took stays in the kernel's queue.
        let taken = tokio::select! {
            () = cancel.cancelled() => return,
            Some(_) = connections.join_next() => continue,
            taken = listener.accept() => taken,
        };
        match taken {
            Ok((stream, _)) => {
                let desk = Arc::clone(&desk);
                connections.spawn(async move {
                    serve(stream, &desk).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection for metrics could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, desk: &Desk) {
    let answer = service_fn(|request| async move { Ok::<_, Infallible>(answer(&request, desk)) });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(LARGEST_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answer);
    match tokio::time::timeout(PATIENCE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection for metrics failed"),
        Err(_) => tracing::debug!("a connection for metrics took too long"),
    }
}

fn answer(request: &Request<Incoming>, desk: &Desk) -> Response<String> {
    let mut response = Response::new(String::new());
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        let allowed = hyper::header::HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        "metrics are at /metrics\n".clone_into(response.body_mut());
        return response;
    }
    match desk.metrics() {
        Ok(text) => {
            let format = hyper::header::HeaderValue::from_static(metrics::CONTENT_TYPE);
            response.headers_mut().insert(CONTENT_TYPE, format);
            *response.body_mut() = text;
        }
        Err(reason) => {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            *response.body_mut() = format!("{reason}\n");
        }
    }
    response
}
