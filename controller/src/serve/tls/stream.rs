//! One connection with who is at its other end.

use std::future::Future as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;

use super::crowd::Stranger;
use super::door::HTTP2;
use super::{Connection, Door, HANDSHAKE};
use crate::peer::{Link, identify};

/// What a client says first in HTTP/2 (RFC 9113, section 3.4): 24 bytes, and the head of a SETTINGS frame.
const PREFACE: usize = 24 + 9;

/// One connection.
#[derive(Debug)]
pub(in crate::serve) struct Accepted {
    /// In a place of its own: whoever passes a connection on keeps room for it in each place where it has been.
    stream: Box<TlsStream<TcpStream>>,
    connection: Connection,
    deadline: Option<Deadline>,
    /// Who has shown no certificate is counted.
    stranger: Option<Stranger>,
}

/// The time in which a client has to begin; and then, without a certificate, to be done.
#[derive(Debug)]
struct Deadline {
    /// How much of the first words was not said yet.
    missing: usize,
    until: Pin<Box<Sleep>>,
}

impl Accepted {
    /// A connection after its handshake.
    pub(super) fn new(
        stream: TlsStream<TcpStream>,
        address: SocketAddr,
        door: &Door,
        stranger: Stranger,
    ) -> Self {
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        let identified = chain.first().and_then(|certificate| identify(certificate));
        let root = chain
            .split_first()
            .and_then(|(_, above)| door.authority().root_above(above));
        let stranger = identified.is_none().then_some(stranger);
        Self {
            connection: Connection {
                address,
                link: Link::made_now(),
                identified,
                root,
            },
            stream: Box::new(stream),
            deadline: Some(Deadline {
                missing: PREFACE,
                until: Box::pin(tokio::time::sleep(HANDSHAKE)),
            }),
            stranger,
        }
    }
}

impl Accepted {
    /// Counts the first words, and moves the deadline when they were said.
    fn said(&mut self, bytes: usize) {
        let Some(deadline) = self.deadline.as_mut().filter(|left| left.missing > 0) else {
            return;
        };
        deadline.missing = deadline.missing.saturating_sub(bytes);
        match (deadline.missing, &self.stranger) {
            (0, Some(stranger)) => {
                let until = Instant::now() + stranger.longest_stay;
                deadline.until.as_mut().reset(until);
            }
            (0, None) => self.deadline = None,
            _ => {}
        }
    }

    /// Whether the time is over in which it had to begin, or to be done; if not, `context` is woken when it is.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let late = |deadline: &mut Deadline| deadline.until.as_mut().poll(context).is_ready();
        self.deadline.as_mut().is_some_and(late)
    }

    /// Whether both ends agreed on HTTP/2 (ALPN).
    pub(in crate::serve) fn speaks_http2(&self) -> bool {
        let (_, session) = self.stream.get_ref();
        session.alpn_protocol() == Some(HTTP2)
    }

    /// Who is at the other end.
    pub(in crate::serve) fn connection(&self) -> Connection {
        self.connection.clone()
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        self.said(read);
        if self.is_late(context) {
            return Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        // Who takes an answer slowly stays no longer than who asks slowly.
        if self.is_late(context) {
            return Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
