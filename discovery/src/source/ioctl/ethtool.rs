//! `SIOCETHTOOL` of `linux/sockios.h`.

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// As long as the longest answer asked for, and aligned as its structures need it.
#[repr(C, align(8))]
pub(in crate::source) struct Buffer(pub(in crate::source) [u8; LENGTH]);

const LENGTH: usize = 4096;
const SIOCETHTOOL: libc::Ioctl = 0x8946;
/// Commands of `linux/ethtool.h` whose answer is as long as a field of the request says: where
/// that field is, and what precedes the data.
const ETHTOOL_GPERMADDR: u32 = 0x20;
const ETHTOOL_GMODULEEEPROM: u32 = 0x43;
/// Commands whose answer has a fixed length below [`LENGTH`].
const FIXED: [u32; 4] = [0x03, 0x05, 0x42, ETHTOOL_GLINKSETTINGS];
/// Fixed too: the signed eight bits in which it counts words bound it to 48 + 3 · 127 · 4.
const ETHTOOL_GLINKSETTINGS: u32 = 0x4c;

/// Performs the command at the start of `buffer` on an interface; the answer replaces it.
///
/// # Errors
/// What the kernel or the driver answered; `EINVAL` for a command that is not known to fit.
pub(in crate::source) fn perform(
    socket: BorrowedFd<'_>,
    interface: &str,
    buffer: &mut Buffer,
) -> Result<(), Errno> {
    require_fit(&buffer.0)?;
    // SAFETY: all-zero bytes are a valid `ifreq`, which is a structure of plain integers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if interface.len() >= request.ifr_name.len() {
        return Err(Errno::ENODEV);
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *place = libc::c_char::from_ne_bytes([byte]);
    }
    request.ifr_ifru.ifru_data = buffer.0.as_mut_ptr().cast();
    // SAFETY: `request` is a valid `ifreq` with a name that ends in NUL, its data points to
    // `LENGTH` writable bytes that outlive the call, and `require_fit` has refused every command
    // for which the kernel would write more than that.
    let outcome = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    Errno::result(outcome).map(|_| ())
}

fn require_fit(buffer: &[u8; LENGTH]) -> Result<(), Errno> {
    let word = |at: usize| {
        let bytes = buffer.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_ne_bytes(bytes))
    };
    let length = match word(0) {
        Some(command) if FIXED.contains(&command) => Some(0),
        Some(ETHTOOL_GPERMADDR) => word(4),
        Some(ETHTOOL_GMODULEEEPROM) => word(12),
        _ => None,
    };
    let fits = length.is_some_and(|length| length <= 2048);
    fits.then_some(()).ok_or(Errno::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(words: &[u32]) -> Buffer {
        let mut buffer = Buffer([0; LENGTH]);
        for (place, word) in buffer.0.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        buffer
    }

    #[test]
    fn only_commands_that_fit() {
        assert_eq!(require_fit(&buffer(&[0x03]).0), Ok(()));
        assert_eq!(require_fit(&buffer(&[0x20, 32]).0), Ok(()));
        assert_eq!(require_fit(&buffer(&[0x43, 0, 0, 256]).0), Ok(()));
        assert_eq!(
            require_fit(&buffer(&[0x43, 0, 0, 5000]).0),
            Err(Errno::EINVAL)
        );
        assert_eq!(
            require_fit(&buffer(&[0x20, u32::MAX]).0),
            Err(Errno::EINVAL)
        );
        assert_eq!(require_fit(&buffer(&[0x04]).0), Err(Errno::EINVAL));
    }
}
