//! Whether anybody but root may write what root judges by.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Why a policy in the operator's folder may not be the operator's: somebody else may write it, or may put
/// another file in its place. Links count as what they lead to.
pub(super) fn doubt(policy: &Path) -> Option<String> {
    let (who, path) = writers_beside_root(policy)?;
    Some(format!(
        "{who} may write {path}, and so decide what machines are fit; \
         `chown root {path}` and `chmod go-w {path}` end that"
    ))
}

/// Who beside root may write a file or put another one in its place, and by which path.
pub(crate) fn writers_beside_root(file: &Path) -> Option<(String, String)> {
    let folder = file.parent().unwrap_or(Path::new("."));
    [file, folder].into_iter().find_map(|path| {
        let found = fs::metadata(path).ok()?;
        let who = writers(&Owned::of(&found))?;
        Some((who, path.display().to_string()))
    })
}

/// Whose a file or directory is, and who may write it.
struct Owned {
    owner: u32,
    mode: u32,
}

impl Owned {
    fn of(found: &Metadata) -> Self {
        Self {
            owner: found.uid(),
            mode: found.mode(),
        }
    }
}

/// Who may write it beside root.
fn writers(found: &Owned) -> Option<String> {
    // inode(7): the bits for writing by others and by the group.
    const OTHERS: u32 = 0o002;
    const GROUP: u32 = 0o020;
    if found.mode & OTHERS != 0 {
        Some("everybody".to_owned())
    } else if found.mode & GROUP != 0 {
        Some("its group".to_owned())
    } else if found.owner != 0 {
        Some(format!("the user with the id {}", found.owner))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn root_alone_is_trusted() {
        let who = |owner, mode| writers(&Owned { owner, mode });
        assert_eq!(who(0, 0o100_644), None);
        assert_eq!(who(0, 0o100_755), None);
        assert_eq!(who(0, 0o100_664).as_deref(), Some("its group"));
        assert_eq!(who(0, 0o101_777).as_deref(), Some("everybody"));
        let user = who(1000, 0o100_600);
        assert_eq!(user.as_deref(), Some("the user with the id 1000"));
    }

    #[test]
    fn a_link_is_judged_by_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file.toml", "link.toml"].map(|name| folder.path().join(name));
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let told = doubt(&link).unwrap();
        assert!(told.starts_with("everybody may write "), "{told}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let told = doubt(&link).unwrap();
        assert!(
            told.contains(&folder.path().display().to_string()),
            "{told}"
        );
    }
}
