//! Plain HTTP, which only leads to the page.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HOST, LOCATION};
use axum::response::{IntoResponse as _, Response};

use crate::guard::{Hosts, without_port};

/// What is asked for, over TLS on that port.
pub fn redirect(hosts: Hosts, port: u16) -> Router {
    let to = Arc::new((hosts, port));
    Router::new().fallback(lead).with_state(to)
}

async fn lead(State(to): State<Arc<(Hosts, u16)>>, request: Request) -> Response {
    let (hosts, port) = &*to;
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let name = host.filter(|host| hosts.has(host)).and_then(without_port);
    let Some(name) = name else {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    };
    let path = request.uri().path_and_query();
    // Nothing but a path: what is asked of a proxy is an address of somebody else's.
    let path = path.map_or("/", |path| path.as_str());
    let place = match port {
        443 => format!("https://{name}{path}"),
        port => format!("https://{name}:{port}{path}"),
    };
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, place)]).into_response()
}
