//! The packages that machines install to become nodes: files in a folder of the controller's machine, and the list of them that the
//! authority signs.
//!
//! The list is made anew when the folder has changed. It has a line for each file: its SHA-256, its size in bytes, its architecture
//! as Debian calls it, its version and its name, with a space between. The first line is [`SCHEMA`].

use std::fmt::Write as _;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nix::fcntl::OFlag;
use sha2::{Digest as _, Sha256};

use crate::authority::{Authority, AuthorityError, Seal};
use crate::hex::hex;
use crate::record::UnixMs;

/// The first line of the list.
pub const SCHEMA: &str = "muster.packages/v1";
/// A folder with more is not one of packages.
const MOST: usize = 64;
const LARGEST_BYTES: u64 = 1 << 30;
const CHUNK: usize = 1 << 16;

/// The packages of a folder.
#[derive(Debug)]
pub struct Packages {
    folder: PathBuf,
    authority: Arc<Authority>,
    held: Mutex<Option<Arc<Catalogue>>>,
}

/// What was in the folder at one time.
#[derive(Debug)]
pub struct Catalogue {
    /// In the order of their names.
    pub packages: Vec<Package>,
    /// The list and its seal.
    pub manifest: String,
    renew_at: UnixMs,
    /// Of the authority.
    version: u64,
}

/// A package of Debian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name in the folder.
    pub file: String,
    /// As Debian writes it.
    pub version: String,
    /// As Debian calls it.
    pub architecture: String,
    /// As hex.
    pub sha256: String,
    /// What tells it from another file of that name.
    stamp: Stamp,
}

/// Which file it is, and how it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size_bytes: u64,
    /// Seconds and nanoseconds since 1970.
    modified: (i64, i64),
}

/// Why there are no packages.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// Nobody put any there.
    #[error(
        "there is no package in {folder}: put muster_*.deb there, as `make packages` makes them"
    )]
    None {
        /// Where they should be.
        folder: PathBuf,
    },
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}: {source}; the user that runs the controller has to be able to")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// That is no folder of packages.
    #[error("{folder} has more than {MOST} packages: leave the current ones there")]
    TooMany {
        /// Where they are.
        folder: PathBuf,
    },
    /// The list cannot be signed.
    #[error("the list of packages cannot be signed")]
    Sign(#[from] AuthorityError),
}

impl Packages {
    /// Those in `folder`, which may be made later.
    pub fn new(folder: PathBuf, authority: Arc<Authority>) -> Self {
        Self {
            folder,
            authority,
            held: Mutex::default(),
        }
    }

    /// What is in the folder now, signed. Reads every file where the folder has changed.
    ///
    /// # Errors
    /// There is nothing, or it cannot be read.
    pub fn catalogue(&self, now: UnixMs) -> Result<Arc<Catalogue>, PackagesError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.found()?;
        let version = self.authority.version();
        if let Some(held) = held.as_ref() {
            let stamps = held.packages.iter().map(|held| (&held.file, &held.stamp));
            let is_same = stamps.eq(found.iter().map(|(file, stamp)| (file, stamp)));
            if is_same && held.version == version && now < held.renew_at {
                return Ok(Arc::clone(held));
            }
        }
        let packages = found.into_iter().map(|(file, _)| self.package(file));
        let packages: Vec<Package> = packages.collect::<Result<_, _>>()?;
        let list = list(&packages);
        let Seal { text, renew_at } = self.authority.seal(list.as_bytes(), now)?;
        let catalogue = Arc::new(Catalogue {
            packages,
            manifest: list + &text,
            renew_at,
            version,
        });
        *held = Some(Arc::clone(&catalogue));
        Ok(catalogue)
    }

    /// Opens a package of the catalogue. None where it is another file by now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(&self, package: &Package) -> Result<Option<File>, PackagesError> {
        let path = self.folder.join(&package.file);
        let opened = open(&path).map_err(|source| PackagesError::Read { path, source })?;
        Ok((stamp(&opened.1) == package.stamp).then_some(opened.0))
    }

    /// The packages that are there, by name.
    #[allow(
        clippy::disallowed_methods,
        reason = "the controller's own packages, not the host"
    )]
    fn found(&self) -> Result<Vec<(String, Stamp)>, PackagesError> {
        let read = |source| PackagesError::Read {
            path: self.folder.clone(),
            source,
        };
        let folder = self.folder.clone();
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(PackagesError::None { folder });
            }
            entries => entries.map_err(read)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(read)?;
            let Some(file) = entry.file_name().to_str().map(str::to_owned) else {
                continue;
            };
            // Not through a link: what is listed lies in this folder.
            let metadata = entry.metadata().map_err(read)?;
            let fits = metadata.is_file() && metadata.size() <= LARGEST_BYTES;
            if fits && parts(&file).is_some() {
                found.push((file, stamp(&metadata)));
            }
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        match found.len() {
            0 => Err(PackagesError::None { folder }),
            count if count > MOST => Err(PackagesError::TooMany { folder }),
            _ => Ok(found),
        }
    }

    fn package(&self, file: String) -> Result<Package, PackagesError> {
        let path = self.folder.join(&file);
        let digested = open(&path).and_then(|(opened, metadata)| {
            let sha256 = digest(opened)?;
            Ok((sha256, stamp(&metadata)))
        });
        let (sha256, stamp) = digested.map_err(|source| PackagesError::Read { path, source })?;
        let (version, architecture) = parts(&file).unwrap_or_default();
        Ok(Package {
            version: version.to_owned(),
            architecture: architecture.to_owned(),
            sha256,
            stamp,
            file,
        })
    }
}

impl Package {
    /// How long it is.
    pub fn size_bytes(&self) -> u64 {
        self.stamp.size_bytes
    }
}

/// Version and architecture of `muster_VERSION_ARCHITECTURE.deb` (Debian Policy, section 5.6.12 and deb-version(7); without the epoch,
/// which file names leave out). None where that is another file.
fn parts(file: &str) -> Option<(&str, &str)> {
    let name = file.strip_prefix("muster_")?.strip_suffix(".deb")?;
    let (version, architecture) = name.rsplit_once('_')?;
    let in_version = |letter: char| letter.is_ascii_alphanumeric() || ".+~-".contains(letter);
    let in_architecture =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let begins = version.starts_with(|letter: char| letter.is_ascii_digit());
    let fits = begins
        && version.chars().all(in_version)
        && !architecture.is_empty()
        && architecture.chars().all(in_architecture);
    fits.then_some((version, architecture))
}

fn list(packages: &[Package]) -> String {
    packages
        .iter()
        .fold(format!("{SCHEMA}\n"), |mut list, package| {
            let Package {
                file,
                version,
                architecture,
                sha256,
                stamp,
            } = package;
            let size = stamp.size_bytes;
            let _ = writeln!(list, "{sha256} {size} {architecture} {version} {file}");
            list
        })
}

/// A FIFO would not let go of us, and a link leads elsewhere.
fn open(path: &Path) -> std::io::Result<(File, Metadata)> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)?;
    let metadata = file.metadata()?;
    match metadata.is_file() {
        true => Ok((file, metadata)),
        false => Err(std::io::Error::other("it is no file")),
    }
}

fn digest(file: File) -> std::io::Result<String> {
    let mut file = file.take(LARGEST_BYTES);
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk)?;
        match chunk.get(..read) {
            None | Some([]) => return Ok(hex(&hash.finalize())),
            Some(bytes) => hash.update(bytes),
        }
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        inode: metadata.ino(),
        size_bytes: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NOW: UnixMs = 1_790_000_000_000;

    #[test]
    fn names_say_version_and_architecture() {
        assert_eq!(parts("muster_0.1.0_amd64.deb"), Some(("0.1.0", "amd64")));
        assert_eq!(
            parts("muster_0.1.0~rc1+b2-1_arm64.deb"),
            Some(("0.1.0~rc1+b2-1", "arm64"))
        );
        for other in [
            "muster-controller_0.1.0_amd64.deb",
            "muster_0.1.0_amd64.rpm",
            "muster_0.1.0.deb",
            "muster__amd64.deb",
            "muster_0.1.0_.deb",
            "muster_0.1 0_amd64.deb",
            "muster_0.1\n_amd64.deb",
            "muster_../../1_amd64.deb",
            "muster_1$(id)_amd64.deb",
        ] {
            assert_eq!(parts(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_list_is_that_of_the_folder_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Arc::new(Authority::create(NOW).unwrap().0);
        let packages = Packages::new(folder.path().join("packages"), authority);
        let none = packages.catalogue(NOW).unwrap_err().to_string();
        assert!(none.contains("put muster_*.deb there"), "{none}");
        let inside = |file: &str| folder.path().join("packages").join(file);
        fs::create_dir(folder.path().join("packages")).unwrap();
        assert!(packages.catalogue(NOW).is_err());
        fs::write(folder.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), inside("muster_2_amd64.deb"))
            .unwrap();
        fs::write(inside("notes"), "none").unwrap();
        fs::write(inside("muster_1_amd64.deb"), "abc").unwrap();
        let first = packages.catalogue(NOW).unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let expected = format!("{SCHEMA}\n{abc} 3 amd64 1 muster_1_amd64.deb\n-----BEGIN ");
        assert!(first.manifest.starts_with(&expected), "{}", first.manifest);
        assert!(Arc::ptr_eq(&first, &packages.catalogue(NOW).unwrap()));
        assert!(packages.open(&first.packages[0]).unwrap().is_some());

        fs::write(inside("muster_1_amd64.deb"), "abcd").unwrap();
        assert!(packages.open(&first.packages[0]).unwrap().is_none());
        let second = packages.catalogue(NOW).unwrap();
        assert_eq!(second.packages[0].size_bytes(), 4);
        // Signed anew in time.
        let later = packages.catalogue(second.renew_at).unwrap();
        assert!(!Arc::ptr_eq(&second, &later));
    }
}
