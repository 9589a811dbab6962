//! Questions to disks. They are opened for reading only, and one that sleeps is not woken: it is
//! asked for its power state first, by a command that does not wake it, and nothing else then.

mod ata;

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, PosixFadviseAdvice, open, posix_fadvise};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::sys::uio::pread;
use nix::unistd::{Whence, lseek, read};

use crate::Fault;
use crate::parse::signature;
use crate::source::ioctl::{nvme, scsi};
use crate::source::{ASLEEP, Answer};

const IDENTIFY_DEVICE: u8 = 0xec;
const CHECK_POWER_MODE: u8 = 0xe5;
const SMART: u8 = 0xb0;
/// LBA mid and high of every SMART command (ACS-4, 7.46).
const SMART_SIGNATURE: [u8; 2] = [0x4f, 0xc2];

/// A disk that is open.
pub(super) struct Disk {
    name: String,
    file: OwnedFd,
    /// Whether it was found awake: within one run of questions it does not fall asleep.
    is_awake: bool,
}

/// NVMe Identify Controller.
pub(super) fn nvme_identify(open: &mut Option<Disk>, device: &str) -> Answer {
    let disk = open_device(open, device)?;
    nvme::read(&disk.file, nvme::Command::IdentifyController)
}

/// NVMe SMART / Health Information.
pub(super) fn nvme_health(open: &mut Option<Disk>, device: &str) -> Answer {
    let disk = open_device(open, device)?;
    nvme::read(&disk.file, nvme::Command::HealthLog)
}

/// The count register of CHECK POWER MODE.
pub(super) fn ata_power_mode(open: &mut Option<Disk>, device: &str) -> Answer {
    Ok(vec![power_mode(&open_device(open, device)?.file)?])
}

/// IDENTIFY DEVICE.
pub(super) fn ata_identify(open: &mut Option<Disk>, device: &str) -> Answer {
    let disk = open_awake_ata(open, device)?;
    ata::read(&disk.file, IDENTIFY_DEVICE, 0, [0, 0])
}

/// SMART READ DATA.
pub(super) fn ata_smart_data(open: &mut Option<Disk>, device: &str) -> Answer {
    let disk = open_awake_ata(open, device)?;
    ata::read(&disk.file, SMART, 0xd0, SMART_SIGNATURE)
}

/// SMART READ THRESHOLDS.
pub(super) fn ata_smart_thresholds(open: &mut Option<Disk>, device: &str) -> Answer {
    let disk = open_awake_ata(open, device)?;
    ata::read(&disk.file, SMART, 0xd1, SMART_SIGNATURE)
}

/// LBA mid and high after SMART RETURN STATUS.
pub(super) fn ata_smart_status(open: &mut Option<Disk>, device: &str) -> Answer {
    let disk = open_awake_ata(open, device)?;
    let registers = ata::registers(&disk.file, SMART, 0xda, SMART_SIGNATURE)?;
    Ok(vec![registers.lba_mid, registers.lba_high])
}

/// LOG SENSE of the current cumulative values (SPC-5, 6.8).
pub(super) fn scsi_log(open: &mut Option<Disk>, device: &str, page: u8) -> Answer {
    const LENGTH: u16 = 512;
    let disk = open_device(open, device)?;
    disk.refuse_asleep(refuse_asleep_scsi)?;
    let [high, low] = LENGTH.to_be_bytes();
    let command = [0x4d, 0, 0x40 | (page & 0x3f), 0, 0, 0, 0, high, low, 0];
    let reply = scsi::send(&disk.file, &command, usize::from(LENGTH))?;
    match reply.status {
        0 => Ok(reply.data),
        _ => Err(Fault::Unsupported(format!("log page {page:#04x}"))),
    }
}

/// The windows of `parse::signature`.
pub(super) fn block_signature(open: &mut Option<Disk>, device: &str) -> Answer {
    let disk = open_device(open, device)?;
    if rotates(device) {
        disk.refuse_asleep(refuse_asleep)?;
    }
    let file = &disk.file;
    let end = lseek(file, 0, Whence::SeekEnd)?;
    let size = u64::try_from(end).map_err(|_| Fault::Malformed("a negative size".to_owned()))?;
    // Read no more of the disk than the windows.
    let _ = posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_RANDOM);
    signature::collect(size, |offset, length| window(file, offset, length))
}

impl Disk {
    fn open(name: &str) -> Result<Self, Fault> {
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(Fault::Malformed("not the name of a device".to_owned()));
        }
        refuse_suspended(name)?;
        let path = format!("/dev/{}", name.replace('!', "/"));
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        let file = open(path.as_str(), flags, Mode::empty())?;
        let kind = SFlag::from_bits_truncate(fstat(file.as_fd())?.st_mode & SFlag::S_IFMT.bits());
        if kind != SFlag::S_IFBLK {
            return Err(Fault::Malformed(format!("{path} is not a block device")));
        }
        Ok(Self {
            name: name.to_owned(),
            file,
            is_awake: false,
        })
    }

    /// Has `check` find out once whether it is awake.
    fn refuse_asleep(&mut self, check: fn(&OwnedFd) -> Result<(), Fault>) -> Result<(), Fault> {
        if !self.is_awake {
            check(&self.file)?;
            self.is_awake = true;
        }
        Ok(())
    }
}

fn open_device<'d>(open: &'d mut Option<Disk>, name: &str) -> Result<&'d mut Disk, Fault> {
    let disk = match open.take() {
        Some(disk) if disk.name == name => disk,
        _ => Disk::open(name)?,
    };
    Ok(open.insert(disk))
}

fn open_awake_ata<'d>(open: &'d mut Option<Disk>, name: &str) -> Result<&'d mut Disk, Fault> {
    let disk = open_device(open, name)?;
    disk.refuse_asleep(|file| match is_standby(power_mode(file)?) {
        true => Err(asleep()),
        false => Ok(()),
    })?;
    Ok(disk)
}

fn window(file: &OwnedFd, offset: u64, length: usize) -> Answer {
    let at = i64::try_from(offset).map_err(|_| Errno::EINVAL)?;
    let mut bytes = vec![0; length];
    let count = pread(file, &mut bytes, at)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Opening a disk that the kernel has suspended would resume it.
fn refuse_suspended(device: &str) -> Result<(), Fault> {
    let states = [
        "device/power/runtime_status",
        "../device/power/runtime_status",
    ];
    let suspended = states
        .iter()
        .any(|state| attribute(device, state).as_deref() == Some("suspended"));
    if suspended { Err(asleep()) } else { Ok(()) }
}

/// Where it is not known to stand still, it may be asleep.
fn rotates(device: &str) -> bool {
    let own = attribute(device, "queue/rotational");
    let rotational = own.or_else(|| attribute(device, "../queue/rotational"));
    rotational.as_deref() != Some("0")
}

fn attribute(device: &str, name: &str) -> Option<String> {
    let path = format!("/sys/class/block/{device}/{name}");
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let file = open(path.as_str(), flags, Mode::empty()).ok()?;
    let mut bytes = [0; 32];
    let count = read(&file, &mut bytes).ok()?;
    let text = std::str::from_utf8(bytes.get(..count)?).ok()?;
    Some(text.trim().to_owned())
}

/// Whatever kind of disk it is; one that knows no SCSI commands has no such state.
fn refuse_asleep(file: &OwnedFd) -> Result<(), Fault> {
    match power_mode(file) {
        Ok(mode) if is_standby(mode) => Err(asleep()),
        Ok(_) => Ok(()),
        Err(_) => refuse_asleep_scsi(file),
    }
}

/// REQUEST SENSE reports a low power condition without leaving it (SPC-5, 6.40): 5Eh 02h, 04h, 09h
/// are standby, and 04h 02h or 11h is a disk that waits to be started.
fn refuse_asleep_scsi(file: &OwnedFd) -> Result<(), Fault> {
    let reply = match scsi::send(file, &[0x03, 0, 0, 0, 252, 0], 252) {
        Err(Fault::Unsupported(_)) => return Ok(()),
        other => other?,
    };
    match (reply.data.get(12), reply.data.get(13)) {
        (Some(0x5e), Some(0x02 | 0x04 | 0x09 | 0x0a)) | (Some(0x04), Some(0x02 | 0x11)) => {
            Err(asleep())
        }
        _ => Ok(()),
    }
}

fn asleep() -> Fault {
    Fault::Unsupported(ASLEEP.to_owned())
}

/// Standby, and the non-volatile cache with the spindle down (ACS-3, 7.3.2).
fn is_standby(mode: u8) -> bool {
    matches!(mode, 0x00 | 0x01 | 0x40)
}

fn power_mode(file: &OwnedFd) -> Result<u8, Fault> {
    Ok(ata::registers(file, CHECK_POWER_MODE, 0, [0, 0])?.count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standby_is_asleep_and_idle_is_not() {
        assert!(is_standby(0x00) && is_standby(0x01) && is_standby(0x40));
        assert!(!is_standby(0x80) && !is_standby(0xff) && !is_standby(0x41));
    }

    #[test]
    fn only_names_of_devices_are_opened() {
        for name in ["", "../etc/passwd", "a/b", ".."] {
            assert!(
                matches!(Disk::open(name), Err(Fault::Malformed(_))),
                "{name}"
            );
        }
        // Not a block device, and not hung on it either.
        let null = block_signature(&mut None, "null");
        assert!(matches!(null, Err(Fault::Malformed(_))));
    }

    /// A swap area on a loop device: what the machine answers is what the parser reads.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "a loop device takes losetup")]
    fn the_windows_of_a_block_device() {
        let image = tempfile::NamedTempFile::new().unwrap();
        let mut content = vec![0; 1 << 20];
        content[4086..4096].copy_from_slice(b"SWAPSPACE2");
        std::fs::write(image.path(), content).unwrap();
        let losetup = |arguments: &[&str]| {
            let output = std::process::Command::new("losetup")
                .args(arguments)
                .output()
                .ok()?;
            let path = String::from_utf8(output.stdout).ok()?;
            output.status.success().then(|| path.trim().to_owned())
        };
        let Some(path) = losetup(&["-r", "-f", "--show", image.path().to_str().unwrap()]) else {
            eprintln!("skipped: no loop device without root");
            return;
        };
        let answer = block_signature(&mut None, path.trim_start_matches("/dev/"));
        losetup(&["-d", &path]);
        let content = signature::parse(&answer.unwrap()).unwrap();
        assert_eq!(content.signature.unwrap().kind.as_deref(), Some("swap"));
    }
}
