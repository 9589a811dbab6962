//! Sections as rows: a line a device, nothing wrapped or cut, so that `grep` and `awk` can read it.
//!
//! It works on the document as JSON: every field of every section is there without being named.

use muster_model::Section;
use serde_json::Value;

use super::document::Document;
use super::layout::{Line, Tone};
use super::{columns, units};

/// Between columns.
const GAP: &str = "  ";
const UNKNOWN: &str = "–";

/// The usual columns.
pub(crate) fn table(document: &Document<'_>) -> anyhow::Result<String> {
    render(document, Detail::Usual)
}

/// Every column.
pub(crate) fn wide(document: &Document<'_>) -> anyhow::Result<String> {
    render(document, Detail::Everything)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Usual,
    Everything,
}

fn render(document: &Document<'_>, detail: Detail) -> anyhow::Result<String> {
    let whole = serde_json::to_value(document)?;
    let mut text = String::new();
    for section in &document.sections {
        if let Some(value) = whole.get(section.key()) {
            let paths = match detail {
                Detail::Usual => Some(columns::usual(*section)),
                Detail::Everything => None,
            };
            show(&mut text, *section, value, paths);
        }
    }
    Ok(text)
}

fn show(text: &mut String, section: Section, value: &Value, paths: Option<&[&str]>) {
    match value {
        Value::Array(items) => rows(text, section.key(), items, paths),
        object => {
            let facts = flatten(object);
            let kept = facts.iter().filter(|(path, value)| match paths {
                Some(paths) => paths.contains(&path.as_str()),
                None => !is_list_of_objects(value),
            });
            let pairs: Vec<Vec<String>> = kept
                .map(|(path, value)| vec![path.clone(), shown(path, value, paths.is_none())])
                .collect();
            print(
                text,
                section.key(),
                &["FIELD".to_owned(), "VALUE".to_owned()],
                &pairs,
            );
            if paths.is_none() {
                for (path, list) in &facts {
                    if let (true, Value::Array(items)) = (is_list_of_objects(list), list) {
                        rows(text, &format!("{}.{path}", section.key()), items, None);
                    }
                }
            }
        }
    }
}

fn rows(text: &mut String, title: &str, items: &[Value], paths: Option<&[&str]>) {
    let flat: Vec<Vec<(String, Value)>> = items.iter().map(flatten).collect();
    let paths: Vec<String> = match paths {
        Some(paths) => paths.iter().map(|path| (*path).to_owned()).collect(),
        None => all_paths(&flat),
    };
    let titles: Vec<String> = paths.iter().map(|path| path.to_uppercase()).collect();
    let cells = flat.iter().map(|facts| {
        let cell = |path: &String| {
            let found = facts.iter().find(|(name, _)| name == path);
            found.map_or_else(
                || UNKNOWN.to_owned(),
                |(path, value)| shown(path, value, false),
            )
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
fn flatten(value: &Value) -> Vec<(String, Value)> {
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

/// A leaf as people read it: the unit in its path makes `4096` into `4 KiB`.
fn shown(path: &str, value: &Value, spaced: bool) -> String {
    match value {
        Value::Null => UNKNOWN.to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => quantity(path, number),
        Value::Array(items) if items.is_empty() => UNKNOWN.to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| item_of(path, item)).collect();
            items.join(if spaced { " " } else { "," })
        }
        Value::Object(_) => item_of(path, value),
    }
}

/// One entry of a list: an object is named by its first field.
fn item_of(path: &str, item: &Value) -> String {
    match item {
        Value::Object(fields) => fields.iter().next().map_or_else(
            || UNKNOWN.to_owned(),
            |(name, value)| shown(name, value, false),
        ),
        other => shown(path, other, false),
    }
}

fn quantity(path: &str, number: &serde_json::Number) -> String {
    let unit = |suffix: &str| path.split('.').any(|part| part.ends_with(suffix));
    let real = number.as_f64().unwrap_or_default();
    match number.as_u64() {
        Some(whole) if unit("_bytes") => units::bytes(whole),
        Some(whole) if unit("_s") => units::seconds(whole),
        _ if unit("_mbps") => units::megabits(real),
        _ if unit("_mhz") => units::megahertz(real),
        _ if unit("_gts") => units::with_unit(real, "GT/s"),
        _ if unit("_mts") => format!("{number}\u{a0}MT/s"),
        _ if unit("_mv") => units::with_unit(real / 1000.0, "V"),
        _ if unit("_rpm") => format!("{number}\u{a0}rpm"),
        _ if unit("_c") => format!("{number}\u{a0}°C"),
        _ if unit("_hours") => format!("{number}\u{a0}h"),
        _ => number.to_string(),
    }
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
    let head: Vec<Line> = titles
        .iter()
        .map(|title| Line::toned(Tone::Label, title))
        .collect();
    let body: Vec<Vec<Line>> = rows
        .iter()
        .map(|row| row.iter().map(Line::from).collect())
        .collect();
    let width = |at: usize| {
        let cells = body.iter().chain([&head]).filter_map(|row| row.get(at));
        cells.map(Line::width).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in [&head].into_iter().chain(&body) {
        let mut line = Line::default();
        for (cell, width) in row.iter().zip(&widths) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            line = line.and(cell.clone()).plain(&space).plain(GAP);
        }
        line.paint(text);
        text.push('\n');
    }
}
