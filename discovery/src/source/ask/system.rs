//! System calls about the system as a whole.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::Fault;
use crate::source::Answer;

/// Seconds since the epoch.
pub(super) fn clock() -> Answer {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(|_| Fault::Malformed("the clock is before 1970".to_owned()))?;
    Ok(now.as_secs().to_string().into_bytes())
}

/// `uname(2)`.
pub(super) fn uname() -> Answer {
    let uts = nix::sys::utsname::uname()?;
    let lines = [uts.nodename(), uts.release(), uts.machine()];
    Ok(lines
        .map(|line| line.to_string_lossy())
        .join("\n")
        .into_bytes())
}

/// Effective user id.
pub(super) fn user_id() -> Answer {
    Ok(nix::unistd::geteuid().to_string().into_bytes())
}

/// CPUID leaf 40000000h, where hypervisors give their name.
#[cfg(target_arch = "x86_64")]
pub(super) fn hypervisor() -> Answer {
    let leaf = std::arch::x86_64::__cpuid(0x4000_0000);
    Ok([leaf.ebx, leaf.ecx, leaf.edx]
        .map(u32::to_le_bytes)
        .concat())
}

/// Other processors have no such instruction.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn hypervisor() -> Answer {
    Err(Fault::Unsupported("no CPUID".to_owned()))
}
