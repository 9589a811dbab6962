//! Machines recorded by other projects: data that tests read from beside the checkout when it is
//! there, and that is not ours to commit.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::aloud;

/// The file or folder `name` of the recorded machines, such as `lscpu/armv7.tar.gz`; `None`, said
/// aloud, where there are none. With `CI=true` that is a failure: nothing may be skipped there.
pub fn dump(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/field-dumps");
    let folder = std::env::var_os("MUSTER_FIELD_DUMPS").map_or(beside, PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(
        !ci,
        "{} is missing, and CI=true allows no skipped test",
        path.display()
    );
    aloud::say(format_args!(
        "skipped: {} is missing; set MUSTER_FIELD_DUMPS",
        path.display()
    ));
    None
}

/// An archive unpacked into a folder that goes away with the value.
pub fn unpack(archive: &Path) -> TempDir {
    let folder = in_memory().expect("a temporary folder");
    let status = Command::new("tar")
        .args(["--no-same-owner", "--no-same-permissions", "-xf"])
        .arg(archive)
        .arg("-C")
        .arg(folder.path())
        .status()
        .expect("tar runs");
    assert!(status.success(), "tar cannot unpack {}", archive.display());
    folder
}

/// Archives have thousands of small files, which disks are slow to take.
fn in_memory() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
}
