//! What labs boot: built once for each recipe, and kept outside the repository.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::aloud;

/// How an image is built.
#[derive(Debug)]
pub struct Recipe {
    /// The folder of the recipe below `tests/lab`, and the beginning of the image's name.
    pub name: &'static str,
    /// Its files, `build` first: whatever changes in them makes another image.
    pub files: &'static [&'static str],
    /// Programs, and files by their absolute path, without which there is no such lab.
    pub needs: &'static [&'static str],
}

impl Recipe {
    /// The folder of this checkout's image, built if it is not kept yet (about a minute). An error is the
    /// reason why that cannot be here.
    ///
    /// # Panics
    /// When the build fails.
    pub fn prepare(&self) -> Result<PathBuf, String> {
        let cache = cache();
        fs::create_dir_all(&cache).expect("the cache folder can be made");
        // Held until the end of this function: two tests do not build the same image.
        let lock = File::create(cache.join("lock")).expect("the cache's lock");
        lock.lock().expect("the cache can be locked");
        let folder = cache.join(format!("{}-{:016x}", self.name, self.key()));
        if let Some(missing) = self.needs.iter().find(|need| !is_there(need)) {
            return Err(format!("{missing} is missing; tests/setup build test"));
        }
        if !folder.exists() {
            if !crate::program::is_root() {
                return Err("building its image takes root".to_owned());
            }
            self.build(&folder);
        }
        Ok(folder)
    }

    /// A file of the recipe.
    pub fn path(&self, file: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("lab")
            .join(self.name)
            .join(file)
    }

    fn build(&self, folder: &Path) {
        aloud::say(format_args!(
            "building {} (about a minute)",
            folder.display()
        ));
        let partial = folder.with_extension("partial");
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir(&partial).expect("a folder for the image");
        let log = File::create(folder.with_extension("log")).expect("a log of the build");
        // Its own mounts and processes, all gone with this process.
        let status = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .args(["unshare", "--mount", "--pid", "--fork", "--kill-child"])
            .arg(self.path("build"))
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

    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for name in self.files {
            fs::read(self.path(name))
                .expect("the recipe can be read")
                .hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Says aloud that `what` is skipped; with `CI=true` that is a failure.
///
/// # Panics
/// When nothing may be skipped.
pub fn skip(what: &str, reason: &str) {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "{what}: {reason}, and CI=true allows no skipped test");
    aloud::say(format_args!("skipped: {what}: {reason}"));
}

fn is_there(need: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let mut folders = path.split(':');
    match need.starts_with('/') {
        true => Path::new(need).exists(),
        false => folders.any(|at| Path::new(at).join(need).exists()),
    }
}

fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or("/tmp".into())).join(".cache"),
        PathBuf::from,
    );
    base.join("muster-lab")
}
