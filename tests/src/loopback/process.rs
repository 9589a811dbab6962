//! Processes of a test, which end with it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longer than anything here takes on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Killed when it is dropped, by its own id.
pub struct Process(pub Child);

impl Process {
    /// Starts it without input; what it says on standard error goes to the end of `log`.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log);
        let command = command.stdin(Stdio::null()).stderr(log.expect("a log"));
        Self(command.spawn().expect("the program starts"))
    }

    /// Its id for the kernel.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends the signal, and waits for the exit code.
    ///
    /// # Panics
    /// When it does not end.
    pub fn end(&mut self, signal: Signal) -> Option<i32> {
        let id = i32::try_from(self.0.id()).expect("an id");
        kill(Pid::from_raw(id), signal).expect("it can be signalled");
        self.ended()
    }

    /// Waits until it ends by itself, for the exit code.
    ///
    /// # Panics
    /// When it does not end.
    pub fn ended(&mut self) -> Option<i32> {
        let mut status = None;
        until("the process ends", || {
            status = self.0.try_wait().expect("its state");
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until it is so.
///
/// # Panics
/// When it is not in [`PATIENCE`].
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}
