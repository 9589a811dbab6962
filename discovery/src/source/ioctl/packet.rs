//! Options of packet(7) sockets.

use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// The three group addresses of LLDP (IEEE 802.1AB-2016, table 7-1): nearest bridge, nearest
/// non-TPMR bridge, nearest customer bridge.
const GROUPS: [[u8; 6]; 3] = [
    [0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e],
    [0x01, 0x80, 0xc2, 0x00, 0x00, 0x03],
    [0x01, 0x80, 0xc2, 0x00, 0x00, 0x00],
];

/// Lets an unbound packet socket see LLDP frames that come in on an interface and nothing else.
/// The device listens to their group addresses until the socket is closed.
///
/// # Errors
/// What the kernel answered.
pub(in crate::source) fn only_lldp(socket: BorrowedFd<'_>, index: u32) -> Result<(), Errno> {
    attach_filter(socket)?;
    GROUPS
        .iter()
        .try_for_each(|group| join_group(socket, index, *group))
}

/// `linux/filter.h`: load a byte or half word at an offset, jump if equal, return.
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF: u16 = 0x28;
const JUMP_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// `SKF_AD_OFF + SKF_AD_PKTTYPE`: how the packet came; `PACKET_OUTGOING` is what we sent ourselves.
const PACKET_TYPE: u32 = 0xffff_f004;
const PACKET_OUTGOING: u32 = 4;
const ETHERTYPE_AT: u32 = 12;
const LLDP: u32 = 0x88cc;

fn attach_filter(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut program = [
        step(LOAD_BYTE, 0, 0, PACKET_TYPE),
        step(JUMP_EQUAL, 3, 0, PACKET_OUTGOING),
        step(LOAD_HALF, 0, 0, ETHERTYPE_AT),
        step(JUMP_EQUAL, 0, 1, LLDP),
        step(RETURN, 0, 0, u32::MAX),
        step(RETURN, 0, 0, 0),
    ];
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap_or_default(),
        filter: program.as_mut_ptr(),
    };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
}

fn join_group(socket: BorrowedFd<'_>, index: u32, group: [u8; 6]) -> Result<(), Errno> {
    let mut address = [0; 8];
    for (place, byte) in address.iter_mut().zip(group) {
        *place = byte;
    }
    let membership = libc::packet_mreq {
        mr_ifindex: i32::try_from(index).map_err(|_| Errno::ENODEV)?,
        mr_type: MULTICAST,
        mr_alen: 6,
        mr_address: address,
    };
    set(
        socket,
        libc::SOL_PACKET,
        libc::PACKET_ADD_MEMBERSHIP,
        &membership,
    )
}

/// `PACKET_MR_MULTICAST`.
const MULTICAST: u16 = 0;

fn set<T>(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: &T,
) -> Result<(), Errno> {
    let length = libc::socklen_t::try_from(size_of::<T>()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the kernel reads `length` bytes of `value`, which is that long, and, for a filter,
    // as many steps as it says from a program that the caller keeps alive; it keeps neither.
    let outcome = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast(),
            length,
        )
    };
    Errno::result(outcome).map(|_| ())
}
