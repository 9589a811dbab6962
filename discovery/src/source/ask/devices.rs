//! What stays open from one question to the next.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use super::disk::Disk;
use super::ipmi::Controller;

/// The devices of one run of questions. Each is opened with the first question to it and closed
/// with the last: closing the device of a management controller alone takes the kernel more than
/// ten answers (`synchronize_srcu` in `ipmi_destroy_user`), and a disk that was found awake need
/// not be asked again whether it is.
#[derive(Default)]
pub(in crate::source) struct Devices {
    pub(super) controller: Option<Controller>,
    /// One at a time: questions come disk by disk.
    pub(super) disk: Option<Disk>,
    /// Any socket, for questions about network interfaces.
    pub(super) socket: Option<OwnedFd>,
}

/// Devices that runs of questions have in common.
pub(in crate::source) type SharedDevices = Arc<Mutex<Devices>>;
