//! The network between nodes and controllers: it loses, delays, doubles and reorders what goes over it, each direction for itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full};
use muster_controller::peer::Link;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::codegen::http::request::Parts;
use tonic::codegen::http::{Request, Response};

use super::center::Center;
use super::certificate::Certificate;
use super::chance::Chance;
use super::gate::Gate;
use super::ledger::Ledger;
use crate::daemon::connect::{CALL_TIMEOUT, ConnectError, Dial, Wire};
use crate::value::Target;

/// The way between one node and one controller.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) node: String,
    pub(super) certificate: Arc<Certificate>,
    pub(super) center: Arc<Center>,
    pub(super) weather: Arc<Weather>,
    pub(super) chance: Chance,
    pub(super) ledger: Arc<Ledger>,
}

/// What the way does to what goes over it.
#[derive(Default)]
pub(super) struct Weather {
    /// Closed while nothing gets to the controller.
    pub(super) there: Gate,
    /// Closed while nothing gets to the node.
    pub(super) back: Gate,
    pub(super) is_slow: AtomicBool,
    pub(super) doubles: AtomicBool,
    /// An old copy of the controller, which is reached as often as the living one.
    pub(super) copy: Mutex<Option<Arc<Center>>>,
}

impl Weather {
    /// As on an ordinary day.
    pub(super) fn clear_up(&self) {
        self.there.open();
        self.back.open();
        self.is_slow.store(false, Ordering::Relaxed);
        self.doubles.store(false, Ordering::Relaxed);
        if let Some(copy) = self.copy.lock().unwrap().take() {
            copy.kill();
        }
    }
}

/// For one direction, on an ordinary day and otherwise.
const FAST: Duration = Duration::from_millis(40);
const SLOW: Duration = Duration::from_secs(9);

/// What was lost is sent again for so long at most, and arrives late.
const SENT_AGAIN: Duration = Duration::from_secs(90);
/// When there is a way again.
const SENT_LATER: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[async_trait]
impl Dial for Way {
    async fn dial(&self, target: &Target) -> Result<Wire, ConnectError> {
        let there_and_back = async {
            self.go(&self.weather.there).await?;
            self.go(&self.weather.back).await
        };
        let reached = tokio::time::timeout(CONNECT_TIMEOUT, there_and_back).await;
        let copy = self.weather.copy.lock().unwrap().clone();
        let way = match copy {
            Some(copy) if self.chance.one_of(2) => Self {
                center: copy,
                ..self.clone()
            },
            _ => self.clone(),
        };
        let known = way.center.fleet().map(|fleet| Arc::as_ptr(&fleet).addr());
        let (Ok(Some(())), Some(process)) = (reached, known) else {
            return Err(ConnectError::new(target, "nobody answers".to_owned()));
        };
        let on = Connection {
            process,
            serial: self.certificate.shown(),
            link: Link::made_now(),
        };
        let way = self.clone();
        let call = move |request| way.clone().call(on.clone(), request);
        Ok(Wire::new(tower::service_fn(call)))
    }

    fn generation(&self) -> u64 {
        self.certificate.generation()
    }
}

/// With a process of a controller, by a certificate.
#[derive(Debug, Clone)]
struct Connection {
    process: usize,
    serial: String,
    link: Link,
}

impl Way {
    /// One call on a connection.
    async fn call(self, on: Connection, request: Request<Body>) -> Result<Response<Body>, Status> {
        let now = self.center.fleet().map(|fleet| Arc::as_ptr(&fleet).addr());
        if now != Some(on.process) {
            return Err(Status::unavailable("the connection was reset"));
        }
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await?.to_bytes();
        if self.weather.doubles.load(Ordering::Relaxed) && self.chance.one_of(2) {
            let (way, parts, bytes) = (self.clone(), parts.clone(), bytes.clone());
            let again = on.clone();
            tokio::spawn(async move {
                tokio::time::sleep(way.chance.up_to(SENT_AGAIN)).await;
                way.ledger
                    .note(format_args!("{}: a call arrives again", way.node));
                way.exchange(&again, parts, bytes).await;
            });
        }
        let (sender, receiver) = oneshot::channel();
        // It is under way, whether somebody still waits for the answer or not.
        tokio::spawn(async move {
            let answer = self.exchange(&on, parts, bytes).await;
            let _ = sender.send(answer);
        });
        match tokio::time::timeout(CALL_TIMEOUT, receiver).await {
            Ok(Ok(Some(answer))) => Ok(answer),
            Ok(_) => Err(Status::unavailable("the connection was lost")),
            Err(_) => Err(Status::deadline_exceeded("no answer in time")),
        }
    }

    async fn exchange(
        &self,
        on: &Connection,
        parts: Parts,
        bytes: Bytes,
    ) -> Option<Response<Body>> {
        self.go(&self.weather.there).await?;
        let request = Request::from_parts(parts, Body::new(Full::new(bytes)));
        let answer = self
            .center
            .call(&self.node, &on.serial, on.link, request)
            .await?;
        self.go(&self.weather.back).await?;
        Some(answer)
    }

    /// One direction; nothing when it got lost for good.
    async fn go(&self, direction: &Gate) -> Option<()> {
        let slowest = match self.weather.is_slow.load(Ordering::Relaxed) {
            true => SLOW,
            false => FAST,
        };
        let takes = match self.chance.one_of(3) {
            true => slowest,
            false => self.chance.up_to(slowest),
        };
        tokio::time::sleep(takes).await;
        if direction.is_closed() {
            let patience = self.chance.up_to(SENT_AGAIN);
            tokio::time::timeout(patience, direction.opened())
                .await
                .ok()?;
            tokio::time::sleep(self.chance.up_to(SENT_LATER)).await;
        }
        Some(())
    }
}
