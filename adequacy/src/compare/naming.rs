//! What one device is called.

use serde_json::Value;

use super::kinds::Kind;
use super::value::{at, plain};

/// The device's natural key.
pub(super) fn key_of(kind: &Kind, device: &Value) -> String {
    let known = kind.key.iter().map(|field| at(device, field));
    match known.into_iter().find(|value| !value.is_null()) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "?".to_owned(),
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
