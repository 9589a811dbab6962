//! SCSI commands by `SG_IO` (include/scsi/sg.h), of those that only read.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;

use crate::Fault;

/// `struct sg_io_hdr`.
#[repr(C)]
struct Header {
    interface_id: i32,
    direction: i32,
    command_length: u8,
    sense_capacity: u8,
    iovec_count: u16,
    data_length: u32,
    data: *mut u8,
    command: *const u8,
    sense: *mut u8,
    timeout_ms: u32,
    flags: u32,
    pack_id: i32,
    user: *mut u8,
    status: u8,
    masked_status: u8,
    message_status: u8,
    sense_length: u8,
    host_status: u16,
    driver_status: u16,
    residual: i32,
    duration_ms: u32,
    info: u32,
}

/// `SG_IO`.
const SG_IO: u32 = 0x2285;
const DIRECTION_NONE: i32 = -1;
const DIRECTION_FROM_DEVICE: i32 = -3;
const SENSE_CAPACITY: u8 = 64;
/// Long, because the kernel resets the device or its link when a command runs out of time. The
/// caller gives up earlier and leaves the thread behind.
const TIMEOUT_MS: u32 = 20_000;

nix::ioctl_readwrite_bad!(sg_io, SG_IO, Header);

/// What a command brought.
pub(in crate::source) struct Reply {
    /// As many bytes as came.
    pub(in crate::source) data: Vec<u8>,
    /// SCSI status.
    pub(in crate::source) status: u8,
    /// Sense data; empty when there was none.
    pub(in crate::source) sense: Vec<u8>,
}

/// Sends a command that reads `length` bytes, or none.
///
/// # Errors
/// Faults of the ioctl and of the transport; a device that answers with sense data has answered.
pub(in crate::source) fn send(
    device: &OwnedFd,
    command: &[u8],
    length: usize,
) -> Result<Reply, Fault> {
    let mut data = vec![0_u8; length];
    let mut sense = vec![0_u8; usize::from(SENSE_CAPACITY)];
    let (Ok(command_length), Ok(data_length)) =
        (u8::try_from(command.len()), u32::try_from(length))
    else {
        return Err(Fault::Malformed("a command that is too long".to_owned()));
    };
    let mut header = Header {
        interface_id: i32::from(b'S'),
        direction: if length == 0 {
            DIRECTION_NONE
        } else {
            DIRECTION_FROM_DEVICE
        },
        command_length,
        sense_capacity: SENSE_CAPACITY,
        iovec_count: 0,
        data_length,
        data: data.as_mut_ptr(),
        command: command.as_ptr(),
        sense: sense.as_mut_ptr(),
        timeout_ms: TIMEOUT_MS,
        flags: 0,
        pack_id: 0,
        user: std::ptr::null_mut(),
        status: 0,
        masked_status: 0,
        message_status: 0,
        sense_length: 0,
        host_status: 0,
        driver_status: 0,
        residual: 0,
        duration_ms: 0,
        info: 0,
    };
    // SAFETY: `header` has the layout of `struct sg_io_hdr`; its three pointers are to buffers of
    // the lengths beside them, which live until the call is over; the kernel only writes to `data`
    // and `sense`.
    unsafe { sg_io(device.as_raw_fd(), &raw mut header) }.map_err(unsupported)?;
    if header.host_status != 0 {
        return Err(Fault::Unsupported(format!(
            "SCSI host status {:#x}",
            header.host_status
        )));
    }
    let missing = usize::try_from(header.residual).unwrap_or_default();
    data.truncate(length.saturating_sub(missing));
    sense.truncate(usize::from(header.sense_length));
    Ok(Reply {
        data,
        status: header.status,
        sense,
    })
}

/// Block drivers without SCSI commands say `ENOTTY` or `EINVAL`.
fn unsupported(errno: Errno) -> Fault {
    match errno {
        Errno::ENOTTY | Errno::EINVAL | Errno::EOPNOTSUPP => {
            Fault::Unsupported("no SCSI commands".to_owned())
        }
        other => other.into(),
    }
}
