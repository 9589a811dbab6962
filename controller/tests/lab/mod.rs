//! A controller in this process on a loopback port, and machines that ask it.
//!
//! Map: this file starts it; `network` connects to it, `machine` joins, `administration` is what administrators do.

#![allow(dead_code, unused_imports, reason = "no test uses all of it")]

mod administration;
mod machine;
mod network;

use std::sync::Arc;
use std::time::Duration;

use muster_adequacy::Policy;
use muster_controller::admission::{Admission, Rule};
use muster_controller::authority::{self, Authority};
use muster_controller::clock::{Clock as _, SystemClock};
use muster_controller::config;
use muster_controller::fleet::{Fleet, Timing};
use muster_controller::packages::Packages;
use muster_controller::serve::{Listeners, Newcomers, Revoked, Services};
use muster_controller::store::{MemoryStore, Store};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use administration::Duplicate;
pub(crate) use machine::{Identity, Machine, issue, request};
pub(crate) use network::Trust;

const POLICY: &str = include_str!("../../../tests/lab/policy.toml");

const PACKAGES: &str = "packages";

pub(crate) struct Lab {
    pub(crate) authority: Arc<Authority>,
    pub(crate) fleet: Arc<Fleet>,
    store: Arc<MemoryStore>,
    pub(crate) port: u16,
    socket: std::path::PathBuf,
    _stop: DropGuard,
    _folder: tempfile::TempDir,
}

/// What may differ from one controller to the other.
pub(crate) struct Setup {
    pub(crate) policy: String,
    pub(crate) rules: Vec<Rule>,
    pub(crate) certificate_life: Duration,
    pub(crate) newcomers: Newcomers,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            policy: POLICY.to_owned(),
            rules: Vec::new(),
            certificate_life: Duration::from_secs(90 * 24 * 3600),
            newcomers: Newcomers::default(),
        }
    }
}

impl Lab {
    /// People accept.
    pub(crate) async fn start() -> Self {
        Self::with_rules("").await
    }

    /// Rules of a configuration accept.
    pub(crate) async fn with_rules(configuration: &str) -> Self {
        Self::with(Setup {
            rules: config::parse(configuration).unwrap().rules,
            ..Setup::default()
        })
        .await
    }

    /// Set up otherwise than by default.
    pub(crate) async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = authority::open_or_create(&folder.path().join("authority"), now_ms());
        let authority = Arc::new(authority.unwrap());
        let store = Arc::new(MemoryStore::new());
        Self::serve(folder, store, authority, setup).await
    }

    /// Where its packages belong.
    pub(crate) fn packages(&self) -> std::path::PathBuf {
        self._folder.path().join(PACKAGES)
    }

    /// Another controller after this one, with the same store and authority, and so many threads in its policy.
    pub(crate) async fn again(self, threads: u32) -> Self {
        let policy = POLICY.replace("at_least = 1", &format!("at_least = {threads}"));
        let Self {
            store,
            authority,
            _folder: folder,
            _stop: stop,
            ..
        } = self;
        drop(stop);
        let setup = Setup {
            policy,
            ..Setup::default()
        };
        Self::serve(folder, store, authority, setup).await
    }

    async fn serve(
        folder: tempfile::TempDir,
        store: Arc<MemoryStore>,
        authority: Arc<Authority>,
        setup: Setup,
    ) -> Self {
        let shared: Arc<dyn Store> = Arc::clone(&store) as _;
        let fleet = Fleet::load(shared, Arc::new(SystemClock), Timing::default());
        let fleet = Arc::new(fleet.await.unwrap());
        let policy = Policy::parse(&setup.policy).unwrap();
        let services = Services {
            admission: Arc::new(
                Admission::new(Arc::clone(&fleet), Arc::clone(&authority), policy)
                    .with_rules(setup.rules)
                    .with_certificate_life(setup.certificate_life),
            ),
            fleet: Arc::clone(&fleet),
            authority: Arc::clone(&authority),
            revoked: Arc::new(Revoked::default()),
        };
        let network = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = network.local_addr().unwrap().port();
        // The controller before this one takes its own away at its end.
        let socket = folder.path().join(format!("admin-{port}.sock"));
        let listeners = Listeners {
            network,
            names: vec!["localhost".to_owned()],
            socket: UnixListener::bind(&socket).unwrap(),
            socket_path: socket.clone(),
            packages: Arc::new(Packages::new(
                folder.path().join(PACKAGES),
                Arc::clone(&authority),
            )),
            newcomers: setup.newcomers,
        };
        let stop = CancellationToken::new();
        tokio::spawn(services.run(listeners, stop.clone()));
        Self {
            authority,
            store,
            fleet,
            port,
            socket,
            _stop: stop.drop_guard(),
            _folder: folder,
        }
    }
}

pub(crate) fn now_ms() -> i64 {
    SystemClock.now()
}
