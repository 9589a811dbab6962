//! ATA IDENTIFY DEVICE (ACS-4, 7.12.7) and SMART (ACS-4, 7.46; SFF-8035i for the attributes).

use std::collections::BTreeMap;

use muster_model::disk::{Health, HealthStatus};

use crate::parse::bytes::{array, hex, le16, text};
use crate::parse::scsi_vpd::rotation_rate;

const SECTOR: usize = 512;

/// What the disk says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) firmware: Option<String>,
    pub(crate) wwn: Option<String>,
    pub(crate) rotation_rpm: Option<u32>,
    /// Serial rather than parallel ATA; `None` where it does not say.
    pub(crate) is_serial: Option<bool>,
}

/// Reads the 256 words of IDENTIFY DEVICE.
pub(crate) fn identity(data: &[u8]) -> Option<Identity> {
    let data = data.get(..SECTOR)?;
    // Word 0, bit 15 clear: an ATA device.
    if data.iter().all(|byte| *byte == 0) || word(data, 0)? & 0x8000 != 0 {
        return None;
    }
    Some(Identity {
        serial: string(data, 10, 20),
        firmware: string(data, 23, 27),
        model: string(data, 27, 47),
        wwn: world_wide_name(data),
        rotation_rpm: word(data, 217).and_then(rotation_rate),
        is_serial: is_serial(data),
    })
}

/// Words 108–111 where word 87 says that they are valid (bits 15:14 = 01, bit 8).
fn world_wide_name(data: &[u8]) -> Option<String> {
    if word(data, 87)? & 0xc100 != 0x4100 {
        return None;
    }
    let words: Option<Vec<u16>> = (108..112).map(|number| word(data, number)).collect();
    let bytes: Vec<u8> = words?.into_iter().flat_map(u16::to_be_bytes).collect();
    let known = bytes.iter().any(|byte| *byte != 0);
    known.then(|| format!("0x{}", hex(&bytes)))
}

/// Word 76 has the Serial ATA capabilities; word 93 is not zero on a parallel one.
fn is_serial(data: &[u8]) -> Option<bool> {
    match (word(data, 76)?, word(data, 93)?) {
        (capabilities, _) if capabilities != 0 && capabilities != 0xffff => Some(true),
        (_, parallel) if parallel != 0 => Some(false),
        _ => None,
    }
}

fn word(data: &[u8], number: usize) -> Option<u16> {
    le16(data, number * 2)
}

/// Two characters a word, the first in the high byte.
fn string(data: &[u8], from: usize, to: usize) -> Option<String> {
    let swapped: Vec<u8> = data
        .get(from * 2..to * 2)?
        .chunks_exact(2)
        .flat_map(|pair| pair.iter().rev().copied())
        .collect();
    text(&swapped)
}

/// Raw values of the attributes of SMART READ DATA by their id; `None` when the sum of the sector
/// is not zero.
fn attributes(data: &[u8]) -> Option<BTreeMap<u8, u64>> {
    let data = data.get(..SECTOR)?;
    let sum = data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    if sum != 0 || data.iter().all(|byte| *byte == 0) {
        return None;
    }
    // 30 entries of 12 bytes from byte 2: id, flags, value, worst, raw value of six bytes.
    let entries = data.get(2..362)?.chunks_exact(12);
    Some(
        entries
            .filter_map(|entry| {
                let id = *entry.first()?;
                let [a, b, c, d, e, f] = array(entry, 5)?;
                (id != 0).then(|| (id, u64::from_le_bytes([a, b, c, d, e, f, 0, 0])))
            })
            .collect(),
    )
}

/// Puts SMART data and the returned status (LBA mid and high) together.
pub(crate) fn health(data: &[u8], status: Option<&[u8]>) -> Option<Health> {
    let attributes = attributes(data);
    let verdict = status.and_then(verdict);
    if attributes.is_none() && verdict.is_none() {
        return None;
    }
    let raw = |id: u8| attributes.as_ref()?.get(&id).copied();
    // Pending (197) and offline uncorrectable sectors (198) lose data when they are read.
    let ailing = [197, 198]
        .into_iter()
        .any(|id| raw(id).is_some_and(|count| count > 0));
    Some(Health {
        status: match verdict {
            Some(HealthStatus::Ok) if ailing => Some(HealthStatus::Warning),
            other => other,
        },
        temperature_c: raw(194).or_else(|| raw(190)).and_then(celsius),
        // The upper bytes hold minutes or milliseconds on some disks.
        power_on_hours: raw(9).map(|value| value & 0x00ff_ffff),
        media_errors: raw(187).or_else(|| raw(198)),
        // The upper words hold other counts on some disks.
        reallocated_sectors: raw(5).map(|value| value & 0xffff),
        ..Health::default()
    })
}

/// SMART RETURN STATUS: 4Fh C2h is well, F4h 2Ch is a threshold exceeded (ACS-3, 7.48.8).
fn verdict(registers: &[u8]) -> Option<HealthStatus> {
    match registers {
        [0x4f, 0xc2] => Some(HealthStatus::Ok),
        [0xf4, 0x2c] => Some(HealthStatus::Failing),
        _ => None,
    }
}

/// The low byte; the others are the lowest and highest ever on most disks.
fn celsius(raw: u64) -> Option<i32> {
    let [low, ..] = raw.to_le_bytes();
    let celsius = i32::from(i8::from_le_bytes([low]));
    (celsius != 0 && celsius > -50).then_some(celsius)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(data: &mut [u8], word: usize, text: &str) {
        for (place, pair) in data[word * 2..]
            .chunks_exact_mut(2)
            .zip(text.as_bytes().chunks(2))
        {
            place[1] = pair[0];
            place[0] = pair.get(1).copied().unwrap_or(b' ');
        }
    }

    fn smart(attributes: &[(u8, u64)]) -> Vec<u8> {
        let mut data = vec![0; 512];
        data[0] = 1;
        for (number, (id, raw)) in attributes.iter().enumerate() {
            let at = 2 + number * 12;
            data[at] = *id;
            data[at + 5..at + 11].copy_from_slice(&raw.to_le_bytes()[..6]);
        }
        let sum = data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        data[511] = sum.wrapping_neg();
        data
    }

    #[test]
    fn identity_has_the_full_names() {
        let mut data = vec![0; 512];
        put(&mut data, 10, "      WD-WMAM91234567");
        put(&mut data, 23, "10.01E01");
        put(&mut data, 27, &format!("{:<40}", "WDC WD800JD-00MSA1"));
        data[152..154].copy_from_slice(&6_u16.to_le_bytes());
        data[174..176].copy_from_slice(&0x4100_u16.to_le_bytes());
        data[216..224].copy_from_slice(&[0x00, 0x50, 0xc5, 0x00, 0x11, 0x22, 0x33, 0x44]);
        data[434..436].copy_from_slice(&7200_u16.to_le_bytes());
        let identity = identity(&data).unwrap();
        assert_eq!(identity.model.as_deref(), Some("WDC WD800JD-00MSA1"));
        assert_eq!(identity.firmware.as_deref(), Some("10.01E01"));
        assert_eq!(identity.wwn.as_deref(), Some("0x500000c522114433"));
        assert_eq!(identity.rotation_rpm, Some(7200));
        assert_eq!(identity.is_serial, Some(true));
    }

    #[test]
    fn no_identity_in_zeros_packets_or_too_little() {
        assert_eq!(identity(&[0; 512]), None);
        assert_eq!(identity(&[0xff; 512]), None);
        assert_eq!(identity(&[0; 100]), None);
    }

    #[test]
    fn health_from_attributes_and_status() {
        let data = smart(&[
            (5, 0x1_0003),
            (9, 0xab00_4321),
            (194, 0x0000_0028_0014_0021),
            (198, 0),
        ]);
        let health = health(&data, Some(&[0x4f, 0xc2])).unwrap();
        assert_eq!(health.status, Some(HealthStatus::Ok));
        assert_eq!(health.temperature_c, Some(33));
        assert_eq!(health.power_on_hours, Some(0x4321));
        assert_eq!(health.reallocated_sectors, Some(3));
        assert_eq!(health.media_errors, Some(0));
    }

    #[test]
    fn pending_sectors_are_a_warning_and_a_threshold_is_worse() {
        let data = smart(&[(197, 8), (190, 40)]);
        let verdict = |status: &[u8]| health(&data, Some(status)).unwrap().status;
        assert_eq!(verdict(&[0x4f, 0xc2]), Some(HealthStatus::Warning));
        assert_eq!(verdict(&[0xf4, 0x2c]), Some(HealthStatus::Failing));
        assert_eq!(verdict(&[0, 0]), None);
    }

    #[test]
    fn a_wrong_sum_is_no_data() {
        let mut data = smart(&[(5, 1)]);
        data[100] ^= 1;
        assert_eq!(health(&data, None), None);
        assert_eq!(health(&[], None), None);
    }
}
