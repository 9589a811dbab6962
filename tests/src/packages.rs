//! The packages of Debian.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::nodes::succeed;
use crate::program;

/// The packages, made in `folder` from the programs that are tested: the controller's, then the agent's.
///
/// # Panics
/// When they cannot be made.
pub fn packages(folder: &Path) -> Vec<PathBuf> {
    let programs = folder.join("programs");
    fs::create_dir(&programs).expect("a folder for programs");
    for program in [program::muster(), program::controller()] {
        let name = program.file_name().expect("a program has a name");
        fs::copy(program, programs.join(name)).expect("a copy of a program");
    }
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/deb/build");
    let made = folder.join("made");
    let mut command = Command::new(build);
    succeed(command.arg(&made).arg(&programs).env("COMPRESSION", "none"));
    let packages = fs::read_dir(made).expect("the packages");
    let mut packages: Vec<PathBuf> = packages
        .map(|entry| entry.expect("an entry").path())
        .collect();
    packages.sort();
    packages
}
