//! Asks the running agent.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::protocol::{Answer, Call, LONGEST_ANSWER_BYTES};

/// Every answer but that of a reset comes at once.
const PATIENCE: Duration = Duration::from_secs(15);
/// Workloads are stopped first.
const PATIENCE_RESET: Duration = Duration::from_mins(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("the agent does not run: nobody listens on {socket}")]
    NotRunning { socket: PathBuf },
    #[error(
        "you may not ask the agent on {socket}; be root or a member of the group muster, or set local_read = true in its configuration"
    )]
    NotAllowed { socket: PathBuf },
    #[error("cannot ask the agent on {socket}")]
    Failed { socket: PathBuf, source: io::Error },
    #[error("the agent on {socket} does not answer")]
    Silent { socket: PathBuf },
    #[error(
        "the agent on {socket} answers what this program does not understand: are both of the same version?"
    )]
    Unknown { socket: PathBuf },
    #[error("{reason}")]
    Refused { reason: String },
}

/// Asks, and waits for the answer.
pub(crate) async fn ask(socket: &Path, call: &Call) -> Result<Answer, AskError> {
    let patience = match call {
        Call::Reset => PATIENCE_RESET,
        _ => PATIENCE,
    };
    let line = match tokio::time::timeout(patience, exchange(socket, call)).await {
        Ok(Ok(line)) => line,
        Ok(Err(source)) => return Err(error_of(socket, source)),
        Err(_) => {
            return Err(AskError::Silent {
                socket: socket.to_owned(),
            });
        }
    };
    match serde_json::from_slice(&line) {
        Ok(Answer::Refused { reason }) => Err(AskError::Refused { reason }),
        Ok(answer) => Ok(answer),
        Err(_) if line.is_empty() => Err(AskError::Silent {
            socket: socket.to_owned(),
        }),
        Err(_) => Err(unknown(socket)),
    }
}

/// The answer is to another question.
pub(crate) fn unknown(socket: &Path) -> AskError {
    let socket = socket.to_owned();
    AskError::Unknown { socket }
}

async fn exchange(socket: &Path, call: &Call) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut line = serde_json::to_vec(call)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = Vec::new();
    stream
        .take(LONGEST_ANSWER_BYTES)
        .read_to_end(&mut answer)
        .await?;
    Ok(answer)
}

fn error_of(socket: &Path, source: io::Error) -> AskError {
    let socket = socket.to_owned();
    match source.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => AskError::NotRunning { socket },
        ErrorKind::PermissionDenied => AskError::NotAllowed { socket },
        _ => AskError::Failed { socket, source },
    }
}
