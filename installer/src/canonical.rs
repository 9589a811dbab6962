//! One text for one document, so that its digest says whether two are the same.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of the canonical text, as 64 hexadecimal digits.
pub(crate) fn digest<T: Serialize>(document: &T) -> serde_json::Result<String> {
    Ok(hexadecimal(&Sha256::digest(text(document)?)))
}

/// JSON without spaces, the keys of objects in the order of their bytes. Documents here have no fractions, and
/// keys in ASCII: this is what RFC 8785 says.
fn text<T: Serialize>(document: &T) -> serde_json::Result<String> {
    let mut text = String::new();
    write(&serde_json::to_value(document)?, &mut text);
    Ok(text)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(members) => {
            text.push('[');
            for (at, member) in members.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                write(member, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            // Whether a map keeps the order of its making depends on what else is built: it is never left to it.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_bytes());
            text.push('{');
            for (at, (key, field)) in fields.into_iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                let _ = write!(text, "{}:", Value::String(key.clone()));
                write(field, text);
            }
            text.push('}');
        }
        plain => {
            let _ = write!(text, "{plain}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_that_of_lists_does() {
        assert_eq!(
            text(&json!({"b": [2, 1], "a": {"z": null, "é": "\n"}})).unwrap(),
            r#"{"a":{"z":null,"é":"\n"},"b":[2,1]}"#
        );
        let digests = [
            json!({"a": 1, "b": 2}),
            json!({"b": 2, "a": 1}),
            json!([1, 2]),
            json!([2, 1]),
        ];
        let [one, two, three, four] = digests.map(|value| digest(&value).unwrap());
        assert_eq!(one, two);
        assert_ne!(three, four);
        // FIPS 180-4: of the two bytes of an empty object, as sha256sum has it.
        assert_eq!(
            digest(&json!({})).unwrap(),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }
}
