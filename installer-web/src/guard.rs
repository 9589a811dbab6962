//! What every request has to pass, and what every answer carries.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::Shared;
use crate::problem::Problem;

/// Whoever is reached by any other name is shown to somebody else's page: its name leads here by that somebody's doing (DNS rebinding).
/// An address as the host is nobody's name, and so is always good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(BTreeSet<String>);

/// Nothing is loaded from elsewhere, nothing runs, nobody frames it, and forms go nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// What goes with every answer. Referrers stay here, but do stay: without any, browsers hide from where a form is sent (Fetch
/// standard, "append a request `Origin` header").
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

impl Hosts {
    /// These names, and `localhost`.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let names = names.into_iter().chain(["localhost".to_owned()]);
        Self(names.map(|name| canonical(&name)).collect())
    }

    /// Whether the value of a `Host` header is an address, or one of the names.
    #[must_use]
    pub fn has(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else {
            return false;
        };
        is_address(name) || self.0.contains(&canonical(name))
    }
}

/// Names are the same in small letters, and with a dot at the end.
fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// None for what is no host with or without a port (RFC 3986, section 3.2).
pub(crate) fn without_port(host: &str) -> Option<&str> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    (port.is_none_or(is_port) && !name.is_empty()).then_some(name)
}

fn is_address(name: &str) -> bool {
    let in_brackets = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match in_brackets {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => matches!(name.parse::<IpAddr>(), Ok(IpAddr::V4(_))),
    }
}

/// Lets those requests through that are for this page, and from it where they change something.
pub(crate) async fn check(State(page): State<Shared>, request: Request, next: Next) -> Response {
    let Some(host) = host(request.headers()).filter(|host| page.hosts().has(host)) else {
        return Problem::WrongHost.into_response();
    };
    if !is_safe(request.method()) && !is_from_here(&request, host) {
        return Problem::CrossSite.into_response();
    }
    next.run(request).await
}

/// Gives an answer what every answer has to have.
pub(crate) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        headers.entry(name).or_insert(value);
    }
    response
}

/// The one host that is asked for.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a browser says that this page sends it; or a program asks the API, which nobody's cookie signs in.
fn is_from_here(request: &Request, host: &str) -> bool {
    let headers = request.headers();
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let here = format!("https://{host}");
    match headers.get(ORIGIN) {
        Some(origin) => origin.as_bytes().eq_ignore_ascii_case(here.as_bytes()),
        None => {
            let is_api = request.uri().path().starts_with("/api/");
            is_api && site.is_none() && !headers.contains_key(COOKIE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_name_of_ours_and_nothing_else() {
        let hosts = Hosts::new(["Node-7".to_owned(), "node-7.example.".to_owned()]);
        for good in [
            "node-7",
            "NODE-7:8443",
            "node-7.example",
            "node-7.example.:443",
            "localhost:1",
            "192.0.2.7",
            "192.0.2.7:8443",
            "[2001:db8::7]",
            "[2001:db8::7]:8443",
        ] {
            assert!(hosts.has(good), "{good}");
        }
        for bad in [
            "",
            ":443",
            "evil.example",
            "node-7.evil.example",
            "node-7:",
            "node-7:99999",
            "node-7:443:443",
            "192.0.2.7.evil.example",
            "2001:db8::7",
            "[node-7]",
            "[192.0.2.7]",
            "node-7@evil.example",
            "0x7f000001",
        ] {
            assert!(!hosts.has(bad), "{bad}");
        }
    }
}
