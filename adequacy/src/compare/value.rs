//! Values of the document: finding them, and writing them for people.

use muster_model::units;
use serde_json::{Map, Value};

use super::table::{Field, Null, Style};
use crate::listed::listed;

const NULL: Value = Value::Null;

/// What is at a path of fields; `null` where the path ends early.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.')
        .try_fold(value, |value, field| value.get(field))
        .unwrap_or(&NULL)
}

pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// A value as a person reads it.
pub(super) fn shown(field: &Field, path: &str, value: &Value) -> String {
    match (field.style, value) {
        (_, Value::Null) if field.null != Null::Unknown => "none".to_owned(),
        (Style::Either(yes, _), Value::Bool(true)) => yes.to_owned(),
        (Style::Either(_, no), Value::Bool(false)) => no.to_owned(),
        (Style::Lanes, Value::Number(lanes)) => format!("x{lanes}"),
        (Style::Percent, Value::Number(share)) => format!("{share} %"),
        _ => plain(path, value),
    }
}

/// A value of which nothing is known but its path.
pub(super) fn plain(path: &str, value: &Value) -> String {
    match value {
        Value::Null => "unknown".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => units::quantity(path, number).replace('\u{a0}', " "),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => listed(items.iter().map(|item| plain(path, item))),
        Value::Object(fields) => described(fields),
    }
}

/// The known plain facts of an object, by the names of its fields.
fn described(fields: &Map<String, Value>) -> String {
    let mut facts: Vec<(&String, String)> = fields
        .iter()
        .filter(|(_, value)| !value.is_null() && !value.is_object() && !value.is_array())
        .map(|(name, value)| (name, plain(name, value)))
        .collect();
    facts.sort();
    match facts.is_empty() {
        true => "there".to_owned(),
        false => listed(facts.into_iter().map(|(name, fact)| match name.as_str() {
            "type" | "kind" => fact,
            name => format!("{} {fact}", name.replace('_', " ")),
        })),
    }
}
