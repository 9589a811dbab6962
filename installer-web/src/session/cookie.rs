//! How a session comes along with requests.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderValue, InvalidHeaderValue};

use super::Token;

/// The prefix has browsers take it over TLS only, for this host only, for all paths (RFC 6265bis, section 4.1.3.2).
const NAME: &str = "__Host-muster";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The session that a browser keeps.
pub(crate) fn kept(headers: &HeaderMap) -> Option<Token> {
    let cookies = headers.get_all(COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';').map(str::trim));
    let value = pairs.find_map(|pair| pair.strip_prefix(NAME)?.strip_prefix('='))?;
    Some(Token::of(value))
}

/// The session that a program names (RFC 6750, section 2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Token> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Token::of(token.trim()))
}

/// Has a browser keep a session until it ends.
pub(crate) fn keep(token: &Token) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value: HeaderValue = format!("{NAME}={}; {ATTRIBUTES}", token.reveal()).parse()?;
    value.set_sensitive(true);
    Ok(value)
}

/// Has a browser forget it.
pub(crate) fn forget() -> Result<HeaderValue, InvalidHeaderValue> {
    format!("{NAME}=; {ATTRIBUTES}; Max-Age=0").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(name: axum::http::HeaderName, value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        super::super::carried(&headers).map(|token| token.reveal().to_owned())
    }

    #[test]
    fn a_session_is_found_among_what_a_request_carries() {
        let cookie = |value| token_of(COOKIE, value);
        assert_eq!(cookie("__Host-muster=abc").as_deref(), Some("abc"));
        assert_eq!(cookie("a=b; __Host-muster=abc;c").as_deref(), Some("abc"));
        assert_eq!(cookie("muster=abc; x__Host-muster=abc"), None);
        let bearer = |value| token_of(AUTHORIZATION, value);
        assert_eq!(bearer("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(bearer("bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer"), None);
    }
}
