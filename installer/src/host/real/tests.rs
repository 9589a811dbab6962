//! The real host on a directory that is thrown away.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use super::*;
use crate::host::files::{set_directory, set_file};
use crate::host::{EntryKind, Files as _, Machine as _};
use crate::value::{AccountName, Attributes, Content, KeptFile, Mode as Permissions};

struct Root {
    folder: tempfile::TempDir,
    host: Real,
}

fn root() -> Root {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("etc")).unwrap();
    let host = Real::other_root(folder.path()).unwrap();
    Root { folder, host }
}

/// What whoever runs the tests may give files to.
fn own(folder: &Path, mode: u32) -> Attributes {
    let found = folder.metadata().unwrap();
    let name = |id: u32| match id {
        0 => AccountName::root(),
        id => AccountName::numbered(id),
    };
    Attributes {
        owner: name(found.uid()),
        group: name(found.gid()),
        mode: Permissions::of(mode),
    }
}

fn path(path: &str) -> HostPath {
    HostPath::try_from(path.to_owned()).unwrap()
}

#[test]
fn files_and_directories_are_made_changed_and_removed() {
    let Root { folder, mut host } = root();
    let attributes = own(folder.path(), 0o640);
    let file = |text: &str| KeptFile {
        content: Content::from(text),
        attributes: attributes.clone(),
    };
    let config = path("/etc/config");
    for text in ["one", "one", "two"] {
        set_file(&mut host, &config, Some(&file(text))).unwrap();
        assert_eq!(
            crate::host::files::file(&host, &config).unwrap(),
            Some(file(text))
        );
    }
    let real = folder.path().join("etc/config");
    assert_eq!(
        real.metadata().unwrap().permissions().mode() & 0o7777,
        0o640
    );
    set_directory(
        &mut host,
        &path("/etc/conf.d"),
        Some(&own(folder.path(), 0o710)),
    )
    .unwrap();
    assert_eq!(host.list(&path("/etc")).unwrap(), ["conf.d", "config"]);
    assert!(host.remove_directory(&path("/etc")).is_err());
    for _ in 0..2 {
        set_directory(&mut host, &path("/etc/conf.d"), None).unwrap();
        set_file(&mut host, &config, None).unwrap();
    }
    assert_eq!(host.list(&path("/etc")).unwrap(), [""; 0]);
    assert_eq!(host.read(&config).unwrap(), None);
}

#[test]
fn no_path_leads_out_of_the_root() {
    let Root { folder, mut host } = root();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("file"), "theirs").unwrap();
    symlink(outside.path(), folder.path().join("out")).unwrap();
    symlink(outside.path().join("file"), folder.path().join("link")).unwrap();
    let up = format!("../../../../../../..{}", outside.path().display());
    symlink(up, folder.path().join("up")).unwrap();
    for through in ["/out/file", "/up/file"] {
        assert_eq!(host.look(&path(through)).unwrap(), None, "{through}");
        let attributes = own(folder.path(), 0o600);
        assert!(
            host.make_file(&path(through), b"ours", &attributes)
                .is_err()
        );
    }
    let link = path("/link");
    assert_eq!(host.look(&link).unwrap().unwrap().kind, EntryKind::Link);
    assert!(host.read(&link).is_err() && host.append(&link, b"ours").is_err());
    let theirs = std::fs::File::open(outside.path().join("file")).unwrap();
    let text = std::io::read_to_string(theirs).unwrap();
    assert_eq!(text, "theirs");
}

#[test]
fn a_lease_has_one_holder_and_ends_with_it() {
    let Root { folder, mut host } = root();
    let lease = path("/etc/lease");
    host.lease(&lease, "the first").unwrap();
    let mut other = Real::other_root(folder.path()).unwrap();
    let refused = other.lease(&lease, "the second").unwrap_err();
    assert!(matches!(refused, HostError::Held { holder } if holder == "the first"));
    assert_eq!(other.holder(&lease).unwrap().as_deref(), Some("the first"));
    // As when its process ends.
    drop(host);
    assert_eq!(other.holder(&lease).unwrap(), None);
    other.lease(&lease, "the second").unwrap();
    other.release(&lease).unwrap();
    assert_eq!(other.look(&lease).unwrap(), None);
    other.lease(&lease, "the third").unwrap();
}

#[test]
fn another_root_has_no_kernel() {
    let Root { mut host, .. } = root();
    assert!(!host.is_running());
    let name = "vm.swappiness".to_owned().try_into().unwrap();
    let refused = host.set_parameter(&name, "10").unwrap_err().to_string();
    assert!(
        refused.contains("another root directory, where nothing runs"),
        "{refused}"
    );
    assert!(host.set_host_name("no").is_err() && host.swaps().is_err());
    assert!(host.vet(&path("/usr/bin/env")).is_err());
}

/// A minute is waited only when nothing tells of what others do.
#[test]
fn whoever_watches_a_folder_is_woken() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("srv")).unwrap();
    std::fs::write(root.path().join("srv/a"), "").unwrap();
    let host = Real::other_root(root.path()).unwrap();
    let watch = host.watch(&HostPath::known("/srv"));
    let path = root.path().to_owned();
    let changes: [fn(&Path); 3] = [
        |path| std::fs::write(path.join("srv/a"), "more").unwrap(),
        |path| std::fs::rename(path.join("srv/a"), path.join("srv/b")).unwrap(),
        |path| std::fs::remove_file(path.join("srv/b")).unwrap(),
    ];
    for change in changes {
        let begun = std::time::Instant::now();
        change(&path);
        watch.wait(Duration::from_mins(1));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    // What was told is not told again.
    let begun = std::time::Instant::now();
    watch.wait(Duration::from_millis(50));
    assert!(begun.elapsed() >= Duration::from_millis(50));
}
