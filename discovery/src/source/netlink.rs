//! A netlink socket to the kernel: requests with their answers, and notifications.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send,
    setsockopt, socket, sockopt,
};

use super::Answer;
use crate::Fault;
use crate::parse::netlink::messages;

/// `linux/netlink.h`.
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_ACK: u16 = 0x04;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_DUMP_INTR: u16 = 0x10;
/// The kernel sends at most 32 KiB at a time, and more only where one message is longer.
const DATAGRAM: usize = 64 << 10;
/// Most bytes of one dump: some 40,000 interfaces.
const DUMP_CAP: usize = 64 << 20;
/// A dump during which something changed is asked for again, so often.
const DUMP_TRIES: usize = 5;

/// A socket of one netlink family.
pub(crate) struct NetlinkSocket {
    descriptor: OwnedFd,
    sequence: u32,
}

impl NetlinkSocket {
    /// A socket of rtnetlink(7), joined to the multicast groups in the mask.
    ///
    /// # Errors
    /// When the kernel has no netlink, or the process may not use it.
    pub(crate) fn route(groups: u32) -> Result<Self, Errno> {
        Self::open(SockProtocol::NetlinkRoute, groups, SockFlag::SOCK_CLOEXEC)
    }

    /// Events of kernel objects, as the kernel sends them.
    ///
    /// # Errors
    /// As for [`NetlinkSocket::route`].
    pub(crate) fn kernel_objects() -> Result<Self, Errno> {
        Self::open(
            SockProtocol::NetlinkKObjectUEvent,
            1,
            SockFlag::SOCK_CLOEXEC,
        )
    }

    /// Room for bursts of notifications; what the kernel does not allow stays as it is.
    pub(crate) fn widen(&self, bytes: usize) {
        if setsockopt(&self.descriptor, sockopt::RcvBufForce, &bytes).is_err() {
            let _ = setsockopt(&self.descriptor, sockopt::RcvBuf, &bytes);
        }
    }

    /// One datagram of notifications; `None` when there is none to take.
    ///
    /// # Errors
    /// `ENOBUFS` when the kernel had to drop some.
    pub(crate) fn take(&self, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
        match recv(self.descriptor.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The messages of a dump, one after the other.
    ///
    /// # Errors
    /// What the kernel answered; malformed when it is longer than can be.
    pub(super) fn dump(&mut self, kind: u16, payload: &[u8]) -> Answer {
        let mut answer = Vec::new();
        for _ in 0..DUMP_TRIES {
            let interrupted;
            self.request(kind, NLM_F_REQUEST | NLM_F_DUMP, payload)?;
            (answer, interrupted) = self.collect()?;
            if !interrupted {
                break;
            }
        }
        // One that changed every time is still true of each interface by itself.
        Ok(answer)
    }

    /// Asks for a change and waits until the kernel has made it.
    ///
    /// # Errors
    /// What the kernel answered.
    pub(super) fn change(&mut self, kind: u16, payload: &[u8]) -> Result<(), Fault> {
        self.request(kind, NLM_F_REQUEST | NLM_F_ACK, payload)?;
        self.collect().map(|_| ())
    }

    fn open(protocol: SockProtocol, groups: u32, flags: SockFlag) -> Result<Self, Errno> {
        let descriptor = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
        if groups != 0 {
            bind(descriptor.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        }
        Ok(Self {
            descriptor,
            sequence: 0,
        })
    }

    fn request(&mut self, kind: u16, flags: u16, payload: &[u8]) -> Result<(), Fault> {
        self.sequence += 1;
        let length = u32::try_from(HEADER + payload.len())
            .map_err(|_| Fault::Unsupported("a request that long".to_owned()))?;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.extend(flags.to_ne_bytes());
        message.extend(self.sequence.to_ne_bytes());
        message.extend([0; 4]);
        message.extend(payload);
        send(self.descriptor.as_raw_fd(), &message, MsgFlags::empty())?;
        Ok(())
    }

    /// Every message up to the end of the answer, and whether the dump was interrupted.
    fn collect(&self) -> Result<(Vec<u8>, bool), Fault> {
        let mut answer = Vec::new();
        let mut datagram = vec![0; DATAGRAM];
        let mut interrupted = false;
        loop {
            let length = match recv(
                self.descriptor.as_raw_fd(),
                &mut datagram,
                MsgFlags::MSG_TRUNC,
            ) {
                Err(Errno::EINTR) => continue,
                other => other?,
            };
            let received = datagram
                .get(..length)
                .ok_or_else(|| Fault::Malformed("a netlink message above 64 KiB".to_owned()))?;
            for message in messages(received).filter(|found| found.sequence == self.sequence) {
                interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
                if matches!(message.kind, NLMSG_DONE | NLMSG_ERROR) {
                    verdict(message.payload)?;
                    return Ok((answer, interrupted));
                }
            }
            if answer.len() + length > DUMP_CAP {
                return Err(Fault::Malformed("an endless netlink dump".to_owned()));
            }
            answer.extend_from_slice(received);
        }
    }
}

impl AsFd for NetlinkSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// `struct nlmsghdr`.
const HEADER: usize = 16;

/// The negative error number with which an answer ends; 0 is success.
fn verdict(payload: &[u8]) -> Result<(), Fault> {
    let number = payload
        .first_chunk()
        .map_or(0, |number| i32::from_ne_bytes(*number));
    match number {
        0 => Ok(()),
        number => Err(Errno::from_raw(number.saturating_neg()).into()),
    }
}
