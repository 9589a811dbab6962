//! NVM Express log page 02h, SMART / Health Information (NVMe Base 2.0, 5.16.1.3).

use muster_model::disk::{Health, HealthStatus};

use crate::parse::bytes::{array, le16};

/// Critical warning, bits 2 and 3: reliability is degraded, the medium went read-only.
const FAILING: u8 = 0b0000_1100;
/// Kelvin of 0 °C, as whole degrees, which is what the page has.
const ZERO_CELSIUS: i32 = 273;
const LENGTH: usize = 512;

/// Reads the log page; one that is too short or all zero says nothing.
pub(crate) fn health(page: &[u8]) -> Option<Health> {
    let page = page.get(..LENGTH)?;
    if page.iter().all(|byte| *byte == 0) {
        return None;
    }
    let critical = *page.first()?;
    let used = *page.get(5)?;
    Some(Health {
        status: Some(status(critical, used)),
        temperature_c: le16(page, 1)
            .filter(|kelvin| *kelvin != 0)
            .map(|kelvin| i32::from(kelvin) - ZERO_CELSIUS),
        percentage_used: Some(u32::from(used)),
        available_spare: page.get(3).map(|spare| u32::from(*spare)),
        power_on_hours: counter(page, 128),
        media_errors: counter(page, 160),
        reallocated_sectors: None,
    })
}

fn status(critical: u8, percentage_used: u8) -> HealthStatus {
    if critical & FAILING != 0 {
        HealthStatus::Failing
    } else if critical != 0 || percentage_used >= 100 {
        HealthStatus::Warning
    } else {
        HealthStatus::Ok
    }
}

/// A counter of 128 bits; one beyond 64 bits is no counter.
fn counter(page: &[u8], at: usize) -> Option<u64> {
    u64::try_from(u128::from_le_bytes(array(page, at)?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(critical: u8, used: u8) -> Vec<u8> {
        let mut page = vec![0; 512];
        page[0] = critical;
        page[1..3].copy_from_slice(&(273_u16 + 38).to_le_bytes());
        page[3] = 100;
        page[5] = used;
        page[128..130].copy_from_slice(&1234_u16.to_le_bytes());
        page[160] = 7;
        page
    }

    #[test]
    fn reads_the_page() {
        let health = health(&page(0, 12)).unwrap();
        assert_eq!(health.status, Some(HealthStatus::Ok));
        assert_eq!(health.temperature_c, Some(38));
        assert_eq!(health.percentage_used, Some(12));
        assert_eq!(health.available_spare, Some(100));
        assert_eq!(health.power_on_hours, Some(1234));
        assert_eq!(health.media_errors, Some(7));
    }

    #[test]
    fn the_verdict_follows_the_critical_warning() {
        let verdict = |critical, used| health(&page(critical, used)).unwrap().status.unwrap();
        assert_eq!(verdict(0b0001, 0), HealthStatus::Warning);
        assert_eq!(verdict(0b0100, 0), HealthStatus::Failing);
        assert_eq!(verdict(0b1000, 0), HealthStatus::Failing);
        assert_eq!(verdict(0, 100), HealthStatus::Warning);
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        assert_eq!(health(&[0; 512]), None);
        assert_eq!(health(&[1; 511]), None);
        let mut absurd = page(0, 0);
        absurd[143] = 0xff;
        assert_eq!(health(&absurd).unwrap().power_on_hours, None);
    }
}
