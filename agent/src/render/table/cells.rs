//! Values and titles of tables.

use serde_json::Value;

use muster_model::units;

pub(in crate::render) const UNKNOWN: &str = "–";
/// Units in the names of fields.
const UNITS: [&str; 11] = [
    "_bytes_per_s",
    "_bytes",
    "_s",
    "_mbps",
    "_mhz",
    "_gts",
    "_mts",
    "_mv",
    "_rpm",
    "_c",
    "_hours",
];

/// How much a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render) enum Detail {
    Usual,
    Everything,
}

/// A path in capitals, without the units: the cells have them.
pub(in crate::render) fn title_of(path: &str) -> String {
    without_unit(path).to_uppercase()
}

/// A value as people read it: the unit in its path makes `4096` into `4 KiB`.
pub(in crate::render) fn shown(path: &str, value: &Value, detail: Detail) -> String {
    match value {
        Value::Null => UNKNOWN.to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => units::quantity(path, number),
        Value::Array(items) if items.is_empty() => UNKNOWN.to_owned(),
        Value::Array(items) => {
            let separator = match items.iter().any(Value::is_object) && detail == Detail::Everything
            {
                true => "; ",
                false => ",",
            };
            let items: Vec<String> = items.iter().map(|item| shown(path, item, detail)).collect();
            items.join(separator)
        }
        Value::Object(fields) => {
            let mut known = fields.iter().filter(|(_, value)| !value.is_null());
            match detail {
                // The first field is the natural key.
                Detail::Usual => known
                    .next()
                    .map(|(name, value)| shown(name, value, detail))
                    .unwrap_or_default(),
                Detail::Everything => {
                    let pairs = known.map(|(name, value)| {
                        format!("{}={}", without_unit(name), shown(name, value, detail))
                    });
                    pairs.collect::<Vec<_>>().join(" ")
                }
            }
        }
    }
}

fn without_unit(path: &str) -> String {
    let parts = path.split('.').map(|part| {
        let bare = UNITS.iter().find_map(|unit| part.strip_suffix(unit));
        bare.unwrap_or(part)
    });
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn units_come_from_the_name() {
        let cell =
            |path: &str, value: Value| shown(path, &value, Detail::Usual).replace('\u{a0}', " ");
        assert_eq!(cell("size_bytes", json!(4096)), "4 KiB");
        assert_eq!(cell("frequency_mhz.max", json!(3200.0)), "3.2 GHz");
        assert_eq!(cell("speed_mbps", json!(25000)), "25 Gb/s");
        assert_eq!(cell("health.temperature_c", json!(-5)), "-5 °C");
        assert_eq!(cell("mtu", json!(1500)), "1500");
        assert_eq!(cell("serial", json!(null)), "–");
        assert_eq!(
            cell("members", json!([{"name": "sda"}, {"name": "sdb"}])),
            "sda,sdb"
        );
        assert_eq!(title_of("memory_total_bytes"), "MEMORY_TOTAL");
        assert_eq!(title_of("frequency_mhz.max"), "FREQUENCY.MAX");
    }
}
