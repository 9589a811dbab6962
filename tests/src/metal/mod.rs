//! The emulated metal: a machine whose hardware is written down once, as a value that gives both
//! the command line of the emulator and the facts that an inventory of it has to hold.
//!
//! [`Image`] builds and keeps what it boots, [`Hardware`] says what is in it, [`Machine`] runs it,
//! [`Guest`] is a shell inside. Needs root to build the image, x86-64, and Debian's packages that
//! `tests/setup` installs; without them a test says what it skipped and why.

mod boot;
mod guest;
mod hardware;
mod image;
mod machine;
mod monitor;

pub use guest::{Guest, Output};
pub use hardware::{Attach, Disk, Hardware, Nic};
pub use image::Image;
pub use machine::Machine;
pub use monitor::Monitor;
