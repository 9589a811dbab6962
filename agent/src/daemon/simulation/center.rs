//! A controller's process: the real one, but for TLS, the command line and the database.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use muster_adequacy::Policy;
use muster_controller::admission::Admission;
use muster_controller::authority::Authority;
use muster_controller::clock::Clock;
use muster_controller::fleet::{Fleet, Timing, watch_leases};
use muster_controller::peer::{Identified, Link, Peer};
use muster_controller::record::UnixMs;
use muster_controller::serve::{Revoked, Services};
use muster_controller::store::Store;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tower::ServiceExt as _;

use super::disk::{Disk, Opened};

/// A controller with its store; it may be down.
pub(super) struct Center {
    pub(super) disk: Arc<Disk>,
    pub(super) wall: Arc<Wall>,
    timing: Timing,
    process: Mutex<Option<Process>>,
}

struct Process {
    services: Services,
    /// Ends what is under way when it is dropped.
    tasks: JoinSet<()>,
    _ended: DropGuard,
}

/// The clock on the wall: anybody may set it.
#[derive(Debug)]
pub(super) struct Wall {
    start: Instant,
    set: AtomicI64,
}

/// No machine is judged here.
const POLICY: &str = r#"
schema = "muster.policy/v1"
name = "simulation"
version = "1"
roles = ["worker"]

[[rules]]
id = "cpu-threads"
title = "A processor"
severity = "required"
check.cpu_threads = { at_least = 1 }
remedy = "Fit one."
"#;
const THEN: UnixMs = 1_790_000_000_000;

impl Center {
    pub(super) fn new(disk: Arc<Disk>, timing: Timing) -> Self {
        let wall = Wall {
            start: Instant::now(),
            set: AtomicI64::new(THEN),
        };
        Self {
            disk,
            wall: Arc::new(wall),
            timing,
            process: Mutex::default(),
        }
    }

    /// Starts it, unless it runs.
    pub(super) async fn start(&self) {
        if self.fleet().is_some() {
            return;
        }
        let process = CancellationToken::new();
        let store: Arc<dyn Store> = Arc::new(Opened {
            disk: Arc::clone(&self.disk),
            process: process.clone(),
        });
        let clock = Arc::clone(&self.wall);
        let fleet = Arc::new(Fleet::load(store, clock, self.timing).await.unwrap());
        let authority = authority();
        let revoked = self.disk.inner.revoked().await.unwrap();
        let services = Services {
            admission: Arc::new(Admission::new(
                Arc::clone(&fleet),
                Arc::clone(&authority),
                Policy::parse(POLICY).unwrap(),
            )),
            fleet: Arc::clone(&fleet),
            authority,
            revoked: Arc::new(Revoked::new(revoked)),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(watch_leases(fleet));
        *self.process.lock().unwrap() = Some(Process {
            services,
            tasks,
            _ended: process.drop_guard(),
        });
    }

    /// Ends it at once, as `kill -9` does.
    pub(super) fn kill(&self) {
        drop(self.process.lock().unwrap().take());
    }

    /// The nodes as it knows them; none while it is down.
    pub(super) fn fleet(&self) -> Option<Arc<Fleet>> {
        let process = self.process.lock().unwrap();
        process
            .as_ref()
            .map(|process| Arc::clone(&process.services.fleet))
    }

    /// Answers a call of a node; nothing when it is down, or ends meanwhile.
    pub(super) async fn call(
        &self,
        node: &str,
        serial: &str,
        link: Link,
        request: Request<Body>,
    ) -> Option<Response<Body>> {
        let caller = Identified {
            peer: Peer::Node(node.to_owned()),
            serial: serial.to_owned(),
            begins: 0,
            ends: UnixMs::MAX,
        };
        let (sender, receiver) = tokio::sync::oneshot::channel();
        {
            let mut process = self.process.lock().unwrap();
            let process = process.as_mut()?;
            let service = process.services.node(caller, link);
            process.tasks.spawn(async move {
                let Ok(answer) = service.oneshot(request).await;
                // Whoever asked may be gone.
                let _ = sender.send(answer);
            });
        }
        receiver.await.ok()
    }
}

impl Wall {
    /// Sets it by so many milliseconds.
    pub(super) fn jump(&self, by: i64) {
        self.set.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for Wall {
    fn now(&self) -> UnixMs {
        let run = i64::try_from(self.start.elapsed().as_millis()).unwrap();
        self.set.load(Ordering::Relaxed) + run
    }
}

/// The same for every seed: it costs time to make, and signs nothing here.
fn authority() -> Arc<Authority> {
    static AUTHORITY: OnceLock<Arc<Authority>> = OnceLock::new();
    let made = || Arc::new(Authority::create(THEN).unwrap().0);
    Arc::clone(AUTHORITY.get_or_init(made))
}
