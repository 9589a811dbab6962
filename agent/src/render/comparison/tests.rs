use muster_adequacy::compare::{Options, compare};
use muster_model::Inventory;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::*;

fn metal() -> Value {
    let text = include_str!("../../../../tests/fixtures/emulated-metal.json");
    serde_json::from_str(text).unwrap()
}

fn inventory(document: &Value) -> Inventory {
    Inventory::from_json(document.to_string().as_bytes()).unwrap()
}

/// The emulated metal after a bad day.
fn worn() -> Value {
    let mut document = metal();
    for (place, value) in [
        ("/captured_at", json!("2026-11-22T12:15:22Z")),
        ("/bios/version", json!("4.3")),
        ("/memory/modules", json!([])),
        ("/memory/total_bytes", json!(900_000_000)),
        ("/network/5/speed_mbps", json!(100)),
        ("/network/6/speed_mbps", json!(10_000)),
        ("/network/4/name", json!("lan0")),
        ("/disks/0/health/media_errors", json!(12)),
        ("/disks/0/health/percentage_used", json!(null)),
        ("/disks/0/health/available_spare", json!(null)),
        ("/disks/1/serial", json!("NEW")),
        ("/disks/1/wwn", json!(null)),
        ("/arrays/0/degraded", json!(1)),
    ] {
        *document.pointer_mut(place).unwrap() = value;
    }
    document
}

fn told(before: &Value, after: &Value, width: usize) -> String {
    let comparison = compare(&inventory(before), &inventory(after), &Options::default());
    let sources = ["before.json".to_owned(), "this machine".to_owned()];
    render(&comparison, &sources, width)
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn the_worst_comes_first_at_any_width() {
    for width in [60, 80, 140] {
        let text = plain(&told(&metal(), &worn(), width));
        for line in text.lines() {
            assert!(line.width() <= width, "{width}: {line}");
        }
        insta::assert_snapshot!(format!("comparison_{width}"), text);
    }
}

#[test]
fn colour_says_no_more_than_the_words() {
    let text = told(&metal(), &worn(), 80);
    insta::assert_snapshot!("comparison_colour", text.replace('\x1b', "␛"));
}

#[test]
fn no_difference_is_said_plainly() {
    let text = plain(&told(&metal(), &metal(), 80));
    assert!(text.starts_with("No difference (one machine"), "{text}");
    assert!(!text.contains("Worse") && !text.contains("Known of one side"));
}

#[test]
fn hostile_names_never_reach_a_terminal() {
    let mut after = metal();
    let hostile = "x\u{1b}[2J\r\n\u{9b}31m\u{202e}";
    after["disks"][0]["name"] = json!(hostile);
    after["host"]["hostname"] = json!(hostile);
    after["bios"]["version"] = json!(null);
    after["warnings"] = json!([
        {"probe": "bios", "subject": "bios", "kind": "denied", "message": hostile},
    ]);
    let text = plain(&told(&metal(), &after, 80));
    let unsafe_ones = text
        .chars()
        .filter(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
    assert_eq!(unsafe_ones.count(), 0);
    assert_eq!(text.matches("x\\x1b[2J").count(), 4, "{text}");
}
