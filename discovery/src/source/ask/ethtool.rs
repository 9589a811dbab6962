//! `ETHTOOL_*` commands.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::Fault;
use crate::source::Answer;
use crate::source::ioctl::ethtool::{Buffer, perform};
use crate::source::query::EthtoolCommand;

/// `linux/ethtool.h`: command numbers, and lengths of the structures.
const GDRVINFO: (u32, usize) = (0x03, 196);
const GWOL: (u32, usize) = (0x05, 20);
const GPERMADDR: (u32, usize) = (0x20, 8 + 32);
const GMODULEINFO: (u32, usize) = (0x42, 44);
const GMODULEEEPROM: (u32, usize) = (0x43, 16);
const GLINKSETTINGS: (u32, usize) = (0x4c, 48);
/// `MAX_ADDR_LEN` of `linux/netdevice.h`.
const ADDRESS_LENGTH: u32 = 32;
/// The identity fields of every module are in its first 256 bytes.
const MODULE_BYTES: u32 = 256;

/// The structure as the kernel filled it; for a module's memory the bytes alone.
pub(super) fn ethtool(
    opened: &mut Option<OwnedFd>,
    interface: &str,
    command: EthtoolCommand,
) -> Answer {
    // Any socket will do: the request names the interface.
    let socket = match opened.take() {
        Some(socket) => socket,
        None => any_socket()?,
    };
    let caller = Caller {
        socket: opened.insert(socket),
        interface,
    };
    match command {
        EthtoolCommand::DriverInfo => caller.call(GDRVINFO, &[]),
        EthtoolCommand::LinkSettings => caller.link_settings(),
        EthtoolCommand::PermanentAddress => caller.call(GPERMADDR, &[ADDRESS_LENGTH]),
        EthtoolCommand::WakeOnLan => caller.call(GWOL, &[]),
        EthtoolCommand::ModuleInfo => caller.call(GMODULEINFO, &[]),
        EthtoolCommand::ModuleEeprom => caller.module_eeprom(),
    }
}

fn any_socket() -> Result<OwnedFd, Errno> {
    socket(
        AddressFamily::Unix,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
}

struct Caller<'a> {
    socket: &'a OwnedFd,
    interface: &'a str,
}

impl Caller<'_> {
    /// Asks twice: the kernel answers the first time with how many words its link modes take, as a
    /// negative number, and wants to hear it back.
    fn link_settings(&self) -> Answer {
        const WORDS_AT: usize = 15;
        let first = self.call(GLINKSETTINGS, &[])?;
        let words = first.get(WORDS_AT).copied().unwrap_or_default();
        let words = i8::from_ne_bytes([words]).unsigned_abs();
        let fields = [0, 0, u32::from_ne_bytes([0, 0, 0, words])];
        self.call(GLINKSETTINGS, &fields)
    }

    fn module_eeprom(&self) -> Answer {
        let info = self.call(GMODULEINFO, &[])?;
        let length = info
            .get(8..12)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u32::from_ne_bytes)
            .min(MODULE_BYTES);
        if length == 0 {
            return Err(Fault::Absent);
        }
        let (command, header) = GMODULEEEPROM;
        let whole = header + usize::try_from(length).unwrap_or_default();
        let answer = self.call((command, whole), &[0, 0, length])?;
        Ok(answer.get(header..).unwrap_or_default().to_vec())
    }

    /// Sends the command with the words that follow it; gives back so many bytes.
    fn call(&self, (command, length): (u32, usize), fields: &[u32]) -> Answer {
        let mut buffer = Buffer([0; 4096]);
        let words = std::iter::once(&command).chain(fields);
        for (place, word) in buffer.0.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        match perform(self.socket.as_fd(), self.interface, &mut buffer) {
            Ok(()) => Ok(buffer.0.get(..length).unwrap_or_default().to_vec()),
            // Most drivers have only some of the commands.
            Err(Errno::EOPNOTSUPP) => Err(Fault::Unsupported("no such ethtool command".to_owned())),
            Err(errno) => Err(errno.into()),
        }
    }
}
