//! Values of the document: finding them, and writing them for people.

use muster_model::units;
use serde_json::{Map, Value};

use super::kinds::Kind;
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

/// The device's natural key.
pub(super) fn key_of(kind: &Kind, device: &Value) -> String {
    let known = kind.key.iter().map(|field| at(device, field));
    match known.into_iter().find(|value| !value.is_null()) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "?".to_owned(),
    }
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

/// How much of a device is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Brief,
    Full,
}

/// A device in words: `disk nvme0n1 (1.75 TiB Samsung PM9A3, serial S64…)`.
pub(super) fn device(kind: &Kind, device: &Value, detail: Detail) -> String {
    let fields = match detail {
        Detail::Brief => kind.brief,
        Detail::Full => kind.full,
    };
    let known = fields.iter().filter(|field| !at(device, field).is_null());
    let mut told = String::new();
    for field in known {
        let value = plain(field, at(device, field));
        // Many a model has its vendor's name before it.
        let said = at(device, "model")
            .as_str()
            .or(at(device, "product").as_str());
        if *field == "vendor" && said.is_some_and(|model| model.starts_with(&value)) {
            continue;
        }
        let label = match *field {
            "serial" => ", serial ",
            "permanent_mac" => ", MAC ",
            _ => " ",
        };
        told.push_str(label);
        told.push_str(&value);
    }
    let told = told.trim_start_matches([',', ' ']);
    let key = match kind.key {
        [field] => plain(field, at(device, field)),
        _ => key_of(kind, device),
    };
    match told {
        "" => format!("{} {key}", kind.noun),
        told => format!("{} {key} ({told})", kind.noun),
    }
}
