//! Every sentence of the page, in each language. What policies, devices and the agent say is in theirs.
//!
//! Map: `table` has a row a sentence, `counted` those with numbers or names in them.

mod counted;
mod table;

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;

pub(crate) use table::{ENGLISH, GERMAN, Words};

/// The language of whoever asks: the one of ours that is named with the highest weight, and English without any.
pub(crate) struct Reader(pub(crate) &'static Words);

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(of(&parts.headers)))
    }
}

/// By `Accept-Language` (RFC 9110, section 12.5.4).
pub(crate) fn of(headers: &HeaderMap) -> &'static Words {
    let asked = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|asked| asked.to_str().ok());
    let mut best: (f32, &'static Words) = (0.0, &ENGLISH);
    for range in asked.unwrap_or_default().split(',') {
        let (name, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let weight = weight
            .trim()
            .trim_start_matches("q=")
            .parse()
            .unwrap_or(0.0);
        let language = name.trim().split('-').next().unwrap_or_default();
        let known = [&ENGLISH, &GERMAN].into_iter();
        let mut known = known.filter(|words| words.language.eq_ignore_ascii_case(language));
        if let Some(words) = known.next()
            && weight > best.0
        {
            best = (weight, words);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_that_is_asked_for() {
        let language = |asked: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, asked.parse().unwrap());
            of(&headers).language
        };
        assert_eq!(language("de-AT,de;q=0.9,en;q=0.8"), "de");
        assert_eq!(language("en-GB,en;q=0.9,de;q=0.8"), "en");
        assert_eq!(language("fr;q=0.9, de;q=0.4, en;q=0.3"), "de");
        assert_eq!(language("fr"), "en");
        assert_eq!(language("de;q=nonsense"), "en");
        assert_eq!(of(&HeaderMap::new()).language, "en");
    }
}
