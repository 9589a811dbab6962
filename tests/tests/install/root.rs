//! A root directory to install into.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::Command;

use muster_tests::program::{Ran, command, run};
use tempfile::TempDir;

pub(crate) const PROFILE: &str = include_str!("profile.toml");

/// A root directory with what a small system has, and a profile beside it.
pub(crate) struct Root {
    pub(crate) folder: TempDir,
}

impl Root {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        for made in ["etc/sysctl.d", "etc/modules-load.d", "srv", "var/lib"] {
            fs::create_dir_all(root.join(made)).unwrap();
        }
        fs::write(root.join("etc/motd"), "Hello\n").unwrap();
        fs::set_permissions(root.join("etc/motd"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(root.join("etc/fstab"), "/dev/sda2 none swap sw 0 0\n").unwrap();
        fs::write(folder.path().join("mine.toml"), PROFILE).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = command();
        command.args(words).arg("--root").arg(self.path());
        if words[0] != "uninstall" {
            command
                .arg("--profile")
                .arg(self.folder.path().join("mine.toml"));
        }
        command
    }

    pub(crate) fn muster(&self, words: &[&str]) -> Ran {
        run(&mut self.command(words))
    }

    /// Runs it, and it has to go well.
    pub(crate) fn succeed(&self, words: &[&str]) -> Ran {
        let ran = self.muster(words);
        assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.told);
        ran
    }

    /// Each path with its owner, mode and content.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, String> {
        let mut tree = BTreeMap::new();
        let mut folders = vec![self.path()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let found = path.symlink_metadata().unwrap();
                let content = match found.is_dir() {
                    true => Vec::new(),
                    false => fs::read(&path).unwrap(),
                };
                let shown = format!(
                    "{}:{} {:o} {content:?}",
                    found.uid(),
                    found.gid(),
                    found.mode()
                );
                if found.is_dir() {
                    folders.push(path.clone());
                }
                tree.insert(path.strip_prefix(self.path()).unwrap().to_owned(), shown);
            }
        }
        tree
    }

    /// The lines of the journal that are whole; none where there is none.
    pub(crate) fn records(&self) -> Option<usize> {
        let journal = fs::read(self.path().join("var/lib/muster-install/journal")).ok()?;
        Some(journal.iter().filter(|byte| **byte == b'\n').count())
    }

    pub(crate) fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new("cp")
            .arg("-a")
            .arg(self.path())
            .arg(folder.path())
            .status();
        assert!(status.unwrap().success());
        fs::write(folder.path().join("mine.toml"), PROFILE).unwrap();
        Self { folder }
    }
}
