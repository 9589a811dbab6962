//! The way to controllers: directly, or through an HTTP proxy.
//!
//! Map: `proxy` is which proxy, by the configuration or the environment, and for whom; `tunnel` asks it for a connection.
//!
//! Invariants: TLS goes from end to end, the proxy sees where to and nothing else; what logs in to it is in no text and is wiped.

mod proxy;
mod tunnel;

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::value::Target;
pub(crate) use proxy::{Choice, NoAddress, Proxy, ProxyError, of_environment};
pub(crate) use tunnel::TunnelError;

/// How controllers are reached. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outward {
    proxy: Option<Arc<Proxy>>,
}

impl Outward {
    /// Through `proxy`, but for those whom it is not for.
    pub(crate) fn new(proxy: Option<Proxy>) -> Self {
        Self {
            proxy: proxy.map(Arc::new),
        }
    }

    /// The proxy, where there is one for anybody.
    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_deref()
    }

    /// The proxy through which `target` is reached; none where that is directly.
    pub(crate) fn proxy_for(&self, target: &Target) -> Option<&Proxy> {
        self.proxy.as_deref().filter(|proxy| proxy.is_for(target))
    }

    /// A connection to `target`. What went wrong with the proxy is inside of the error.
    pub(crate) async fn open(&self, target: &Target) -> io::Result<TcpStream> {
        let stream = match self.proxy_for(target) {
            None => TcpStream::connect(target.host_and_port()).await?,
            Some(proxy) => tunnel::open(proxy, target)
                .await
                .map_err(io::Error::other)?,
        };
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
