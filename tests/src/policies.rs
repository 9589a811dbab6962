//! The policies that are shipped.

use std::fs;
use std::path::{Path, PathBuf};

use muster_adequacy::Policy;

/// Their names, the default first.
pub const SHIPPED: [&str; 5] = [
    "default",
    "control-production",
    "worker-production",
    "gpu-worker",
    "storage-worker",
];

/// The file of a shipped policy.
pub fn path(name: &str) -> PathBuf {
    folder().join(format!("{name}.toml"))
}

/// Where they lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/policies")
}

/// A shipped policy.
///
/// # Panics
/// When there is none of that name, or when it has faults.
pub fn shipped(name: &str) -> Policy {
    let path = path(name);
    let text = fs::read_to_string(&path).expect("a shipped policy");
    match Policy::parse(&text) {
        Ok(policy) => policy,
        Err(faults) => panic!("{}:\n{faults}", path.display()),
    }
}
