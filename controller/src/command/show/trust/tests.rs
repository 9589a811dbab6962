//! What is shown of a root that is being replaced, and of administrators. The names of fields in JSON are a contract.

use super::*;
use crate::command::cli::Output;

const NOW: i64 = 1_790_000_000_000;

fn sheet(format: Format) -> Sheet {
    let no_headers = false;
    Sheet {
        output: Output { format, no_headers },
        room: None,
        now_unix_ms: NOW,
    }
}

fn plain(text: &Text) -> String {
    let (Text::Styled(text) | Text::Plain(text)) = text;
    anstream::adapter::strip_str(text).to_string()
}

fn replaced() -> v1::GetAuthorityResponse {
    let root = |pin: &str, signs| v1::Root {
        pin: pin.to_owned(),
        subject: format!("CN=muster root {pin}"),
        ends_unix_ms: 1_790_000_000_000,
        intermediate_ends_unix_ms: 1_780_000_000_000,
        signs,
        nodes: 2,
        administrators: 1,
    };
    let behind = |node: &str, name: &str| v1::Behind {
        node: node.to_owned(),
        name: name.to_owned(),
    };
    v1::GetAuthorityResponse {
        roots: vec![root("aa", true), root("bb", false)],
        behind: vec![behind("1", "n1"), behind("", "ada\u{1b}[2J")],
        behind_total: 5,
    }
}

fn some_administrators() -> Vec<v1::Administrator> {
    let one = |name: &str, number: i64| v1::Administrator {
        name: name.to_owned(),
        serial: format!("4a0{number}"),
        issued_unix_ms: NOW - 2000,
        ends_unix_ms: NOW + number * 1000,
        issued_by: "uid 0".to_owned(),
        revoked: number == 2,
    };
    vec![one("ada", 1), one("bob", 2), one("ada", -1)]
}

#[test]
fn the_authority() {
    let advice = ["wait\u{1b}[2J".to_owned()];
    let shown = |format| plain(&authority(&replaced(), &advice, &sheet(format)).unwrap());
    insta::assert_snapshot!("authority", shown(Format::Table));
    insta::assert_snapshot!("authority_json", shown(Format::Json));
    insta::assert_snapshot!("authority_yaml", shown(Format::Yaml));
    assert_eq!(shown(Format::Wide), shown(Format::Table));
    assert_eq!(shown(Format::Name), "aa\nbb\n");
}

#[test]
fn the_administrators() {
    let all = some_administrators();
    let shown = |format| plain(&administrators(&all, &sheet(format)).unwrap());
    insta::assert_snapshot!("administrators", shown(Format::Table));
    insta::assert_snapshot!("administrators_wide", shown(Format::Wide));
    insta::assert_snapshot!("administrators_json", shown(Format::Json));
    insta::assert_snapshot!("administrators_yaml", shown(Format::Yaml));
    assert_eq!(shown(Format::Name), "4a01\nbob\n4a0-1\n");
    let none = administrators(&[], &sheet(Format::Json)).unwrap();
    assert_eq!(plain(&none), "[]\n");
}

/// The manual lists every field that programs read.
#[test]
fn the_manual_names_every_field() {
    let manual = include_str!("../../../../../docs/controller.md");
    let replaced = replaced();
    let all = some_administrators();
    let authority = serde_json::to_value(Authority::of(&replaced, &[])).unwrap();
    let parts = ["roots", "behind"].map(|part| authority[part][0].clone());
    let one = serde_json::to_value(Administrator::from(&all[0])).unwrap();
    for document in parts.into_iter().chain([authority, one]) {
        for field in document.as_object().unwrap().keys() {
            assert!(manual.contains(&format!("`{field}`")), "{field}");
        }
    }
}
