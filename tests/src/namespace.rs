//! Runs a test in network and mount namespaces of its own, with a `/sys` that belongs to them:
//! what it makes there is gone when it ends, and the machine's own network is never touched.

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::aloud;

/// One at a time: making and ending namespaces holds a lock of the kernel that every change of an
/// interface waits for, and some tests measure time.
static ALONE: Mutex<()> = Mutex::new(());

const INSIDE: &str = "MUSTER_TEST_NAMESPACE";

/// Whether this process is the one inside. Outside it starts the test `name` of this binary again,
/// inside, and fails when that fails. Takes root: without it the test is skipped and says so; with
/// `CI=true` that is a failure.
///
/// # Panics
/// When the test fails inside, or cannot be run in CI.
pub fn entered(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !root {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "{name} takes root, and CI=true allows no skipped test");
        aloud::say(format_args!(
            "skipped: {name} takes root, to make a network namespace"
        ));
        return false;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let binary = std::env::current_exe().expect("the path of this test");
    // A mount of another namespace's /sys would say nothing of the interfaces inside.
    let script = "mount -t sysfs sysfs /sys && ip link set lo up && exec \"$0\" --exact \"$1\" \
                  --nocapture --test-threads=1";
    let status = Command::new("unshare")
        .args(["--net", "--mount", "--", "sh", "-c", script])
        .arg(binary)
        .arg(name)
        .env(INSIDE, "1")
        .status()
        .expect("unshare runs");
    assert!(status.success(), "{name} failed in its namespace");
    false
}

/// Runs `ip` with these words and gives back what it printed.
///
/// # Panics
/// When it fails.
pub fn ip(words: &str) -> String {
    let output = Command::new("ip")
        .args(words.split_whitespace())
        .output()
        .expect("ip runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {words}: {error}");
    String::from_utf8(output.stdout).expect("ip prints UTF-8")
}
