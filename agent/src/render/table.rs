//! Sections as rows: a line a device, nothing wrapped or cut, so that `grep` and `awk` can read it.
//!
//! It works on the document as JSON: every field of every section is there without being named.

pub(super) mod cells;

use muster_model::Section;
use serde_json::Value;

use super::columns;
use super::document::Document;
use super::layout::{Line, Tone, unwrapped};
use cells::{Detail, UNKNOWN, shown, title_of};

/// The usual columns.
pub(crate) fn table(document: &Document<'_>) -> anyhow::Result<String> {
    render(document, Detail::Usual)
}

/// Every column.
pub(crate) fn wide(document: &Document<'_>) -> anyhow::Result<String> {
    render(document, Detail::Everything)
}

fn render(document: &Document<'_>, detail: Detail) -> anyhow::Result<String> {
    let whole = serde_json::to_value(document)?;
    let mut text = String::new();
    for section in &document.sections {
        match whole.get(section.key()) {
            Some(Value::Array(items)) => rows(&mut text, *section, section.key(), items, detail),
            // Not asked for: there is no object.
            Some(Value::Null) | None => {}
            Some(object) => facts(&mut text, *section, object, detail),
        }
    }
    Ok(text)
}

/// A section that is one object: a row a fact. Lists in it are tables of their own.
fn facts(text: &mut String, section: Section, object: &Value, detail: Detail) {
    let (lists, facts): (Vec<_>, Vec<_>) = flatten(object)
        .into_iter()
        .partition(|(_, value)| is_list_of_objects(value));
    let usual = columns::usual(section);
    let rows_of: Vec<Vec<String>> = facts
        .iter()
        .filter(|(path, _)| detail == Detail::Everything || usual.contains(&path.as_str()))
        .map(|(path, value)| vec![path.clone(), shown(path, value, detail)])
        .collect();
    print(
        text,
        section.key(),
        &["FIELD".to_owned(), "VALUE".to_owned()],
        &rows_of,
    );
    if detail == Detail::Everything {
        for (path, list) in &lists {
            let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
            rows(
                text,
                section,
                &format!("{}.{path}", section.key()),
                items,
                detail,
            );
        }
    }
}

/// A list of objects: a row an object.
fn rows(text: &mut String, section: Section, title: &str, items: &[Value], detail: Detail) {
    let flat: Vec<Vec<(String, Value)>> = items.iter().map(flatten).collect();
    let paths: Vec<String> = match detail {
        Detail::Usual => columns::usual(section)
            .iter()
            .map(|path| (*path).to_owned())
            .collect(),
        Detail::Everything => all_paths(&flat),
    };
    let titles: Vec<String> = paths.iter().map(|path| title_of(path)).collect();
    let cells = flat.iter().map(|facts| {
        let cell = |path: &String| match facts.iter().find(|(name, _)| name == path) {
            Some((path, value)) => shown(path, value, detail),
            None => UNKNOWN.to_owned(),
        };
        paths.iter().map(cell).collect()
    });
    let cells: Vec<Vec<String>> = cells.collect();
    print(text, &format!("{title} ({})", items.len()), &titles, &cells);
}

/// Columns in the order of the fields; those that only some rows have come where they first do.
fn all_paths(rows: &[Vec<(String, Value)>]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for facts in rows {
        let mut place = 0;
        for (path, _) in facts {
            match paths.iter().position(|known| known == path) {
                Some(at) => place = at + 1,
                None => {
                    paths.insert(place.min(paths.len()), path.clone());
                    place += 1;
                }
            }
        }
    }
    // `bond` of one row stands for the `bond.mode` … of another.
    let is_prefix = |path: &String| {
        let prefix = format!("{path}.");
        paths.iter().any(|other| other.starts_with(&prefix))
    };
    let kept = paths.iter().filter(|path| !is_prefix(path));
    kept.cloned().collect()
}

/// The leaves of an object with their paths, such as `os.id`. Lists are leaves.
pub(super) fn flatten(value: &Value) -> Vec<(String, Value)> {
    let Value::Object(fields) = value else {
        return vec![("value".to_owned(), value.clone())];
    };
    let mut leaves = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                for (path, leaf) in flatten(value) {
                    leaves.push((format!("{name}.{path}"), leaf));
                }
            }
            Value::Object(_) => {}
            leaf => leaves.push((name.clone(), leaf.clone())),
        }
    }
    leaves
}

fn is_list_of_objects(value: &Value) -> bool {
    matches!(value, Value::Array(items) if items.iter().any(Value::is_object))
}

fn print(text: &mut String, title: &str, titles: &[String], rows: &[Vec<String>]) {
    if !text.is_empty() {
        text.push('\n');
    }
    Line::toned(Tone::Title, title).paint(text);
    text.push('\n');
    if rows.is_empty() {
        return;
    }
    let body: Vec<Vec<Line>> = rows
        .iter()
        .map(|row| row.iter().map(Line::from).collect())
        .collect();
    text.push_str(&unwrapped(titles, &body));
}
