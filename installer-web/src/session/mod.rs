//! Who is signed in: a code that is shown on the console opens a session, once.
//!
//! Map: `code` is what a person types, `limit` how often anybody may try, `sessions` what was opened, `cookie` how a browser keeps it.
//! Codes and sessions are kept as hashes only.

mod code;
mod cookie;
mod limit;
mod sessions;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::problem::Problem;
use crate::{Remote, Shared};
pub use code::{CODE_LASTS, Code};
pub(crate) use cookie::{bearer, forget, keep, kept};
use limit::Limits;
use sessions::Sessions;
pub(crate) use sessions::Token;

/// Codes and sessions of one page.
#[derive(Default)]
pub struct SignIn {
    inner: Mutex<Inner>,
    /// A code was used or replaced.
    ended: Notify,
}

#[derive(Default)]
struct Inner {
    code: Option<code::Kept>,
    limits: Limits,
    sessions: Sessions,
}

/// Why somebody does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not the code, or not any more.
    Wrong,
    /// Too many have tried; so long nobody from there may.
    TooMany { wait: Duration },
    /// The system gives no randomness.
    NoRandomness,
}

impl SignIn {
    /// Makes a code, which lasts for [`CODE_LASTS`] or until it is used. Any code from before is void.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn make_code(&self) -> Result<Code, getrandom::Error> {
        let (code, kept) = code::make(Instant::now())?;
        self.inner().code = Some(kept);
        self.ended.notify_waiters();
        Ok(code)
    }

    /// Waits until no code is good any more. Can be dropped at any time.
    pub async fn no_code_left(&self) {
        loop {
            let ended = self.ended.notified();
            let until = self.inner().code.as_ref().map(code::Kept::until);
            let Some(until) = until.filter(|until| *until > Instant::now()) else {
                return;
            };
            tokio::select! {
                () = ended => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Opens a session for whoever has the code; the session from before is closed.
    pub(crate) fn enter(
        &self,
        typed: &str,
        from: IpAddr,
        before: Option<&Token>,
    ) -> Result<Token, Refusal> {
        let now = Instant::now();
        let mut inner = self.inner();
        inner
            .limits
            .attempt(from, now)
            .map_err(|wait| Refusal::TooMany { wait })?;
        let is_right = inner.code.as_ref().is_some_and(|kept| kept.is(typed, now));
        if !is_right {
            tracing::warn!(%from, "somebody tried to sign in with a wrong code");
            return Err(Refusal::Wrong);
        }
        let token = Token::make().map_err(|_| Refusal::NoRandomness)?;
        inner.code = None;
        if let Some(before) = before {
            inner.sessions.close(before);
        }
        inner.sessions.open(&token, now);
        drop(inner);
        self.ended.notify_waiters();
        tracing::info!(%from, "somebody signed in to the page");
        Ok(token)
    }

    /// Whether the session is open; it stays so for a while after this.
    pub(crate) fn is_open(&self, token: &Token) -> bool {
        self.inner().sessions.is_open(token, Instant::now())
    }

    /// Closes the session for good.
    pub(crate) fn leave(&self, token: &Token) {
        self.inner().sessions.close(token);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held, and what it holds is whole at any time.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong => Self::WrongCode,
            // In whole seconds, and none too early.
            Refusal::TooMany { wait } => Self::TooManyAttempts {
                wait_s: wait.as_secs() + 1,
            },
            Refusal::NoRandomness => Self::Failed {
                detail: "the system gives no randomness".to_owned(),
            },
        }
    }
}

/// Where a request is from; from nowhere in particular when whoever serves did not say so.
pub(crate) struct Origin(pub(crate) Remote);

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let from = parts.extensions.get::<Remote>().copied();
        Ok(Self(from.unwrap_or(Remote(Ipv4Addr::UNSPECIFIED.into()))))
    }
}

/// The session that a request is in, by what it carries.
pub(crate) fn carried(headers: &HeaderMap) -> Option<Token> {
    bearer(headers).or_else(|| kept(headers))
}

fn is_signed_in(page: &Shared, headers: &HeaderMap) -> bool {
    carried(headers).is_some_and(|token| page.sign_in.is_open(&token))
}

/// Leads who is not signed in to where that is done.
pub(crate) async fn required(State(page): State<Shared>, request: Request, next: Next) -> Response {
    match is_signed_in(&page, request.headers()) {
        true => next.run(request).await,
        false => Redirect::to("/installer/sign-in").into_response(),
    }
}

/// Refuses who is not signed in.
pub(crate) async fn required_by_api(
    State(page): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    match is_signed_in(&page, request.headers()) {
        true => next.run(request).await,
        false => Problem::NotSignedIn.into_response(),
    }
}
