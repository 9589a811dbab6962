//! What the emulated machine boots, built once for each recipe and kept outside the repository.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::recipe;

/// Files of the recipe: whatever changes in them makes another image.
const RECIPE: &[&str] = &["build", "init", "start", "program", "modules"];
/// Programs without which there is no emulated metal.
const PROGRAMS: &[&str] = &[
    "qemu-system-x86_64",
    "swtpm",
    "debootstrap",
    "mkfs.ext4",
    "depmod",
    "cpio",
    "setpriv",
    "unshare",
];
/// Firmware of the machine, from Debian's package `ovmf`.
pub(super) const FIRMWARE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";

/// A built image.
#[derive(Debug)]
pub struct Image {
    folder: PathBuf,
}

impl Image {
    /// The image of this checkout's recipe, built if it is not kept yet (about a minute). `None`,
    /// said aloud, where it cannot be; with `CI=true` that is a failure.
    ///
    /// # Panics
    /// When the build fails, or nothing may be skipped.
    pub fn prepare() -> Option<Self> {
        let cache = cache();
        fs::create_dir_all(&cache).expect("the cache folder can be made");
        // Held until the end of this function: two tests do not build the same image.
        let lock = File::create(cache.join("lock")).expect("the cache's lock");
        lock.lock().expect("the cache can be locked");
        let folder = cache.join(format!("metal-{:016x}", key()));
        if !folder.exists() {
            if let Some(reason) = obstacle() {
                return skip(&reason);
            }
            build(&folder);
        } else if let Some(reason) = missing_program() {
            return skip(&reason);
        }
        Some(Self { folder })
    }

    pub(super) fn kernel(&self) -> PathBuf {
        self.folder.join("vmlinuz")
    }

    pub(super) fn initramfs(&self) -> PathBuf {
        self.folder.join("initramfs.gz")
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.join("root.img")
    }
}

fn skip(reason: &str) -> Option<Image> {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "{reason}, and CI=true allows no skipped test");
    eprintln!("skipped: the emulated metal: {reason}");
    None
}

fn obstacle() -> Option<String> {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n");
    if !is_root {
        return Some("building its image takes root".to_owned());
    }
    missing_program()
}

fn missing_program() -> Option<String> {
    if std::env::consts::ARCH != "x86_64" {
        return Some("it runs the program of this machine, which is no x86-64".to_owned());
    }
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let missing = PROGRAMS.iter().find(|program| {
        !path
            .split(':')
            .any(|at| Path::new(at).join(program).exists())
    });
    if let Some(program) = missing {
        return Some(format!("{program} is missing; tests/setup build test"));
    }
    (!Path::new(FIRMWARE).exists())
        .then(|| format!("{FIRMWARE} is missing; tests/setup build test"))
}

fn build(folder: &Path) {
    eprintln!("building {} (about a minute)", folder.display());
    let partial = folder.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir(&partial).expect("a folder for the image");
    let log = File::create(folder.with_extension("log")).expect("a log of the build");
    // Its own mounts and processes, all gone with this process.
    let status = Command::new("setpriv")
        .args([
            "--pdeathsig",
            "KILL",
            "unshare",
            "--mount",
            "--pid",
            "--fork",
        ])
        .arg("--kill-child")
        .arg(recipe("build"))
        .arg(&partial)
        .args(std::env::var_os("MUSTER_DEBIAN_MIRROR"))
        .stdout(log.try_clone().expect("the log twice"))
        .stderr(log)
        .status()
        .expect("setpriv runs");
    assert!(
        status.success(),
        "the image does not build: see {}",
        folder.with_extension("log").display()
    );
    fs::rename(&partial, folder).expect("the image can be put in its place");
}

fn key() -> u64 {
    let mut hasher = DefaultHasher::new();
    for name in RECIPE {
        fs::read(recipe(name))
            .expect("the recipe can be read")
            .hash(&mut hasher);
    }
    hasher.finish()
}

fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or("/tmp".into())).join(".cache"),
        PathBuf::from,
    );
    base.join("muster-lab")
}
