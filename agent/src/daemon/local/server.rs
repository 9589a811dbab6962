//! Takes connections on the socket: few at a time, none for long.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::access::{self, Caller, LocalRead, Right};
use super::desk::Desk;
use super::door::Door;
use super::protocol::{Answer, Call, LONGEST_REQUEST_BYTES};

/// More wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 16;
/// A caller has so long to ask, and so long to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A reset stops workloads first.
const LONGEST_CALL: Duration = Duration::from_mins(5);

/// The task behind the socket.
pub(crate) struct Server {
    pub(crate) door: Door,
    pub(crate) desk: Arc<Desk>,
    pub(crate) local_read: LocalRead,
}

impl Server {
    /// Runs until `cancel`; answers that are being given are given.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut calls = JoinSet::new();
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            // All can be dropped: a connection that nobody took stays in the kernel's queue.
            let taken = tokio::select! {
                () = cancel.cancelled() => break,
                Some(_) = calls.join_next() => continue,
                taken = self.door.listener.accept() => taken,
            };
            match taken {
                Ok((stream, _)) => {
                    let (desk, local_read) = (Arc::clone(&self.desk), self.local_read);
                    calls.spawn(async move {
                        serve(stream, &desk, local_read).await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    // No more files, as a rule: waiting lets some be closed.
                    tracing::warn!(error = %error, "a local connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        let rest = async { while calls.join_next().await.is_some() {} };
        // Who has not taken the answer by then does not want it.
        let _ = tokio::time::timeout(PATIENCE, rest).await;
    }
}

async fn serve(mut stream: UnixStream, desk: &Desk, local_read: LocalRead) {
    let answered = tokio::time::timeout(LONGEST_CALL, answer(&mut stream, desk, local_read)).await;
    let Ok(Some(answer)) = answered else {
        return;
    };
    let Ok(mut line) = serde_json::to_vec(&answer) else {
        tracing::error!("an answer cannot be written as JSON");
        return;
    };
    line.push(b'\n');
    let written = tokio::time::timeout(PATIENCE, stream.write_all(&line)).await;
    if !matches!(written, Ok(Ok(()))) {
        tracing::debug!("a local caller did not take its answer");
    }
}

/// None for a caller that asks nothing.
async fn answer(stream: &mut UnixStream, desk: &Desk, local_read: LocalRead) -> Option<Answer> {
    let Some(right) = right(stream, local_read).await else {
        return Some(refused("it cannot be seen who asks"));
    };
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream).take(LONGEST_REQUEST_BYTES);
    let read = tokio::time::timeout(PATIENCE, reader.read_until(b'\n', &mut line)).await;
    match read {
        Ok(Ok(_)) if line.last() == Some(&b'\n') => {}
        Ok(Ok(0) | Err(_)) | Err(_) => return None,
        Ok(Ok(_)) => return Some(refused("the request has no end, or is too long")),
    }
    let Ok(call) = serde_json::from_slice::<Call>(&line) else {
        let why = "the agent does not know this call; are it and this program of the same version?";
        return Some(refused(why));
    };
    Some(match (right, call.changes()) {
        (Right::All, _) | (Right::Read, false) => desk.answer(call).await,
        (Right::Read | Right::Nothing, _) => refused(
            "this is for root, the user that runs the agent, and members of the group muster",
        ),
    })
}

/// None when the kernel or the system's users do not tell.
async fn right(stream: &UnixStream, local_read: LocalRead) -> Option<Right> {
    let peer = stream.peer_cred().ok()?;
    let caller = Caller {
        user: peer.uid(),
        group: peer.gid(),
    };
    // The users may be in a directory somewhere else.
    let looked = tokio::task::spawn_blocking(move || access::right(&caller, local_read));
    looked.await.ok()
}

fn refused(reason: &str) -> Answer {
    let reason = reason.to_owned();
    Answer::Refused { reason }
}
