//! What a run of a program costs, measured from a process that does nothing else.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The cost of one run.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// From its start to its end.
    pub wall: Duration,
    /// Time of the processors, its own and the kernel's for it, with its children's.
    pub processor: Duration,
    /// Most memory that one of its processes held.
    pub peak_bytes: u64,
}

/// Runs a program by way of `measurer` (this package's program `measure`), its output thrown away.
///
/// # Panics
/// When it cannot be run, or fails.
pub fn cost<S: AsRef<OsStr>>(measurer: &Path, command: &[S]) -> Cost {
    let output = Command::new(measurer)
        .args(command)
        .stdin(Stdio::null())
        .output()
        .expect("the measuring program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<u64> = said
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [wall, processor, peak_bytes] = numbers[..] else {
        panic!(
            "nothing measured: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    Cost {
        wall: Duration::from_nanos(wall),
        processor: Duration::from_nanos(processor),
        peak_bytes,
    }
}

/// The middle one of some durations.
///
/// # Panics
/// When there is none.
pub fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}
