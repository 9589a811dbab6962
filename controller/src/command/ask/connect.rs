//! Reaching a controller, and what it says when it refuses.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use hyper_util::rt::TokioIo;
use muster_proto::v1::admin_client::AdminClient;
use muster_terminal::screen;
use tokio::net::UnixStream;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::command::cli::Remote;
use crate::command::remote;
use crate::exit::{Ended, Exit};

pub(in crate::command) type Client = AdminClient<Channel>;

/// Where the controller is.
#[derive(Debug)]
pub(in crate::command) enum Door {
    /// On this machine, by its socket.
    Socket(PathBuf),
    /// Elsewhere: `HOST:PORT`, and the file with an administrator's certificate.
    Remote(String, PathBuf),
}

impl Door {
    /// As the command line says.
    pub(in crate::command) fn of(socket: PathBuf, remote: Remote) -> Self {
        match (remote.server, remote.credentials) {
            (Some(server), Some(credentials)) => Self::Remote(server, credentials),
            _ => Self::Socket(socket),
        }
    }

    pub(super) async fn connect(&self) -> anyhow::Result<Client> {
        match self {
            Self::Socket(socket) => connect(socket).await,
            Self::Remote(server, credentials) => remote::connect(server, credentials).await,
        }
    }
}

/// Connects to the controller's socket.
async fn connect(socket: &Path) -> anyhow::Result<Client> {
    // What connecting fails by is told better by the socket itself.
    if let Err(error) = UnixStream::connect(socket).await {
        return Err(Ended::with(Exit::Failed, unreachable(socket, &error)));
    }
    let path: PathBuf = socket.to_owned();
    let connector = service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://local")
        .connect_with_connector(connector)
        .await;
    let channel = channel.map_err(|_| {
        let message = format!(
            "what listens at {} is no muster-controller; --socket names another socket",
            socket.display()
        );
        Ended::with(Exit::Failed, message)
    })?;
    Ok(AdminClient::new(channel))
}

/// What failed, why, and what to do.
fn unreachable(socket: &Path, error: &std::io::Error) -> String {
    let what = format!("cannot reach the controller at {}", socket.display());
    match error.kind() {
        ErrorKind::NotFound => format!(
            "{what}: there is no such socket. Start the controller with `muster-controller serve`, or name its socket with --socket"
        ),
        ErrorKind::PermissionDenied => format!(
            "{what}: you have no right to it. Only root and the user that runs the controller may; try `sudo`"
        ),
        ErrorKind::ConnectionRefused => format!(
            "{what}: nobody listens there. The controller was stopped or killed: start it with `muster-controller serve`"
        ),
        _ => format!("{what}: {error}. --socket names another socket"),
    }
}

/// What the controller says, without gRPC's words around it, and how the program ends by it.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(in crate::command) fn told(status: tonic::Status) -> anyhow::Error {
    let exit = match status.code() {
        Code::NotFound => Exit::NotFound,
        Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => Exit::Refused,
        Code::InvalidArgument | Code::OutOfRange => Exit::Usage,
        _ => Exit::Failed,
    };
    let message = screen(status.message());
    let message = match status.code() {
        Code::Unimplemented => format!(
            "{message}: the controller is of another version than this program; `cluster status` tells its version"
        ),
        Code::PermissionDenied => {
            format!("{message}: run this as root, or as the user that runs the controller")
        }
        // The transport's own words say less than what caused them.
        _ => match std::error::Error::source(&status) {
            Some(source) => format!(
                "the connection to the controller broke: {}",
                screen(&remote::chain(source))
            ),
            None => message.into_owned(),
        },
    };
    Ended::with(exit, message)
}

/// Whether the controller went away, rather than answered.
pub(super) fn is_broken(status: &tonic::Status) -> bool {
    // What a service says has no source; what the transport says of itself has.
    status.code() == Code::Unavailable || std::error::Error::source(status).is_some()
}
