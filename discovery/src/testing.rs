//! Small made hosts for the tests of probes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use muster_model::{Found, Warning};

use crate::Options;
use crate::context::Context;
use crate::source::Source;

/// A root directory that goes away with the value.
pub(crate) struct Tree(tempfile::TempDir);

impl Tree {
    /// With these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, content) in files {
            tree.file(path, content.as_bytes());
        }
        tree
    }

    /// Adds a file.
    pub(crate) fn file(&self, path: &str, content: &[u8]) {
        let path = self.parent_of(path);
        fs::write(path, content).unwrap();
    }

    /// Adds a symbolic link.
    pub(crate) fn link(&self, path: &str, target: &str) {
        symlink(target, self.parent_of(path)).unwrap();
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn parent_of(&self, path: &str) -> std::path::PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }
}

/// Runs a probe on it.
pub(crate) fn found<T>(tree: &Tree, probe: fn(&Context<'_>) -> Found<T>) -> (T, Vec<Warning>) {
    let source = Source::at_root(tree.path()).unwrap();
    let options = Options::default();
    let found = probe(&Context::new(&source, &options));
    (found.value, found.warnings)
}
