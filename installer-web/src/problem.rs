//! What is told when a request comes to nothing: a page to people, a problem document (RFC 9457) to programs.

use axum::extract::Request;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::parts;
use crate::ports::{NoVerdict, Unknown};
use crate::words::Words;

/// Why a request comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    WrongHost,
    CrossSite,
    NotSignedIn,
    WrongCode,
    TooManyAttempts {
        wait_s: u64,
    },
    NotFound,
    NotAllowed,
    /// What was sent is not what is wanted there; the detail is for people.
    Malformed {
        status: StatusCode,
        detail: String,
    },
    NoPolicy {
        detail: String,
    },
    /// It is the machine's or the operator's fault, and no request would do better.
    Failed {
        detail: String,
    },
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite | Self::WrongCode => StatusCode::FORBIDDEN,
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound | Self::NoPolicy { .. } => StatusCode::NOT_FOUND,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed { status, .. } => *status,
            Self::Failed { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Its name for programs, which does not change.
    fn key(&self) -> &'static str {
        match self {
            Self::WrongHost => "wrong-host",
            Self::CrossSite => "cross-site",
            Self::NotSignedIn => "not-signed-in",
            Self::WrongCode => "wrong-code",
            Self::TooManyAttempts { .. } => "too-many-attempts",
            Self::NotFound => "not-found",
            Self::NotAllowed => "method-not-allowed",
            Self::Malformed { .. } => "malformed",
            Self::NoPolicy { .. } => "no-policy",
            Self::Failed { .. } => "failed",
        }
    }

    /// What happened, and what to do.
    pub(crate) fn told(&self, words: &Words) -> (&'static str, String) {
        match self {
            Self::WrongHost => (words.wrong_host, words.wrong_host_help.to_owned()),
            Self::CrossSite => (words.cross_site, words.cross_site_help.to_owned()),
            Self::NotSignedIn => (words.not_signed_in, words.not_signed_in_help.to_owned()),
            Self::WrongCode => (words.wrong_code, words.wrong_code_help.to_owned()),
            Self::TooManyAttempts { wait_s } => (
                words.too_many_attempts,
                (words.too_many_attempts_help)(*wait_s),
            ),
            Self::NotFound => (words.not_found, words.not_found_help.to_owned()),
            Self::NotAllowed => (words.not_allowed, words.not_allowed_help.to_owned()),
            Self::Malformed { detail, .. } => (words.malformed, detail.clone()),
            Self::NoPolicy { detail } => (words.no_policy, detail.clone()),
            Self::Failed { detail } => (words.failed, detail.clone()),
        }
    }

    fn as_document(&self) -> Response {
        let (title, detail) = self.told(&crate::words::ENGLISH);
        let document = json!({
            "type": format!("urn:muster:problem:{}", self.key()),
            "title": title,
            "status": self.status().as_u16(),
            "detail": detail,
        });
        let kind = HeaderValue::from_static("application/problem+json");
        (self.status(), [(CONTENT_TYPE, kind)], document.to_string()).into_response()
    }

    fn as_page(&self, words: &Words) -> Response {
        let (title, help) = self.told(words);
        let page = parts::stranger(words, title, &parts::trouble(title, &help));
        (self.status(), page).into_response()
    }
}

/// It is told in full by [`told`].
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Unknown> for Problem {
    fn from(unknown: Unknown) -> Self {
        Self::Failed {
            detail: unknown.reason,
        }
    }
}

impl From<NoVerdict> for Problem {
    fn from(none: NoVerdict) -> Self {
        let detail = none.to_string();
        match none {
            NoVerdict::NoPolicy { .. } => Self::NoPolicy { detail },
            NoVerdict::Unusable { .. } | NoVerdict::Unknown(_) => Self::Failed { detail },
        }
    }
}

/// Tells problems in the language of whoever asks, also those that the router found.
pub(crate) async fn told(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let words = crate::words::of(request.headers());
    let response = next.run(request).await;
    let Some(problem) = problem_of(&response) else {
        return response;
    };
    let mut told = match is_api {
        true => problem.as_document(),
        false => problem.as_page(words),
    };
    // Such as which methods are allowed.
    let kept = response.headers().iter();
    for (name, value) in kept.filter(|(name, _)| *name != CONTENT_TYPE && *name != CONTENT_LENGTH) {
        told.headers_mut().insert(name, value.clone());
    }
    problem.mark(told.headers_mut());
    told
}

impl Problem {
    fn mark(&self, headers: &mut HeaderMap) {
        match self {
            Self::NotSignedIn => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::TooManyAttempts { wait_s } => {
                headers.insert(RETRY_AFTER, HeaderValue::from(*wait_s));
            }
            _ => {}
        }
    }
}

/// A refusal of the router's own is a plain text.
fn problem_of(response: &Response) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE);
    let is_plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    (status.is_client_error() && is_plain).then(|| Problem::Malformed {
        status,
        detail: status.canonical_reason().unwrap_or_default().to_owned(),
    })
}

pub(crate) async fn not_found() -> Problem {
    Problem::NotFound
}

pub(crate) async fn not_allowed() -> Problem {
    Problem::NotAllowed
}
