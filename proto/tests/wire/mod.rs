//! The protocol as descriptors: as it is now, and as it was at the last release.

use std::path::{Path, PathBuf};

use prost_reflect::DescriptorPool;

/// In the order in which they are compiled; each is in both folders.
pub(crate) const FILES: [&str; 4] = [
    "muster/v1/types.proto",
    "muster/v1/enrollment.proto",
    "muster/v1/node.proto",
    "muster/v1/admin.proto",
];

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where the `.proto` files of the last release are kept.
pub(crate) fn released_folder() -> PathBuf {
    folder().join("released")
}

/// The protocol that is in this tree.
pub(crate) fn current() -> DescriptorPool {
    compiled(&folder())
}

/// The protocol of the last release.
pub(crate) fn released() -> DescriptorPool {
    compiled(&released_folder())
}

/// The `.proto` files under a folder, with their comments.
pub(crate) fn compiled(include: &Path) -> DescriptorPool {
    let files = protox::compile(FILES, [include]).unwrap();
    DescriptorPool::from_file_descriptor_set(files).unwrap()
}

/// A copy of the protocol that is in this tree, with one thing changed in one file.
pub(crate) fn changed(file: &str, from: &str, to: &str) -> DescriptorPool {
    let copy = tempfile::tempdir().unwrap();
    for name in FILES {
        let mut text = std::fs::read_to_string(folder().join(name)).unwrap();
        if name == file {
            assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
            text = text.replace(from, to);
        }
        let path = copy.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    compiled(copy.path())
}

/// Whether this run renews what is kept.
pub(crate) fn blesses() -> bool {
    std::env::var_os("MUSTER_BLESS").is_some()
}
