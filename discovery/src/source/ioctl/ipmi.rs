//! The IPMI character device (`include/uapi/linux/ipmi.h`).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::libc::{c_int, c_long, c_short, c_uchar, c_uint, c_ushort};

/// `IPMI_SYSTEM_INTERFACE_ADDR_TYPE`.
const SYSTEM_INTERFACE: c_int = 0x0c;
/// `IPMI_BMC_CHANNEL`.
const BMC_CHANNEL: c_short = 0x0f;
/// `IPMI_RESPONSE_RECV_TYPE`.
const RESPONSE: c_int = 1;
/// `IPMI_MAX_MSG_LENGTH`.
const LONGEST: usize = 272;
/// `IPMI_MAX_ADDR_SIZE`.
const ADDRESS_BYTES: usize = 32;

/// `struct ipmi_system_interface_addr`.
#[repr(C)]
struct Address {
    kind: c_int,
    channel: c_short,
    lun: c_uchar,
}

/// `struct ipmi_msg`.
#[repr(C)]
struct Message {
    net_fn: c_uchar,
    command: c_uchar,
    length: c_ushort,
    data: *mut c_uchar,
}

/// `struct ipmi_req`.
#[repr(C)]
pub(super) struct Request {
    address: *mut Address,
    address_bytes: c_uint,
    id: c_long,
    message: Message,
}

/// `struct ipmi_recv`.
#[repr(C)]
pub(super) struct Received {
    kind: c_int,
    address: *mut c_uchar,
    address_bytes: c_uint,
    id: c_long,
    message: Message,
}

mod raw {
    nix::ioctl_read!(send_command, b'i', 13, super::Request);
    nix::ioctl_readwrite!(receive_msg_trunc, b'i', 11, super::Received);
}

/// Sends a request to the management controller by `IPMICTL_SEND_COMMAND`.
pub(in crate::source) fn send(
    device: impl AsFd,
    (net_fn, command): (u8, u8),
    data: &[u8],
    id: i32,
) -> Result<(), Errno> {
    let mut data = data.to_vec();
    let mut address = Address {
        kind: SYSTEM_INTERFACE,
        channel: BMC_CHANNEL,
        lun: 0,
    };
    let mut request = Request {
        address: &raw mut address,
        address_bytes: c_uint::try_from(size_of::<Address>()).map_err(|_| Errno::EINVAL)?,
        id: c_long::from(id),
        message: Message {
            net_fn,
            command,
            length: c_ushort::try_from(data.len()).map_err(|_| Errno::EMSGSIZE)?,
            data: data.as_mut_ptr(),
        },
    };
    // SAFETY: the layout is the kernel's; `address` and `data` live past the call, and the kernel
    // copies `address_bytes` and `length` bytes from them, which are their sizes.
    unsafe { raw::send_command(device.as_fd().as_raw_fd(), &raw mut request) }?;
    Ok(())
}

/// Takes one message from the queue by `IPMICTL_RECEIVE_MSG_TRUNC`: the bytes of the response to
/// `id`, or `None` for any other message. `EAGAIN` where the queue is empty.
pub(in crate::source) fn receive(device: impl AsFd, id: i32) -> Result<Option<Vec<u8>>, Errno> {
    let mut data = vec![0; LONGEST];
    // Room for any kind of address; aligned as the longest field of them needs.
    let mut address = [0u64; ADDRESS_BYTES / size_of::<u64>()];
    let mut received = Received {
        kind: 0,
        address: address.as_mut_ptr().cast(),
        address_bytes: c_uint::try_from(size_of_val(&address)).map_err(|_| Errno::EINVAL)?,
        id: 0,
        message: Message {
            net_fn: 0,
            command: 0,
            length: c_ushort::try_from(data.len()).map_err(|_| Errno::EMSGSIZE)?,
            data: data.as_mut_ptr(),
        },
    };
    // SAFETY: the layout is the kernel's; `address` and `data` live past the call, and the kernel
    // writes at most `address_bytes` and `length` bytes to them, which are their sizes.
    unsafe { raw::receive_msg_trunc(device.as_fd().as_raw_fd(), &raw mut received) }?;
    if received.kind != RESPONSE || received.id != c_long::from(id) {
        return Ok(None);
    }
    data.truncate(usize::from(received.message.length));
    Ok(Some(data))
}
