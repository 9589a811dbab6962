//! What the emulated machine boots.

use std::path::PathBuf;

use crate::images::{Recipe, skip};

/// Firmware of the machine, from Debian's package `ovmf`.
pub(super) const FIRMWARE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";

pub(super) const RECIPE: Recipe = Recipe {
    name: "metal",
    files: &["build", "init", "start", "program", "modules"],
    needs: &[
        "qemu-system-x86_64",
        "swtpm",
        "debootstrap",
        "mkfs.ext4",
        "dbus-daemon",
        "depmod",
        "cpio",
        "setpriv",
        "unshare",
        FIRMWARE,
    ],
};

/// A built image.
#[derive(Debug)]
pub struct Image {
    folder: PathBuf,
}

impl Image {
    /// The image of this checkout's recipe, built if it is not kept yet. `None`, said aloud, where it
    /// cannot be; with `CI=true` that is a failure.
    ///
    /// # Panics
    /// When the build fails, or nothing may be skipped.
    pub fn prepare() -> Option<Self> {
        let prepared = match std::env::consts::ARCH {
            "x86_64" => RECIPE.prepare(),
            _ => Err("it runs the program of this machine, which is no x86-64".to_owned()),
        };
        prepared
            .map(|folder| Self { folder })
            .inspect_err(|reason| skip("the emulated metal", reason))
            .ok()
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
