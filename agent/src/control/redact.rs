//! Takes secrets out of text that leaves the machine. None should be in it: this is the second lock.

use std::borrow::Cow;

/// How a join token begins.
const TOKEN: &str = "mst1.";
const KEY_BEGINS: &str = "-----BEGIN ";
const KEY: &str = "PRIVATE KEY-----";
const KEY_ENDS: &str = "-----END ";
const GONE: &str = "[redacted]";

/// The text without join tokens, private keys, passwords in addresses, and codes that open the page.
pub(super) fn redact(text: &str) -> String {
    let text = keys(text);
    let text = tokens(&text);
    codes(&passwords(&text))
}

/// Sign-in codes, `XXXX-XXXX-XXXX-XXXX` as a word of its own: one that nobody used is good for an hour.
fn codes(text: &str) -> String {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(is_inside) {
        let (before, word_and_rest) = rest.split_at(begin);
        let end = word_and_rest.find(|c| !is_inside(c));
        let (word, after) = word_and_rest.split_at(end.unwrap_or(word_and_rest.len()));
        kept.push_str(before);
        kept.push_str(if is_code(word) { GONE } else { word });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn is_code(word: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let mut groups = word.split('-');
    let is_grouped = groups.all(|group| group.len() == 4 && group.bytes().all(is_letter));
    is_grouped && word.len() == 19
}

/// PEM blocks (RFC 7468) of private keys, whole ones and those that are cut off, also with `\n` written out as in JSON.
fn keys(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, block)) = rest.split_once(KEY_BEGINS) {
        kept.push_str(before);
        let label = block.split("-----").next().unwrap_or_default();
        if !format!("{label}-----").ends_with(KEY) {
            kept.push_str(KEY_BEGINS);
            rest = block;
            continue;
        }
        kept.push_str(GONE);
        rest = match block.split_once(KEY_ENDS) {
            Some((_, after)) => after.split_once(KEY).map_or("", |(_, after)| after),
            None => "",
        };
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

fn tokens(text: &str) -> Cow<'_, str> {
    if !text.contains(TOKEN) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(TOKEN);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '=');
        kept.push_str(TOKEN);
        kept.push_str(GONE);
        kept.push_str(part.trim_start_matches(is_token));
    }
    Cow::Owned(kept)
}

/// `scheme://user:password@host`.
fn passwords(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("://");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str("://");
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>');
        let end = part.find(ends).unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                kept.push_str(GONE);
                kept.push('@');
                kept.push_str(host);
            }
            None => kept.push_str(authority),
        }
        kept.push_str(rest);
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let key = "a\n-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\nb";
        assert_eq!(redact(key), "a\n[redacted]\nb");
        let json = r#"{"k":"-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n","x":1}"#;
        assert_eq!(redact(json), r#"{"k":"[redacted]\n","x":1}"#);
        assert_eq!(redact("-----BEGIN PRIVATE KEY-----\nc2Vj"), "[redacted]");
        let public = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
        assert_eq!(redact(public), public);
        assert_eq!(
            redact("sign-in code of https://n: 7K3M-9QXD-2V8R-HT4C (good once)"),
            "sign-in code of https://n: [redacted] (good once)"
        );
        let others = "a 7K3M-9QXD-2V8R, 7K3M-9QXD-2V8R-HT4C-1, 7k3m-9qxd-2v8r-ht4c, 1 – x-";
        assert_eq!(redact(others), others);
        assert_eq!(
            redact("token=mst1.abc.se-cr_et.pin, next mst1.x"),
            "token=mst1.[redacted], next mst1.[redacted]"
        );
        assert_eq!(
            redact("proxy http://u:p@ss@h:3128/x and https://h/a@b"),
            "proxy http://[redacted]@h:3128/x and https://h/a@b"
        );
    }
}
