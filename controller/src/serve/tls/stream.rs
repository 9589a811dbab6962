//! One connection with who is at its other end.

use std::future::Future as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

use super::crowd::Stranger;
use super::{Connection, Door, HANDSHAKE};
use crate::peer::identify;

/// What a client says first in HTTP/2 (RFC 9113, section 3.4): 24 bytes, and the head of a SETTINGS frame.
const PREFACE: usize = 24 + 9;

/// One connection.
#[derive(Debug)]
pub(in crate::serve) struct Accepted {
    /// In a place of its own: whoever passes a connection on keeps room for it in each place where it has been.
    stream: Box<TlsStream<TcpStream>>,
    connection: Connection,
    /// Until the client has said the first words.
    opening: Option<Opening>,
    /// Who has shown no certificate is counted.
    _stranger: Option<Stranger>,
}

/// The time in which a client has to begin.
#[derive(Debug)]
struct Opening {
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
                identified,
                root,
            },
            stream: Box::new(stream),
            opening: Some(Opening {
                missing: PREFACE,
                until: Box::pin(tokio::time::sleep(HANDSHAKE)),
            }),
            _stranger: stranger,
        }
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
        let Some(opening) = &mut self.opening else {
            return polled;
        };
        opening.missing = opening.missing.saturating_sub(read);
        if opening.missing == 0 {
            self.opening = None;
        } else if opening.until.as_mut().poll(context).is_ready() {
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
