//! SCSI log pages (SPC-5, 7.3): a header of four bytes, then parameters of four bytes of header and
//! a value each.

use muster_model::disk::{Health, HealthStatus};

use crate::parse::bytes::{array, be16};

/// Read Error Counters.
pub(crate) const READ_ERRORS: u8 = 0x03;
/// Temperature.
pub(crate) const TEMPERATURE: u8 = 0x0d;
/// Informational Exceptions.
pub(crate) const EXCEPTIONS: u8 = 0x2f;

/// Puts the pages that came together; each says its own code.
pub(crate) fn health(pages: &[&[u8]]) -> Option<Health> {
    let mut health = Health::default();
    for page in pages {
        match page.first().map(|code| code & 0x3f) {
            Some(READ_ERRORS) => health.media_errors = parameter(page, 6).and_then(counter),
            Some(TEMPERATURE) => health.temperature_c = parameter(page, 0).and_then(celsius),
            Some(EXCEPTIONS) => read_exceptions(page, &mut health),
            _ => {}
        }
    }
    (health != Health::default()).then_some(health)
}

/// Parameter 0: additional sense code and qualifier, then the latest temperature
/// (SPC-5, 7.3.13). 5Dh predicts a failure, 0Bh warns.
fn read_exceptions(page: &[u8], health: &mut Health) {
    let Some(value) = parameter(page, 0) else {
        return;
    };
    health.status = match value.first() {
        Some(0x5d) => Some(HealthStatus::Failing),
        Some(0x0b) => Some(HealthStatus::Warning),
        Some(0) => Some(HealthStatus::Ok),
        _ => None,
    };
    if health.temperature_c.is_none() {
        health.temperature_c = value.get(1..3).and_then(celsius);
    }
}

/// The second byte; FFh is not known (SPC-5, 7.3.21).
fn celsius(value: &[u8]) -> Option<i32> {
    let celsius = *value.get(1)?;
    (celsius != 0xff && celsius != 0).then_some(i32::from(celsius))
}

/// A big-endian counter of at most eight bytes.
fn counter(value: &[u8]) -> Option<u64> {
    let plain = !value.is_empty() && value.len() <= 8;
    plain.then(|| {
        value
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    })
}

fn parameter(page: &[u8], code: u16) -> Option<&[u8]> {
    let length = usize::from(be16(page, 2)?);
    let body = page.get(4..)?;
    let mut rest = body.get(..length).unwrap_or(body);
    while let Some([high, low, _, length]) = array::<4>(rest, 0) {
        let end = 4 + usize::from(length);
        let value = rest.get(4..end)?;
        if u16::from_be_bytes([high, low]) == code {
            return Some(value);
        }
        rest = rest.get(end..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_pages() {
        let errors = [0x03, 0, 0, 12, 0, 0, 0, 0, 0, 6, 0, 4, 0, 0, 1, 2];
        let temperature = [0x0d, 0, 0, 12, 0, 0, 3, 2, 0, 31, 0, 1, 3, 2, 0, 68];
        let exceptions = [0x2f, 0, 0, 8, 0, 0, 3, 4, 0, 0, 31, 0];
        let health = health(&[&errors, &temperature, &exceptions]).unwrap();
        assert_eq!(health.media_errors, Some(0x102));
        assert_eq!(health.temperature_c, Some(31));
        assert_eq!(health.status, Some(HealthStatus::Ok));
    }

    #[test]
    fn a_predicted_failure() {
        let health = health(&[&[0x2f, 0, 0, 8, 0, 0, 3, 4, 0x5d, 0x10, 55, 0]]).unwrap();
        assert_eq!(health.status, Some(HealthStatus::Failing));
        assert_eq!(health.temperature_c, Some(55));
    }

    #[test]
    fn cut_or_foreign_pages_say_nothing() {
        assert_eq!(
            health(&[&[0x0d, 0, 0, 12, 0, 0, 3], &[], &[0x2f], &[0x55; 40]]),
            None
        );
        assert_eq!(health(&[&[0x0d, 0, 0, 6, 0, 0, 3, 2, 0, 0xff]]), None);
    }
}
