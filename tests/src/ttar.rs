//! The plain-text archive that Prometheus' procfs keeps its fixtures in: `Directory: PATH`,
//! `Path: PATH` with `SymlinkTo: TARGET` or with `Lines: N` and the lines, and `Mode: OCTAL`.
//! In a line `NULLBYTE` stands for a zero byte, and `EOF` at the end for "no newline here".

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

/// The archive unpacked into a folder that goes away with the value.
///
/// # Panics
/// When the archive is not in this form, or leads out of the folder.
pub fn unpack(archive: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let content = fs::read_to_string(archive).expect("the archive is text");
    let mut lines = content.lines();
    let mut path = PathBuf::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("Directory: ") {
            fs::create_dir_all(below(folder.path(), name)).expect("a folder");
        } else if let Some(name) = line.strip_prefix("Path: ") {
            path = below(folder.path(), name);
            let parent = path.parent().expect("below the folder");
            fs::create_dir_all(parent).expect("a folder");
        } else if let Some(target) = line.strip_prefix("SymlinkTo: ") {
            symlink(target, &path).expect("a link");
        } else if let Some(count) = line.strip_prefix("Lines: ") {
            let count: usize = count.parse().expect("a number of lines");
            let content: String = lines.by_ref().take(count).map(unescape).collect();
            fs::write(&path, content).expect("a file");
        }
    }
    folder
}

fn below(folder: &Path, name: &str) -> PathBuf {
    let plain = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    assert!(plain, "{name} leads out of the archive");
    folder.join(name)
}

fn unescape(line: &str) -> String {
    let line = line.replace("NULLBYTE", "\0");
    match line.strip_suffix("EOF") {
        Some(line) => line.to_owned(),
        None => format!("{line}\n"),
    }
}
