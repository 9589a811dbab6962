//! `muster-controller serve`.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use muster_adequacy::Policy;
use muster_controller::admission::Admission;
use muster_controller::authority::{self, Authority};
use muster_controller::clock::{Clock as _, SystemClock};
use muster_controller::config::{self, Config};
use muster_controller::fleet::{Fleet, Timing};
use muster_controller::packages::Packages;
use muster_controller::record::UnixMs;
use muster_controller::serve::{Listeners, Newcomers, Revoked, Services};
use muster_controller::store::{SqliteStore, Store};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sd_notify::NotifyState;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::cli::ServeArguments;
use super::names;

const CONFIGURATION: &str = "/etc/muster-controller/config.toml";
const DEFAULT_POLICY: &str = include_str!("../../../packaging/policies/default.toml");

/// Serves until SIGTERM or SIGINT.
pub(super) async fn run(mut arguments: ServeArguments) -> anyhow::Result<()> {
    log();
    if arguments.names.is_empty() {
        arguments.names = names::own();
    }
    allow_many_files();
    let policy = policy(arguments.policy.as_deref())?;
    let config = configuration(arguments.config.as_deref())?;
    folder(&arguments.state)?;
    let clock = Arc::new(SystemClock);
    let authority = Arc::new(authority(&arguments, clock.now())?);
    let store = SqliteStore::open(&arguments.state.join("muster.db")).with_context(|| {
        format!(
            "the database in {} cannot be used",
            arguments.state.display()
        )
    })?;
    let store: Arc<dyn Store> = Arc::new(store);
    let revoked = Arc::new(Revoked::new(store.revoked().await?));
    let timing = timing(&arguments);
    let fleet = Arc::new(Fleet::load(store, clock, timing).await?);
    let services = Services {
        admission: Arc::new(
            Admission::new(Arc::clone(&fleet), Arc::clone(&authority), policy)
                .with_rules(config.rules)
                .with_certificate_life(arguments.certificate_life),
        ),
        fleet,
        authority,
        revoked,
    };
    let packages = packages(&arguments, &services);
    let listeners = listeners(&arguments, packages).await?;
    let address = listeners.network.local_addr()?;
    let stop = CancellationToken::new();
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let stopped = stop.clone();
    tokio::spawn(async move {
        // Cancel-safe: a signal that came is not lost.
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        stopped.cancel();
    });
    tracing::info!(%address, names = arguments.names.join(" "), socket = %arguments.socket.display(), "serving");
    // Standard output is for whoever started it and waits for the port.
    let _ = writeln!(std::io::stdout(), "listening on {address}");
    // Nobody may wait for it.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    services.run(listeners, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

/// The one that was brought, or the controller's own.
fn authority(arguments: &ServeArguments, now: UnixMs) -> anyhow::Result<Authority> {
    let folder = arguments.state.join("authority");
    let (Some(chain), Some(key)) = (&arguments.authority_cert, &arguments.authority_key) else {
        return Ok(authority::open_or_create(&folder, now)?);
    };
    let brought = authority::bring(chain, key, &arguments.names, now);
    let brought =
        brought.with_context(|| format!("the authority in {} cannot be used", chain.display()))?;
    authority::remember(&folder, &brought)?;
    Ok(brought)
}

/// The lease is three intervals, the margin one and a half.
fn timing(arguments: &ServeArguments) -> Timing {
    Timing {
        interval: arguments.interval,
        lease: arguments.interval * 3,
        margin: arguments.interval * 3 / 2,
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the controller's own configuration, not the host"
)]
fn policy(path: Option<&Path>) -> anyhow::Result<Policy> {
    let (name, text) = match path {
        None => ("default".to_owned(), DEFAULT_POLICY.to_owned()),
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the policy {name}"))?;
            (name, text)
        }
    };
    Policy::parse(&text).with_context(|| format!("the policy {name} is faulty"))
}

/// Each connection is an open file, and the usual limit is that of a program with few.
fn allow_many_files() {
    const ENOUGH: u64 = 1 << 20;
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, hard)| {
        // Root may go beyond the hard limit; for others it is the most.
        setrlimit(Resource::RLIMIT_NOFILE, ENOUGH.max(hard), ENOUGH.max(hard))
            .or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, hard, hard))
    });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files, and with it that of nodes, stays as it is");
    }
}

/// Reads `file`, which has to be there, or the usual one, which need not.
#[allow(
    clippy::disallowed_methods,
    reason = "the controller's own configuration, not the host"
)]
fn configuration(file: Option<&Path>) -> anyhow::Result<Config> {
    let path = file.unwrap_or(Path::new(CONFIGURATION));
    let text = match std::fs::read_to_string(path) {
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => String::new(),
        read => {
            read.with_context(|| format!("cannot read the configuration {}", path.display()))?
        }
    };
    config::parse(&text).with_context(|| format!("the configuration {} is faulty", path.display()))
}

/// A folder that is its owner's alone.
fn folder(path: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Without packages all else goes on; they may be put there later.
fn packages(arguments: &ServeArguments, services: &Services) -> Arc<Packages> {
    let folder = arguments.packages.clone();
    let folder = folder.unwrap_or_else(|| arguments.state.join("packages"));
    let packages = Packages::new(folder, Arc::clone(&services.authority));
    match packages.catalogue(services.fleet.now()) {
        Ok(catalogue) => {
            let files: Vec<&str> = catalogue
                .packages
                .iter()
                .map(|it| it.file.as_str())
                .collect();
            tracing::info!(
                packages = files.join(" "),
                "machines can install muster from here"
            );
        }
        Err(error) => tracing::info!("machines cannot install muster from here: {error}"),
    }
    Arc::new(packages)
}

async fn listeners(
    arguments: &ServeArguments,
    packages: Arc<Packages>,
) -> anyhow::Result<Listeners> {
    let network = TcpListener::bind(arguments.listen).await;
    let network = network.with_context(|| {
        format!(
            "cannot listen on {}; another program may, or --listen chooses another port",
            arguments.listen
        )
    })?;
    let path = &arguments.socket;
    if let Some(parent) = path.parent() {
        folder(parent)?;
    }
    if UnixStream::connect(path).await.is_ok() {
        anyhow::bail!("another controller serves on {}", path.display());
    }
    // What a controller that was killed left behind.
    let _ = std::fs::remove_file(path);
    let socket = UnixListener::bind(path).with_context(|| {
        format!(
            "cannot make the socket {}; --socket chooses another",
            path.display()
        )
    })?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Listeners {
        network,
        names: arguments.names.clone(),
        socket,
        socket_path: path.clone(),
        packages,
        newcomers: Newcomers {
            per_address: arguments.newcomers_per_address,
            ..Newcomers::default()
        },
    })
}

fn log() {
    use tracing_subscriber::fmt;
    fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .init();
}
