//! Numbers of a process, from /proc (proc(5)), and of many durations.

use std::path::Path;
use std::time::Duration;

/// What a process has used so far.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Time of the processors, its own and the kernel's for it.
    pub processor: Duration,
    /// What it has in memory.
    pub resident_bytes: u64,
    /// Of that what belongs to no file.
    pub own_bytes: u64,
    /// How many it runs.
    pub threads: u64,
}

/// What a process used over a time.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Of one processor.
    pub percent: f64,
    /// At the end.
    pub resident_bytes: u64,
}

impl Usage {
    /// Of the process of that id.
    ///
    /// # Panics
    /// When there is none.
    pub fn of(process: u32) -> Self {
        let read = |name: &str| {
            let path = format!("/proc/{process}/{name}");
            std::fs::read_to_string(path).expect("the process runs")
        };
        let stat = read("stat");
        // The name of the program, in parentheses, may have spaces.
        let (_, rest) = stat.rsplit_once(") ").expect("stat has a name");
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks: u64 = [11, 12].iter().map(|at| number(fields[*at])).sum();
        let status = read("status");
        let field = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            let value = value.expect("a process has memory and threads");
            number(value.trim().trim_end_matches(" kB"))
        };
        Self {
            // USER_HZ is 100 wherever Linux runs.
            processor: Duration::from_millis(ticks * 10),
            resident_bytes: field("VmRSS:") * 1024,
            own_bytes: field("RssAnon:") * 1024,
            threads: field("Threads:"),
        }
    }

    /// Of bytes.
    #[allow(clippy::cast_precision_loss, reason = "shown to three digits")]
    pub fn mebibytes(bytes: u64) -> f64 {
        bytes as f64 / 1048576.0
    }

    /// What was used since `before`, in the time `passed`.
    pub fn since(self, before: Self, passed: Duration) -> Cost {
        let used = self.processor.saturating_sub(before.processor);
        Cost {
            percent: 100.0 * used.as_secs_f64() / passed.as_secs_f64(),
            resident_bytes: self.resident_bytes,
        }
    }
}

/// Of sorted durations the one below which `share` of them are.
pub(super) fn share(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index below the length"
    )]
    let at = (last as f64 * share) as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// How many wait for a processor of this machine: over 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").expect("the machine has a load");
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// How the files of the store look; the same after as before is: nothing was written.
pub(super) fn look_of(folder: &Path) -> Vec<(String, u64, std::time::SystemTime)> {
    let mut looks: Vec<_> = std::fs::read_dir(folder)
        .expect("the state is there")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_name().to_string_lossy().contains(".db"))
        .map(|entry| {
            let metadata = entry.metadata().expect("a file");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, metadata.len(), metadata.modified().expect("a time"))
        })
        .collect();
    looks.sort();
    looks
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}
