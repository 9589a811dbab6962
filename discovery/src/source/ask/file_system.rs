//! `statvfs(3)`.

use nix::sys::statvfs::statvfs;

use crate::source::Answer;

/// Unit, blocks, and blocks that an ordinary user can still fill, a line each. A server that does
/// not answer hangs this.
pub(super) fn usage(mount_point: &str) -> Answer {
    let usage = statvfs(mount_point)?;
    let numbers = [
        usage.fragment_size().to_string(),
        usage.blocks().to_string(),
        usage.blocks_available().to_string(),
    ];
    Ok(numbers.join("\n").into_bytes())
}
