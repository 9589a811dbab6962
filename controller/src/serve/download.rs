//! What a machine fetches before it is a node: the root, the script and the packages. Anybody may have them; nothing else is served to
//! whoever asks by GET.
//!
//! A package is named as the catalogue names it, to the letter, and by nothing else: no path is ever made of what is asked for.

use std::sync::Arc;

use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::sync::Semaphore;
use tokio_stream::StreamExt as _;
use tokio_util::io::ReaderStream;
use tonic::body::Body;
use tonic::codegen::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use tonic::codegen::http::request::Parts;
use tonic::codegen::http::{Method, Response, StatusCode};

use crate::authority::Authority;
use crate::fleet::Fleet;
use crate::packages::{Catalogue, Packages, PackagesError};

/// What makes a machine a node.
pub(super) const SCRIPT: &str = include_str!("../../../packaging/install.sh");
/// So much of a file is in memory for each connection.
const CHUNK: usize = 1 << 16;
const TEXT: &str = "text/plain; charset=utf-8";
const PACKAGE: &str = "application/vnd.debian.binary-package";

/// What is handed out to everybody.
#[derive(Debug, Clone)]
pub(super) struct Downloads {
    pub(super) authority: Arc<Authority>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) packages: Arc<Packages>,
}

impl Downloads {
    /// Answers a request. Of one connection one file is sent at a time, in its `turn`.
    pub(super) async fn answer(&self, asked: Parts, turn: Arc<Semaphore>) -> Response<Body> {
        if asked.method != Method::GET && asked.method != Method::HEAD {
            let mut refused = told(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
            let allowed = HeaderValue::from_static("GET, HEAD");
            refused.headers_mut().insert(ALLOW, allowed);
            return refused;
        }
        let mut answered = match asked.uri.path() {
            "/install.sh" => text(StatusCode::OK, SCRIPT),
            "/root.pem" => text(StatusCode::OK, self.authority.root_pem()),
            "/packages/manifest" => match self.catalogue().await {
                Ok(catalogue) => text(StatusCode::OK, catalogue.manifest.clone()),
                Err(refused) => refused,
            },
            path => match path.strip_prefix("/packages/") {
                Some(file) => self.package(file, turn).await,
                None => nothing(),
            },
        };
        if asked.method == Method::HEAD {
            *answered.body_mut() = Body::empty();
        }
        answered
    }

    /// Reading the packages takes its time.
    async fn catalogue(&self) -> Result<Arc<Catalogue>, Response<Body>> {
        let (packages, now) = (Arc::clone(&self.packages), self.fleet.now());
        let read = tokio::task::spawn_blocking(move || packages.catalogue(now)).await;
        read.map_err(|_| unavailable("the packages cannot be read now"))?
            .map_err(|error| refused(&error))
    }

    async fn package(&self, file: &str, turn: Arc<Semaphore>) -> Response<Body> {
        let catalogue = match self.catalogue().await {
            Ok(catalogue) => catalogue,
            Err(refused) => return refused,
        };
        let mut packages = catalogue.packages.iter();
        let Some(package) = packages.find(|package| package.file == file) else {
            return nothing();
        };
        let opened = match self.packages.open(package) {
            Ok(Some(opened)) => opened,
            Ok(None) => return unavailable("the package is being replaced"),
            Err(error) => return refused(&error),
        };
        let Ok(turn) = turn.acquire_owned().await else {
            return unavailable("the controller is stopping");
        };
        let size = package.size_bytes();
        let read = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(opened), size);
        let frames = ReaderStream::with_capacity(read, CHUNK).map(move |chunk| {
            let _turn = &turn;
            chunk.map(Frame::data)
        });
        let body = Body::new(StreamBody::new(frames));
        answer(StatusCode::OK, PACKAGE, size, body)
    }
}

/// Who asks is told what an administrator has to do; where files are is the administrator's to know.
fn refused(error: &PackagesError) -> Response<Body> {
    tracing::warn!(%error, "somebody asked for the packages");
    match error {
        PackagesError::None { .. } => {
            told(StatusCode::NOT_FOUND, "this controller has no packages")
        }
        PackagesError::Read { .. } | PackagesError::TooMany { .. } | PackagesError::Sign(_) => {
            unavailable("the packages cannot be read; the controller's log says why")
        }
    }
}

fn nothing() -> Response<Body> {
    told(StatusCode::NOT_FOUND, "there is no such file")
}

fn unavailable(what: &'static str) -> Response<Body> {
    told(StatusCode::SERVICE_UNAVAILABLE, what)
}

fn told(status: StatusCode, what: &'static str) -> Response<Body> {
    text(status, format!("{what}\n"))
}

fn text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let text = text.into();
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    answer(status, TEXT, size, Body::new(text))
}

fn answer(status: StatusCode, kind: &'static str, size: u64, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // Who is cut off has to see that something is missing.
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    response
}
