//! The same in JSON, for programs: `/api/v1`.
//!
//! A code opens a session (`POST /api/v1/session` with `{"code": "…"}`), whose token goes with every request after that as a bearer
//! token. What is asked for comes with an `ETag`, and is not sent again to whoever has it.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use muster_model::Role;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::ports::Unknown;
use crate::problem::Problem;
use crate::session::{self, Origin};
use crate::{Remote, Shared};

/// What is to be judged, and by what.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Question {
    /// The usual policy without one.
    pub(crate) policy: Option<String>,
    /// Every role without one.
    pub(crate) role: Option<String>,
}

/// What somebody signs in with.
#[derive(Deserialize)]
pub(crate) struct Typed {
    pub(crate) code: String,
}

/// `muster.inventory/v1`.
pub(crate) async fn inventory(
    State(page): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    json_of(&headers, &*page.machine.inventory().await?)
}

/// `muster.verdict/v1`.
pub(crate) async fn verdict(
    State(page): State<Shared>,
    Query(question): Query<Question>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let policy = match question.policy {
        Some(policy) => policy,
        None => page.usual_policy().await?,
    };
    let verdict = page.machine.judge(&policy).await?;
    let verdict = match question.role {
        None => verdict,
        Some(role) => Role::from_key(&role)
            .and_then(|role| verdict.only(role))
            .ok_or_else(|| malformed(format!("the policy {policy} judges no role {role}")))?,
    };
    json_of(&headers, &verdict)
}

/// As `muster status --output json` has it.
pub(crate) async fn status(
    State(page): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    json_of(&headers, &page.machine.node().await?.document)
}

/// The names of the policies, the usual one first.
pub(crate) async fn policies(
    State(page): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    json_of(
        &headers,
        &json!({"policies": page.machine.policies().await}),
    )
}

/// Opens a session.
pub(crate) async fn begin_session(
    State(page): State<Shared>,
    Origin(Remote(from)): Origin,
    Json(typed): Json<Typed>,
) -> Result<Response, Problem> {
    let token = page.sign_in().enter(&typed.code, from, None)?;
    let opened = json!({"token": token.reveal()});
    Ok((StatusCode::CREATED, Json(opened)).into_response())
}

/// Closes the session that asks.
pub(crate) async fn end_session(State(page): State<Shared>, headers: HeaderMap) -> StatusCode {
    if let Some(token) = session::carried(&headers) {
        page.sign_in().leave(&token);
    }
    StatusCode::NO_CONTENT
}

pub(crate) fn malformed(detail: String) -> Problem {
    Problem::Malformed {
        status: StatusCode::BAD_REQUEST,
        detail,
    }
}

fn json_of(headers: &HeaderMap, document: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(document).map_err(|error| Unknown {
        reason: error.to_string(),
    })?;
    let kind = HeaderValue::from_static("application/json");
    Ok(tagged(headers, kind, body.into()))
}

/// The document with a tag that follows from its bytes; nothing but the tag where whoever asks has it.
pub(crate) fn tagged(headers: &HeaderMap, kind: HeaderValue, body: Bytes) -> Response {
    let digest = Sha256::digest(&body);
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest));
    let has_it = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = match has_it {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(body)),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    // Letters, digits, - and _ in quotes.
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}
