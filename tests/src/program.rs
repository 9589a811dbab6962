//! The `muster` program as users get it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Once, OnceLock};

use tempfile::TempDir;

use crate::aloud;

/// A release build takes minutes, and nobody asked for one by name.
const BUILDING: &str = "building muster and muster-controller as users get them (cargo build --release), where a test runs them: MUSTER_PROGRAM and \
    MUSTER_CONTROLLER_PROGRAM do not name others, such as target/debug/muster and target/debug/muster-controller (absolute paths)";

/// The release build of `muster` from this checkout, or the program that `MUSTER_PROGRAM` names.
///
/// # Panics
/// When it does not build.
pub fn muster() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("MUSTER_PROGRAM") {
        Some(program) => PathBuf::from(program),
        None => build("muster-agent", "muster"),
    })
}

/// The release build of `muster-controller`, or the program that `MUSTER_CONTROLLER_PROGRAM` names.
///
/// # Panics
/// When it does not build.
pub fn controller() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("MUSTER_CONTROLLER_PROGRAM") {
        Some(program) => PathBuf::from(program),
        None => build("muster-controller", "muster-controller"),
    })
}

/// A run of the program that nothing of the caller's terminal reaches.
pub fn command() -> Command {
    let mut command = Command::new(muster());
    tame(&mut command);
    command
}

/// The same as an ordinary user: nobody, when the tests run as root.
///
/// # Panics
/// When the program cannot be copied to where nobody may read it: a checkout may lie in `/root`.
pub fn command_as_nobody() -> Command {
    static COPY: OnceLock<TempDir> = OnceLock::new();
    if !is_root() {
        return command();
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(["--inh-caps=-all", "--bounding-set=-all"])
        .arg(COPY.get_or_init(copy_for_everybody).path().join("muster"));
    tame(&mut command);
    command
}

/// Runs to the end.
///
/// # Panics
/// When it cannot be started, or says what is not UTF-8.
pub fn run(command: &mut Command) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    Ran {
        code: status.code(),
        data: String::from_utf8(stdout).expect("output is UTF-8"),
        told: String::from_utf8(stderr).expect("messages are UTF-8"),
    }
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub data: String,
    /// Standard error.
    pub told: String,
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

fn tame(command: &mut Command) {
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM"] {
        command.env_remove(name);
    }
    // The machine that tests may be a node: its workloads are none of their business.
    command.env("MUSTER_WORKLOADS", "none");
}

fn copy_for_everybody() -> TempDir {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("permissions");
    // By another process: were it open for writing here, a child that another test starts at this
    // moment would hold it open, and it could not be run (ETXTBSY).
    let status = Command::new("install")
        .arg(muster())
        .arg(folder.path().join("muster"))
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "no copy of the program"
    );
    folder
}

fn build(package: &str, program: &str) -> PathBuf {
    static SAID: Once = Once::new();
    SAID.call_once(|| aloud::say(BUILDING));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "-p", package])
        .args([
            "--message-format=json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(manifest)
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{package} does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == program)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the program that it built")
}
