//! NVMe admin commands by `NVME_IOCTL_ADMIN_CMD` (include/uapi/linux/nvme_ioctl.h).

use std::os::fd::{AsRawFd, OwnedFd};

use crate::Fault;
use crate::source::Answer;

/// `struct nvme_passthru_cmd`.
#[repr(C)]
#[derive(Default)]
struct PassThrough {
    opcode: u8,
    flags: u8,
    reserved: u16,
    namespace: u32,
    dword2: u32,
    dword3: u32,
    metadata: u64,
    address: u64,
    metadata_length: u32,
    data_length: u32,
    dword10: u32,
    dword11: u32,
    dword12: u32,
    dword13: u32,
    dword14: u32,
    dword15: u32,
    timeout_ms: u32,
    result: u32,
}

nix::ioctl_readwrite!(admin_command, b'N', 0x41, PassThrough);

/// The admin commands that only read.
#[derive(Clone, Copy)]
pub(in crate::source) enum Command {
    /// Identify Controller (NVMe Base 2.0, 5.17.2.1).
    IdentifyController,
    /// Log page 02h of the whole controller (5.16.1.3).
    HealthLog,
}

/// Sends the command and gives back what it read.
pub(in crate::source) fn read(device: &OwnedFd, command: Command) -> Answer {
    let (opcode, namespace, dword10, length) = match command {
        Command::IdentifyController => (0x06, 0, 1, 4096_u32),
        // Number of double words, from zero, in the upper half; page 2 in the lower.
        Command::HealthLog => (0x02, u32::MAX, (512 / 4 - 1) << 16 | 2, 512_u32),
    };
    let mut data = vec![0_u8; length as usize];
    let mut request = PassThrough {
        opcode,
        namespace,
        address: data.as_mut_ptr() as u64,
        data_length: length,
        dword10,
        ..PassThrough::default()
    };
    // SAFETY: `request` has the layout that the kernel expects of this ioctl, and `address` points
    // to `data_length` writable bytes of `data`, which lives until the call is over.
    let status = unsafe { admin_command(device.as_raw_fd(), &raw mut request) }?;
    match status {
        0 => Ok(data),
        code => Err(Fault::Unsupported(format!("NVMe status {code:#x}"))),
    }
}
