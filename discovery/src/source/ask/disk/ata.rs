//! ATA commands by way of SCSI (SAT-5), of those that only read.

use std::os::fd::OwnedFd;

use crate::Fault;
use crate::source::Answer;
use crate::source::ioctl::scsi;

/// What a command without data leaves.
pub(super) struct Registers {
    pub(super) count: u8,
    pub(super) lba_mid: u8,
    pub(super) lba_high: u8,
}

/// PIO data in, one sector of 512 bytes.
pub(super) fn read(file: &OwnedFd, command: u8, features: u8, lba: [u8; 2]) -> Answer {
    /// From the device, in blocks, as many as the count register says.
    const FLAGS: u8 = 0x08 | 0x04 | 0x02;
    let command = pass_through(4, FLAGS, 1, command, features, lba);
    let reply = scsi::send(file, &command, 512)?;
    match reply.status {
        0 => Ok(reply.data),
        _ => Err(refused(&reply.sense)),
    }
}

/// No data; the registers come back in the sense data.
pub(super) fn registers(
    file: &OwnedFd,
    command: u8,
    features: u8,
    lba: [u8; 2],
) -> Result<Registers, Fault> {
    /// CK_COND: hand back the registers.
    const FLAGS: u8 = 0x20;
    let command = pass_through(3, FLAGS, 0, command, features, lba);
    let reply = scsi::send(file, &command, 0)?;
    returned(&reply.sense).ok_or_else(|| refused(&reply.sense))
}

/// ATA PASS-THROUGH (16) (SAT-5, 12.2.2): protocol, flags, then a byte of each register.
fn pass_through(
    protocol: u8,
    flags: u8,
    count: u8,
    command: u8,
    features: u8,
    lba: [u8; 2],
) -> [u8; 16] {
    let [mid, high] = lba;
    [
        0x85,
        protocol << 1,
        flags,
        0,
        features,
        0,
        count,
        0,
        0,
        0,
        mid,
        0,
        high,
        0,
        command,
        0,
    ]
}

/// The ATA status return descriptor (SAT-5, 12.2.6), or its form in fixed format sense data. The
/// status must have neither ERR nor DF set.
fn returned(sense: &[u8]) -> Option<Registers> {
    let (count, mid, high, status) = match sense.first()? & 0x7f {
        0x72 if sense.get(8..10)? == [0x09, 0x0c] => (13, 17, 19, 21),
        // Only with 00h 1Dh, ATA pass-through information available.
        0x70 if sense.get(12..14)? == [0x00, 0x1d] => (6, 10, 11, 4),
        _ => return None,
    };
    if sense.get(status)? & 0x21 != 0 {
        return None;
    }
    Some(Registers {
        count: *sense.get(count)?,
        lba_mid: *sense.get(mid)?,
        lba_high: *sense.get(high)?,
    })
}

fn refused(sense: &[u8]) -> Fault {
    // Data protect or illegal request: the device knows no such command.
    Fault::Unsupported(format!(
        "the disk refused the command, sense {:02x?}",
        sense.get(..4)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_come_in_both_formats() {
        let mut descriptor = vec![0x72, 1, 0, 0x1d, 0, 0, 0, 14, 0x09, 0x0c, 0, 0, 0, 0xff];
        descriptor.extend([0, 0, 0, 0x4f, 0, 0xc2, 0, 0x50]);
        let found = returned(&descriptor).unwrap();
        assert_eq!(
            (found.count, found.lba_mid, found.lba_high),
            (0xff, 0x4f, 0xc2)
        );
        let fixed = [
            0x70, 0, 1, 0, 0x50, 0, 0, 10, 0, 0, 0xf4, 0x2c, 0x00, 0x1d, 0, 0, 0, 0,
        ];
        let found = returned(&fixed).unwrap();
        assert_eq!(
            (found.count, found.lba_mid, found.lba_high),
            (0, 0xf4, 0x2c)
        );
    }

    #[test]
    fn an_error_or_foreign_sense_is_no_answer() {
        let mut failed = vec![
            0x72, 1, 0, 0x1d, 0, 0, 0, 14, 0x09, 0x0c, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x51,
        ];
        assert!(returned(&failed).is_none());
        failed.truncate(12);
        assert!(returned(&failed).is_none());
        assert!(returned(&[]).is_none());
        assert!(returned(&[0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0, 0, 0]).is_none());
    }
}
