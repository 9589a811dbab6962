//! The part of the initramfs that changes with the checkout: `muster` and the libraries it needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Writes `base` and, behind it, an archive with `/lab`: the programs, their libraries, the loader,
/// and the number of disks to wait for. The kernel unpacks both.
pub(super) fn initramfs(base: &Path, programs: &[&Path], disks: usize, folder: &Path) -> PathBuf {
    let lab = folder.join("extra/lab");
    fs::create_dir_all(lab.join("lib")).expect("a folder for the program");
    for program in programs {
        let name = program.file_name().expect("a program has a name");
        fs::copy(program, lab.join(name)).expect("a program can be copied");
        for library in libraries(program) {
            let name = library.file_name().expect("a library has a name");
            let loader = name.to_string_lossy().starts_with("ld-linux");
            let name = if loader {
                "loader".into()
            } else {
                name.to_owned()
            };
            fs::copy(&library, lab.join("lib").join(name)).expect("a library can be copied");
        }
    }
    fs::write(lab.join("disks"), format!("{disks}\n")).expect("a file can be written");

    let archive = Command::new("sh")
        .args(["-c", "find . | cpio --quiet -o -H newc"])
        .current_dir(folder.join("extra"))
        .stderr(Stdio::inherit())
        .output()
        .expect("sh runs");
    assert!(archive.status.success(), "the program cannot be packed");
    let mut whole = fs::read(base).expect("the image has an initramfs");
    // An archive that is not compressed begins at a multiple of four.
    whole.resize(whole.len().next_multiple_of(4), 0);
    whole.extend(archive.stdout);
    let path = folder.join("initramfs");
    fs::write(&path, whole).expect("the initramfs can be written");
    path
}

fn libraries(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().expect("ldd runs");
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}
