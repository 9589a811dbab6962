//! The page of a node, `https://NODE/installer`, and the HTTP API behind it.
//!
//! ```
//! # use std::sync::Arc;
//! # use muster_installer_web::{Hosts, Machine, Page, router};
//! # fn served(machine: Arc<dyn Machine>) -> axum::Router {
//! let page = Page::new(machine, Hosts::new(["node-7".to_owned()]));
//! router(Arc::new(page))
//! # }
//! ```
//!
//! Map: [`ports`] is what the page needs of the machine that it is about; `session` is the one-time code and what it opens; `guard` is
//! what every request has to pass; `pages` has a file a page, `pictures` what they draw, `parts` what they share; `api` is the same in
//! JSON; `problem` is what is told when a request comes to nothing; `words` has every sentence; `assets` the style sheet; `redirect` leads here from plain HTTP.
//!
//! Invariants: no socket, no file, no process here: whoever serves the router does that, and says with [`Remote`] where a request is
//! from. Nothing is told to whoever is not signed in, but that there is a page. Text that came from the machine is screened and
//! escaped. Everything works without scripts, of which there are none.

#![forbid(unsafe_code)]

mod api;
mod assets;
mod guard;
mod pages;
mod parts;
mod pictures;
pub mod ports;
mod problem;
mod redirect;
mod session;
mod words;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::{get, post};

pub use guard::Hosts;
pub use ports::Machine;
pub use redirect::redirect;
pub use session::{CODE_LASTS, Code, SignIn};

/// No form and no document that is sent here is nearly so long.
const LARGEST_BODY: usize = 16 << 10;

/// Where a request is from: an extension that whoever serves the router gives to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote(pub IpAddr);

/// All that the handlers have.
pub struct Page {
    machine: Arc<dyn Machine>,
    hosts: Hosts,
    sign_in: SignIn,
}

impl Page {
    /// The page of `machine`, which answers to `hosts`.
    #[must_use]
    pub fn new(machine: Arc<dyn Machine>, hosts: Hosts) -> Self {
        Self {
            machine,
            hosts,
            sign_in: SignIn::default(),
        }
    }

    /// Who may come in; codes are made there.
    #[must_use]
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// The names that it answers to.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }
}

impl Page {
    async fn usual_policy(&self) -> Result<String, ports::Unknown> {
        let policies = self.machine.policies().await;
        policies.into_iter().next().ok_or_else(|| ports::Unknown {
            reason: "there is no policy".to_owned(),
        })
    }
}

type Shared = Arc<Page>;

/// The page and its API.
pub fn router(page: Arc<Page>) -> Router {
    let signed_in = Router::new()
        .route("/installer", get(pages::overview::show))
        .route("/installer/hardware", get(pages::hardware::show))
        .route("/installer/inventory.json", get(pages::hardware::download))
        .route("/installer/adequacy", get(pages::adequacy::show))
        .route("/installer/node", get(pages::node::show))
        .route("/installer/read-again", post(pages::read_again))
        .route("/installer/sign-out", post(pages::sign_in::leave))
        .layer(from_fn_with_state(Arc::clone(&page), session::required));
    let api = Router::new()
        .route("/api/v1/inventory", get(api::inventory))
        .route("/api/v1/verdict", get(api::verdict))
        .route("/api/v1/status", get(api::status))
        .route("/api/v1/policies", get(api::policies))
        .layer(from_fn_with_state(
            Arc::clone(&page),
            session::required_by_api,
        ));
    Router::new()
        .merge(signed_in)
        .merge(api)
        .route("/", get(pages::home))
        .route("/installer/", get(pages::home))
        .route("/installer/style.css", get(assets::style))
        .route(
            "/installer/sign-in",
            get(pages::sign_in::show).post(pages::sign_in::enter),
        )
        .route(
            "/api/v1/session",
            post(api::begin_session).delete(api::end_session),
        )
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::not_allowed)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&page), guard::check))
        .layer(from_fn(problem::told))
        .layer(map_response(guard::harden))
        .with_state(page)
}
