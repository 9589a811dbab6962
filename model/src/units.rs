//! Quantities as people write them. The space before a unit does not break.

use serde_json::Number;

/// Bytes in binary multiples: `3.49 TiB`.
pub fn bytes(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    scaled(
        bytes as f64,
        1024.0,
        &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"],
    )
}

/// Bytes in decimal multiples, as disks are sold: `3.84 TB`.
pub fn decimal_bytes(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    scaled(
        bytes as f64,
        1000.0,
        &["B", "kB", "MB", "GB", "TB", "PB", "EB"],
    )
}

/// Link speeds: `25 Gb/s`.
pub fn megabits(mbps: f64) -> String {
    scaled(mbps, 1000.0, &["Mb/s", "Gb/s", "Tb/s"])
}

/// Clock rates: `3.2 GHz`.
pub fn megahertz(mhz: f64) -> String {
    scaled(mhz, 1000.0, &["MHz", "GHz", "THz"])
}

/// Spans of time by their two largest units: `12 d 5 h`.
pub fn seconds(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{large}\u{a0}{unit}"),
        _ => format!("{large}\u{a0}{unit}\u{a0}{small}\u{a0}{part}"),
    };
    if days > 0 {
        two(days, "d", hours % 24, "h")
    } else if hours > 0 {
        two(hours, "h", minutes % 60, "min")
    } else if minutes > 0 {
        two(minutes, "min", seconds % 60, "s")
    } else {
        format!("{seconds}\u{a0}s")
    }
}

/// A number of about three digits with a unit.
pub fn with_unit(number: f64, unit: &str) -> String {
    format!("{}\u{a0}{unit}", digits(number))
}

/// Three digits, without trailing zeros.
pub fn digits(number: f64) -> String {
    let text = match number.abs() {
        size if size < 9.995 => format!("{number:.2}"),
        size if size < 99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A number of the documents: the unit in its path makes `4096` of `size_bytes` into `4 KiB`.
pub fn quantity(path: &str, number: &Number) -> String {
    let unit = |suffix: &str| path.split('.').any(|part| part.ends_with(suffix));
    let real = number.as_f64().unwrap_or_default();
    match number.as_u64() {
        Some(whole) if unit("_bytes_per_s") => format!("{}/s", bytes(whole)),
        Some(whole) if unit("_bytes") => bytes(whole),
        Some(whole) if unit("_s") => seconds(whole),
        _ if unit("_mbps") => megabits(real),
        _ if unit("_mhz") => megahertz(real),
        _ if unit("_gts") => with_unit(real, "GT/s"),
        _ if unit("_mts") => format!("{number}\u{a0}MT/s"),
        _ if unit("_mv") => with_unit(real / 1000.0, "V"),
        _ if unit("_rpm") => format!("{number}\u{a0}rpm"),
        _ if unit("_c") => format!("{number}\u{a0}°C"),
        _ if unit("_hours") => format!("{number}\u{a0}h"),
        _ => number.to_string(),
    }
}

/// By the largest of the units, each `base` times the one before it, of which it is one or more.
fn scaled(mut number: f64, base: f64, units: &[&str]) -> String {
    let mut unit = 0;
    // What would be rounded up to the next unit belongs to it.
    while number >= base - 0.5 && unit + 1 < units.len() {
        number /= base;
        unit += 1;
    }
    with_unit(number, units.get(unit).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_well() {
        let plain = |text: String| text.replace('\u{a0}', " ");
        let cases = [
            (bytes(0), "0 B"),
            (bytes(512), "512 B"),
            (bytes(1_310_720), "1.25 MiB"),
            (bytes((1 << 30) - 1), "1 GiB"),
            (bytes(32 << 30), "32 GiB"),
            (bytes(3_840_755_982_336), "3.49 TiB"),
            (bytes(16_000_900_661_248), "14.6 TiB"),
            (bytes(u64::MAX), "16 EiB"),
            (decimal_bytes(999), "999 B"),
            (decimal_bytes(3_840_755_982_336), "3.84 TB"),
            (decimal_bytes(999_999_999_999), "1 TB"),
            (decimal_bytes(u64::MAX), "18.4 EB"),
            (megabits(100.0), "100 Mb/s"),
            (megabits(1.5), "1.5 Mb/s"),
            (megabits(2500.0), "2.5 Gb/s"),
            (megabits(100_000.0), "100 Gb/s"),
            (megahertz(800.0), "800 MHz"),
            (megahertz(3200.0), "3.2 GHz"),
            (seconds(42), "42 s"),
            (seconds(61), "1 min 1 s"),
            (seconds(3600), "1 h"),
            (seconds(1_054_860), "12 d 5 h"),
            (digits(0.0), "0"),
            (digits(-40.0), "-40"),
            (digits(33.85), "33.9"),
        ];
        for (ours, expected) in cases {
            assert_eq!(plain(ours), expected);
        }
    }
}
