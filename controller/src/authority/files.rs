//! The authority on disk: four PEM files in a folder that is its owner's alone.
//!
//! The first root's are in the folder itself, those of the roots that replaced it in `line-2`, `line-3` and so
//! on below it. `rotation.json` says which one signs; until it is written, nothing has happened.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::make::Line;
use super::{Authority, AuthorityError, CreatedKeys, Old};
use crate::record::UnixMs;

/// Why the authority cannot be taken from disk.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file cannot be read or written.
    #[error("cannot {operation} {path}")]
    File {
        /// `read`, `write`, …
        operation: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no certificate.
    #[error("{path} holds no certificate in PEM")]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// A file is no private key.
    #[error("{path} holds no private key in PEM that can be used")]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// Some files are there and some are not.
    #[error(
        "the authority in {folder} is incomplete: {missing} is missing; put it back, or move the folder away to begin anew (nodes must then join again)"
    )]
    Incomplete {
        /// Where.
        folder: PathBuf,
        /// Which.
        missing: &'static str,
    },
    /// Nodes would be cut off.
    #[error(
        "the nodes of this controller trust the root in {path}, and not that of the authority that was brought; bring a chain that ends in it, or move the file away if no node has joined"
    )]
    OtherRoot {
        /// Which they trust.
        path: PathBuf,
    },
    /// What says which root signs is damaged.
    #[error("{path} is damaged: it should be as {{\"signing\": 2, \"old\": 1}}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

const ROOT: &str = "root.crt";
const INTERMEDIATE: &str = "intermediate.crt";
const INTERMEDIATE_KEY: &str = "intermediate.key";
/// May be taken away once it is kept safe elsewhere.
const ROOT_KEY: &str = "root.key";

/// The first root that was replaced by another one writes it.
const ROTATION: &str = "rotation.json";
/// The root that signs, signed by the one that it replaces.
const CROSS: &str = "cross.crt";

/// Which lines count. The first one is number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rotation {
    /// What signs.
    pub(super) signing: u32,
    /// What it replaces, until the end.
    pub(super) old: Option<u32>,
}

/// Takes the authority from `folder`, or makes one there when the folder is not there or empty.
///
/// # Errors
/// What is there is incomplete or damaged; nothing is written then.
pub fn open_or_create(folder: &Path, now: UnixMs) -> Result<Authority, FilesError> {
    let needed = [ROOT, INTERMEDIATE, INTERMEDIATE_KEY];
    let is_empty = needed.iter().all(|name| !folder.join(name).exists());
    if is_empty && !folder.join(ROTATION).exists() {
        return create(folder, now);
    }
    let rotation = rotation(folder)?;
    let signing = open(&line_folder(folder, rotation.signing))?;
    let old = rotation.old.map(|number| -> Result<Old, FilesError> {
        let cross = line_folder(folder, rotation.signing).join(CROSS);
        Ok(Old {
            line: open(&line_folder(folder, number))?.into(),
            cross: cross.exists().then(|| certificate(&cross)).transpose()?,
        })
    });
    let folder = folder.to_owned();
    Ok(Authority::of(signing, old.transpose()?, Some(folder)))
}

/// Notes the root of an authority that was brought, so that another one is not taken for it later.
///
/// # Errors
/// Nodes that joined before trust another root; nothing is written then.
pub fn remember(folder: &Path, brought: &Authority) -> Result<(), FilesError> {
    let path = folder.join(ROOT);
    let roots = brought.roots();
    if path.exists() {
        let known = certificate(&path)?;
        return match roots.contains(&known) {
            true => Ok(()),
            false => Err(FilesError::OtherRoot { path }),
        };
    }
    make(folder)?;
    let text: String = roots.iter().map(pem).collect();
    write(&path, &text, 0o644)?;
    sync(folder)
}

/// Which lines count now.
pub(super) fn rotation(folder: &Path) -> Result<Rotation, FilesError> {
    let path = folder.join(ROTATION);
    if !path.exists() {
        return Ok(Rotation {
            signing: 1,
            old: None,
        });
    }
    let text = read(&path)?;
    serde_json::from_str(&text).map_err(|source| FilesError::Damaged { path, source })
}

/// Which lines count from now on.
pub(super) fn keep_rotation(folder: &Path, rotation: Rotation) -> Result<(), FilesError> {
    let path = folder.join(ROTATION);
    let damaged = |source| FilesError::Damaged {
        path: path.clone(),
        source,
    };
    let text = serde_json::to_string(&rotation).map_err(damaged)?;
    write(&path, &text, 0o600)?;
    sync(folder)
}

/// Where a line is.
pub(super) fn line_folder(folder: &Path, number: u32) -> PathBuf {
    match number {
        1 => folder.to_owned(),
        number => folder.join(format!("line-{number}")),
    }
}

/// The key of a line's root, unless it is kept elsewhere.
pub(super) fn root_key(line: &Path) -> Result<Option<Zeroizing<String>>, FilesError> {
    let path = line.join(ROOT_KEY);
    let there = path.exists();
    there.then(|| read(&path).map(Zeroizing::new)).transpose()
}

/// Writes a line; the certificates are written last: without them the folder counts as empty.
pub(super) fn keep_line(
    folder: &Path,
    line: &Line,
    keys: &CreatedKeys,
    cross: Option<&CertificateDer<'_>>,
) -> Result<(), FilesError> {
    make(folder)?;
    write(&folder.join(ROOT_KEY), &keys.root, 0o600)?;
    write(&folder.join(INTERMEDIATE_KEY), &keys.intermediate, 0o600)?;
    keep_cross(folder, cross)?;
    let intermediates: String = line.intermediates.iter().map(pem).collect();
    write(&folder.join(INTERMEDIATE), &intermediates, 0o644)?;
    write(&folder.join(ROOT), &pem(&line.root), 0o644)?;
    sync(folder)
}

/// Writes a line's root signed by the one that it replaces; none takes away that of an earlier time.
pub(super) fn keep_cross(
    line: &Path,
    cross: Option<&CertificateDer<'_>>,
) -> Result<(), FilesError> {
    let path = line.join(CROSS);
    match cross {
        Some(cross) => write(&path, &pem(cross), 0o644)?,
        None if path.exists() => {
            fs::remove_file(&path).map_err(|source| file("remove", &path, source))?;
        }
        None => return Ok(()),
    }
    sync(line)
}

fn open(folder: &Path) -> Result<Line, FilesError> {
    let needed = [ROOT, INTERMEDIATE, INTERMEDIATE_KEY];
    if let Some(missing) = needed.iter().find(|name| !folder.join(name).exists()) {
        return Err(FilesError::Incomplete {
            folder: folder.to_owned(),
            missing,
        });
    }
    let root = certificate(&folder.join(ROOT))?;
    let intermediate = certificate(&folder.join(INTERMEDIATE))?;
    let path = folder.join(INTERMEDIATE_KEY);
    let text = Zeroizing::new(read(&path)?);
    let key = KeyPair::from_pem(&text).map_err(|_| FilesError::NoKey { path })?;
    Ok(Line::of(root, vec![intermediate], key)?)
}

fn create(folder: &Path, now: UnixMs) -> Result<Authority, FilesError> {
    let (line, keys) = Line::create("muster root", now)?;
    keep_line(folder, &line, &keys, None)?;
    Ok(Authority::of(line, None, Some(folder.to_owned())))
}

fn make(folder: &Path) -> Result<(), FilesError> {
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(folder);
    made.map_err(|source| file("make", folder, source))
}

fn sync(folder: &Path) -> Result<(), FilesError> {
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| file("sync", folder, source))
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, FilesError> {
    CertificateDer::from_pem_slice(read(path)?.as_bytes()).map_err(|_| FilesError::NoCertificate {
        path: path.to_owned(),
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "the controller's own state, not the host"
)]
fn read(path: &Path) -> Result<String, FilesError> {
    fs::read_to_string(path).map_err(|source| file("read", path, source))
}

/// Writes a file that is either wholly there or not at all.
fn write(path: &Path, content: &str, mode: u32) -> Result<(), FilesError> {
    let unfinished = path.with_extension("tmp");
    let done = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&unfinished)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    done().map_err(|source| file("write", path, source))
}

fn file(operation: &'static str, path: &Path, source: std::io::Error) -> FilesError {
    FilesError::File {
        operation,
        path: path.to_owned(),
        source,
    }
}

/// As in RFC 7468.
fn pem(certificate: &CertificateDer<'_>) -> String {
    pem::encode(&pem::Pem::new("CERTIFICATE", certificate.to_vec()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOW: UnixMs = 1_790_000_000_000;

    #[test]
    fn what_was_made_is_found_again_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("authority");
        let made = open_or_create(&folder, NOW).unwrap();
        let found = open_or_create(&folder, NOW).unwrap();
        assert_eq!(made.roots(), found.roots());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(ROOT_KEY)), 0o600);
        assert_eq!(mode(&folder.join(INTERMEDIATE_KEY)), 0o600);
        fs::remove_file(folder.join(ROOT_KEY)).unwrap();
        assert!(
            open_or_create(&folder, NOW).is_ok(),
            "the root's key may be kept elsewhere"
        );
    }

    #[test]
    fn another_root_than_nodes_trust_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (one, _) = Authority::create(NOW).unwrap();
        let (other, _) = Authority::create(NOW).unwrap();
        remember(folder.path(), &one).unwrap();
        remember(folder.path(), &one).unwrap();
        let refused = remember(folder.path(), &other).unwrap_err();
        assert!(matches!(refused, FilesError::OtherRoot { .. }), "{refused}");
        let alone = open_or_create(folder.path(), NOW).unwrap_err();
        assert!(alone.to_string().contains("is missing"), "{alone}");
    }

    #[test]
    fn what_is_incomplete_or_damaged_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        open_or_create(folder.path(), NOW).unwrap();
        let key = folder.path().join(INTERMEDIATE_KEY);
        fs::write(
            &key,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        )
        .unwrap();
        let damaged = open_or_create(folder.path(), NOW).unwrap_err();
        assert!(matches!(damaged, FilesError::NoKey { .. }), "{damaged}");
        fs::remove_file(&key).unwrap();
        let incomplete = open_or_create(folder.path(), NOW).unwrap_err();
        assert!(
            incomplete
                .to_string()
                .contains("intermediate.key is missing"),
            "{incomplete}"
        );
        assert!(!key.exists());
    }
}
