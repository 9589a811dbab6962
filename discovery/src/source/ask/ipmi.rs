//! Requests to the management controller by `/dev/ipmi0`.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;

use crate::Fault;
use crate::source::Answer;
use crate::source::ioctl::ipmi;

/// A controller answers within a second (IPMI 2.0, table 4-2, has 5 s for a busy one).
const PATIENCE: Duration = Duration::from_secs(5);
/// The management controller, open.
pub(super) struct Controller {
    device: OwnedFd,
    /// Of the last request. An answer that comes after its time has another.
    id: i32,
}

/// Completion code, then data.
pub(super) fn request(
    opened: &mut Option<Controller>,
    net_fn: u8,
    command: u8,
    data: &[u8],
) -> Answer {
    let controller = match opened.take() {
        Some(controller) => controller,
        None => Controller::open()?,
    };
    let controller = opened.insert(controller);
    controller.request(net_fn, command, data)
}

impl Controller {
    fn open() -> Result<Self, Fault> {
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        let device = open("/dev/ipmi0", flags, Mode::empty())?;
        Ok(Self { device, id: 0 })
    }

    fn request(&mut self, net_fn: u8, command: u8, data: &[u8]) -> Answer {
        self.id = self.id.wrapping_add(1);
        ipmi::send(&self.device, (net_fn, command), data, self.id)?;
        let until = Instant::now() + PATIENCE;
        loop {
            wait(&self.device, until)?;
            match ipmi::receive(&self.device, self.id) {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

fn wait(device: impl AsFd, until: Instant) -> Result<(), Fault> {
    let left = until.saturating_duration_since(Instant::now());
    let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
    let mut polled = [PollFd::new(device.as_fd(), PollFlags::POLLIN)];
    match poll(&mut polled, left) {
        Ok(0) => Err(Fault::TimedOut),
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
