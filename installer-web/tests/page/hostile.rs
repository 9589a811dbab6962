//! Hardware that says what it should not.

use axum::http::StatusCode;
use muster_model::Inventory;
use serde_json::Value;

use crate::support::{Visitor, rich};

const PAGES: [&str; 5] = [
    "/installer",
    "/installer/hardware",
    "/installer/adequacy",
    "/installer/adequacy?policy=worker-production",
    "/installer/node",
];

/// What is a word of a list, which no device can choose.
const WORDS: [&str; 9] = [
    "schema",
    "source",
    "kind",
    "boot_mode",
    "duplex",
    "admin_state",
    "transport",
    "status",
    "protocol",
];

/// Every text of the inventory is this one.
fn all_saying(text: &str) -> Inventory {
    fn say(value: &mut Value, text: &str) {
        match value {
            Value::String(said) => text.clone_into(said),
            Value::Array(items) => items.iter_mut().for_each(|item| say(item, text)),
            Value::Object(fields) => {
                let fields = fields.iter_mut();
                let free = fields.filter(|(key, _)| !WORDS.contains(&key.as_str()));
                free.for_each(|(_, field)| say(field, text));
            }
            _ => {}
        }
    }
    let mut document = serde_json::to_value(rich()).unwrap();
    let virtualization = document["cpu"]["virtualization"].take();
    say(&mut document, text);
    document["cpu"]["virtualization"] = virtualization;
    serde_json::from_value(document).unwrap()
}

#[tokio::test]
async fn markup_is_text() {
    let text = r#""><script>alert(1)</script><img src=x onerror='alert(1)'>"#;
    let visitor = Visitor::inside(all_saying(text)).await;
    for page in PAGES {
        let answer = visitor.get(page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        for wrong in ["<script", "<img", "\"><script"] {
            assert!(!answer.body.contains(wrong), "{page} has {wrong}");
        }
        assert!(
            answer.body.contains("&lt;script&gt;"),
            "{page} does not show it"
        );
    }
}

#[tokio::test]
async fn text_does_not_turn_or_hide() {
    let visitor = Visitor::inside(all_saying("a\u{202e}b\u{200b}c\x1b[31md\u{2066}e\0f")).await;
    for page in PAGES {
        let answer = visitor.get(page).await;
        for wrong in ['\u{202e}', '\u{200b}', '\x1b', '\u{2066}', '\0'] {
            assert!(!answer.body.contains(wrong), "{page} has {wrong:?}");
        }
    }
    let hardware = visitor.get("/installer/hardware").await;
    assert!(
        hardware.body.contains("a\\u{202e}b"),
        "it is not shown at all"
    );
}

#[tokio::test]
async fn a_name_of_a_mebibyte_does_not_fill_the_page() {
    let visitor = Visitor::inside(all_saying(&"𝕏".repeat(1 << 18))).await;
    for page in PAGES {
        let answer = visitor.get(page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert!(
            answer.body.len() < 2 << 20,
            "{page}: {} bytes",
            answer.body.len()
        );
    }
}

#[tokio::test]
async fn a_machine_of_which_nothing_is_known_has_pages_too() {
    let visitor = Visitor::inside(Inventory::default()).await;
    for page in PAGES {
        let answer = visitor.get(page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.body);
    }
}
