//! A file a page. Each asks the machine, and draws.

pub(crate) mod adequacy;
pub(crate) mod hardware;
pub(crate) mod node;
pub(crate) mod overview;
mod rules;
mod sentence;
pub(crate) mod sign_in;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::REFERER;
use axum::response::Redirect;

use crate::Shared;

const HOME: &str = "/installer";

/// The other names of the first page.
pub(crate) async fn home() -> Redirect {
    Redirect::to(HOME)
}

/// Has the machine read again, and leads back to where that was asked for.
pub(crate) async fn read_again(State(page): State<Shared>, headers: HeaderMap) -> Redirect {
    page.machine.read_again();
    Redirect::to(&back(&headers))
}

/// The page that a form was on, by its path and nothing else: an address would lead elsewhere.
fn back(headers: &HeaderMap) -> String {
    let from = headers.get(REFERER).and_then(|from| from.to_str().ok());
    let path = from
        .and_then(|from| from.split_once("://"))
        .and_then(|(_, rest)| rest.find('/').and_then(|start| rest.get(start..)))
        .filter(|path| path.starts_with("/installer"));
    path.unwrap_or(HOME).to_owned()
}
