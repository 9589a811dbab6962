//! A connection through a proxy: `CONNECT` (RFC 9110, section 9.3.6).

use std::pin::pin;

use hyper::client::conn::http1::handshake;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::http::{HeaderValue, Request, StatusCode};
use hyper::upgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Proxy;
use crate::value::Target;

/// Why a proxy gives no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TunnelError {
    #[error("the proxy {proxy} cannot be reached")]
    Unreachable {
        proxy: String,
        source: std::io::Error,
    },
    #[error(
        "the proxy {proxy} wants to know who asks (407): give it USER:PASSWORD by proxy_credentials_file"
    )]
    Unknown { proxy: String },
    #[error("the proxy {proxy} does not take the user and password that it was given (407)")]
    Rejected { proxy: String },
    #[error(
        "the proxy {proxy} forbids connections to {target} (403): have it allow CONNECT to that port"
    )]
    Forbidden { proxy: String, target: String },
    #[error("the proxy {proxy} does not get through to {target} ({status})")]
    NoRoute {
        proxy: String,
        target: String,
        status: StatusCode,
    },
    #[error("the proxy {proxy} answers CONNECT with {status}")]
    Answer { proxy: String, status: StatusCode },
    #[error("what listens on {proxy} is no HTTP proxy")]
    NoProxy {
        proxy: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Asks `proxy` for a connection to `target`; its name is looked up there, not here.
pub(super) async fn open(proxy: &Proxy, target: &Target) -> Result<TcpStream, TunnelError> {
    let unreachable = |source| TunnelError::Unreachable {
        proxy: proxy.to_string(),
        source,
    };
    let stream = TcpStream::connect(proxy.host_and_port()).await;
    let stream = TokioIo::new(stream.map_err(unreachable)?);
    let (mut sender, connection) = handshake(stream).await.map_err(|it| no_proxy(proxy, it))?;
    let request = request(proxy, target).map_err(|it| no_proxy(proxy, it))?;
    let asked = async {
        let response = sender.send_request(request).await;
        let response = response.map_err(|it| no_proxy(proxy, it))?;
        match refusal(response.status(), proxy, target) {
            Some(refusal) => Err(refusal),
            None => upgrade::on(response)
                .await
                .map_err(|it| no_proxy(proxy, it)),
        }
    };
    let (mut asked, mut connection) = (pin!(asked), pin!(connection.with_upgrades()));
    let upgraded = tokio::select! {
        asked = &mut asked => asked?,
        // It ends when the answer is there, or when none will come.
        _ = &mut connection => asked.await?,
    };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        // Who listens at the other end waits for the first word, and says none before.
        Ok(parts) if parts.read_buf.is_empty() => Ok(parts.io.into_inner()),
        _ => Err(no_proxy(proxy, "it says something nobody asked for")),
    }
}

fn request(proxy: &Proxy, target: &Target) -> Result<Request<String>, hyper::http::Error> {
    let mut request = Request::connect(target.to_string());
    if let Some(authorization) = proxy.authorization() {
        let mut value = HeaderValue::from_str(authorization)?;
        value.set_sensitive(true);
        request = request.header(PROXY_AUTHORIZATION, value);
    }
    request
        .header(hyper::header::HOST, target.to_string())
        .body(String::new())
}

fn no_proxy(
    proxy: &Proxy,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> TunnelError {
    TunnelError::NoProxy {
        proxy: proxy.to_string(),
        source: source.into(),
    }
}

fn refusal(status: StatusCode, proxy: &Proxy, target: &Target) -> Option<TunnelError> {
    let is_known = proxy.authorization().is_some();
    let (proxy, target) = (proxy.to_string(), target.to_string());
    Some(match status {
        status if status.is_success() => return None,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED if is_known => TunnelError::Rejected { proxy },
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => TunnelError::Unknown { proxy },
        StatusCode::FORBIDDEN => TunnelError::Forbidden { proxy, target },
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            TunnelError::NoRoute {
                proxy,
                target,
                status,
            }
        }
        status => TunnelError::Answer { proxy, status },
    })
}
