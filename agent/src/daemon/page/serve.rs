//! Takes connections for the page: so many at a time, none for long before it asks something.
//!
//! When all places are taken, whoever has waited longest without asking gives way: so thousands who connect and say nothing keep
//! nobody out who does.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use muster_installer_web::Remote;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// A browser takes six.
const MOST_CONNECTIONS: usize = 96;
/// For a handshake, and for the head of each request.
const PATIENCE: Duration = Duration::from_secs(10);
/// From the head of a request to the head of its answer.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
/// Of a connection: whoever takes an answer slowly takes it no longer.
const LONGEST_STAY: Duration = Duration::from_mins(10);
const LARGEST_HEAD_BYTES: usize = 16 << 10;
const MOST_HEADERS: usize = 64;

/// How connections are begun.
pub(super) enum Door {
    /// With the newest certificate.
    Tls(watch::Receiver<Arc<ServerConfig>>),
    Plain,
}

/// One address with what is served there.
pub(super) struct Listening {
    pub(super) listener: TcpListener,
    pub(super) door: Door,
    pub(super) router: Router,
}

/// A connection, and how many requests are being answered on it.
struct Guest {
    task: AbortHandle,
    busy: Arc<AtomicUsize>,
}

/// Counts a request as long as it is answered, also where that is broken off.
struct Asking(Arc<AtomicUsize>);

impl Asking {
    fn on(busy: &Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(busy))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Listening {
    /// Serves until it is dropped.
    pub(super) async fn run(self) {
        let mut tasks = JoinSet::new();
        let mut guests: VecDeque<Guest> = VecDeque::new();
        loop {
            // Both can be dropped: a connection that nobody took stays in the kernel's queue.
            let taken = tokio::select! {
                Some(_) = tasks.join_next() => {
                    guests.retain(|guest| !guest.task.is_finished());
                    continue;
                }
                taken = self.listener.accept() => taken,
            };
            match taken {
                Ok((stream, address)) => {
                    if !make_room(&mut guests) {
                        tracing::debug!(%address, "all connections of the page are busy");
                        continue;
                    }
                    let busy = Arc::new(AtomicUsize::new(0));
                    let serving = self.guest(stream, address.ip(), Arc::clone(&busy));
                    let task = tasks.spawn(async move {
                        if tokio::time::timeout(LONGEST_STAY, serving).await.is_err() {
                            tracing::debug!(%address, "a connection of the page stayed too long");
                        }
                    });
                    guests.push_back(Guest { task, busy });
                }
                Err(error) => {
                    // No more files, as a rule: waiting lets some be closed.
                    tracing::warn!(%error, "a connection for the page could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn guest(
        &self,
        stream: TcpStream,
        from: IpAddr,
        busy: Arc<AtomicUsize>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let router = self.router.clone();
        let acceptor = match &self.door {
            Door::Tls(configs) => Some(TlsAcceptor::from(Arc::clone(&configs.borrow()))),
            Door::Plain => None,
        };
        async move {
            let _ = stream.set_nodelay(true);
            let Some(acceptor) = acceptor else {
                return converse(stream, router, from, busy).await;
            };
            match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => converse(stream, router, from, busy).await,
                Ok(Err(error)) => tracing::debug!(%from, %error, "a handshake failed"),
                Err(_) => tracing::debug!(%from, "a handshake took too long"),
            }
        }
    }
}

/// Whether there is a place for one more, made if need be.
fn make_room(guests: &mut VecDeque<Guest>) -> bool {
    guests.retain(|guest| !guest.task.is_finished());
    if guests.len() < MOST_CONNECTIONS {
        return true;
    }
    let mut places = guests.iter();
    let idle = places.position(|guest| guest.busy.load(Ordering::Relaxed) == 0);
    let Some(guest) = idle.and_then(|place| guests.remove(place)) else {
        return false;
    };
    guest.task.abort();
    true
}

async fn converse<S>(stream: S, router: Router, from: IpAddr, busy: Arc<AtomicUsize>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, asking) = (router.clone(), Asking::on(&busy));
        async move {
            let answer = answer(router, request, from).await;
            drop(asking);
            Ok::<_, Infallible>(answer)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LARGEST_HEAD_BYTES)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%from, %error, "a connection of the page failed");
    }
}

async fn answer(router: Router, request: Request<Incoming>, from: IpAddr) -> Response<Body> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Remote(from));
    match tokio::time::timeout(LONGEST_ANSWER, router.oneshot(request)).await {
        Ok(Ok(answer)) => answer,
        Err(_) => {
            let mut answer = Response::new(Body::empty());
            *answer.status_mut() = StatusCode::REQUEST_TIMEOUT;
            answer
        }
    }
}
