//! What pages load: one style sheet.

use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::response::Response;

use crate::api::tagged;

const STYLE: &str = include_str!("style.css");

/// The style sheet. It is asked about again each time, and sent only when it is another.
pub(crate) async fn style(headers: HeaderMap) -> Response {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    let mut response = tagged(&headers, kind, STYLE.into());
    let again = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(CACHE_CONTROL, again);
    response
}
