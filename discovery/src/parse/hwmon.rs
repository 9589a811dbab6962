//! Names and units of hardware monitoring attributes (kernel
//! `Documentation/hwmon/sysfs-interface.rst`).

use muster_model::peripheral::SensorKind;

/// One channel of a chip, such as `temp1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Such as `temp1`.
    pub(crate) name: String,
    /// The attribute with the reading, such as `temp1_input`.
    pub(crate) reading: String,
    pub(crate) kind: SensorKind,
}

/// The channels among the attributes of a chip. Power is measured now (`input`) or over a while
/// (`average`); the first is preferred.
pub(crate) fn channels(attributes: &[String]) -> Vec<Channel> {
    let is_there = |name: &str| attributes.iter().any(|attribute| attribute == name);
    attributes
        .iter()
        .filter_map(|attribute| {
            let (name, suffix) = attribute.split_once('_')?;
            let kind = kind(name)?;
            let is_average = kind == SensorKind::Power
                && suffix == "average"
                && !is_there(&format!("{name}_input"));
            (suffix == "input" || is_average).then(|| Channel {
                name: name.to_owned(),
                reading: attribute.clone(),
                kind,
            })
        })
        .collect()
}

/// A reading in the unit of the document.
pub(crate) fn reading(kind: SensorKind, text: &str) -> Option<f64> {
    let number: i64 = text.parse().ok()?;
    // Beyond 2^53 the number is no measurement any more.
    if number.unsigned_abs() > 1 << 53 {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "checked above")]
    let number = number as f64;
    Some(number / divisor(kind))
}

/// The unit of [`reading`].
pub(crate) fn unit(kind: SensorKind) -> &'static str {
    match kind {
        SensorKind::Temperature => "°C",
        SensorKind::Voltage => "V",
        SensorKind::Current => "A",
        SensorKind::Power => "W",
        SensorKind::Energy => "J",
        SensorKind::Fan => "rpm",
        SensorKind::Humidity => "%",
    }
}

fn kind(channel: &str) -> Option<SensorKind> {
    let stem = channel.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == channel.len() {
        return None;
    }
    match stem {
        "temp" => Some(SensorKind::Temperature),
        "in" => Some(SensorKind::Voltage),
        "curr" => Some(SensorKind::Current),
        "power" => Some(SensorKind::Power),
        "energy" => Some(SensorKind::Energy),
        "fan" => Some(SensorKind::Fan),
        "humidity" => Some(SensorKind::Humidity),
        _ => None,
    }
}

/// Millidegrees, millivolts, milliamperes, thousandths of a per cent; microwatts, microjoules.
fn divisor(kind: SensorKind) -> f64 {
    match kind {
        SensorKind::Power | SensorKind::Energy => 1e6,
        SensorKind::Fan => 1.0,
        _ => 1e3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_told_from_other_attributes() {
        let names = [
            "curr1_input",
            "device",
            "fan1_input",
            "fan1_min",
            "in0_input",
            "intrusion0_alarm",
            "name",
            "power1_average",
            "power1_input",
            "power2_average",
            "pwm1",
            "temp1_input",
            "temp1_label",
            "temp_input",
            "freq1_input",
            "humidity1_input",
            "energy1_input",
        ];
        let names: Vec<String> = names.map(str::to_owned).to_vec();
        let found: Vec<_> = channels(&names).into_iter().map(|c| c.reading).collect();
        assert_eq!(
            found,
            [
                "curr1_input",
                "fan1_input",
                "in0_input",
                "power1_input",
                "power2_average",
                "temp1_input",
                "humidity1_input",
                "energy1_input",
            ]
        );
    }

    #[test]
    fn readings_are_scaled() {
        assert_eq!(reading(SensorKind::Temperature, "-5500"), Some(-5.5));
        assert_eq!(reading(SensorKind::Voltage, "1020"), Some(1.02));
        assert_eq!(reading(SensorKind::Power, "95000000"), Some(95.0));
        assert_eq!(reading(SensorKind::Fan, "0"), Some(0.0));
        for text in ["", "x", "1.5", "9223372036854775807"] {
            assert_eq!(reading(SensorKind::Fan, text), None, "{text}");
        }
    }
}
