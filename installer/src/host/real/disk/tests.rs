//! The real tools on loop devices, each made of a file of its own that is thrown away.

#![allow(clippy::disallowed_methods, reason = "test code")]

use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::value::FileSystemLabel;

const NAME: &str = "serial:LOOP1";
const OTHER: &str = "serial:LOOP2";
const MIB: u64 = 400;

/// A loop device, which is gone with the test however that ends.
struct Loop {
    folder: tempfile::TempDir,
    /// `loop0`.
    device: String,
}

impl Loop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        std::fs::File::create(&image)
            .unwrap()
            .set_len(MIB << 20)
            .unwrap();
        let path = tool("losetup", &["--find", "--show", image.to_str().unwrap()]);
        let device = path.trim().strip_prefix("/dev/").unwrap().to_owned();
        Self { folder, device }
    }

    fn path(&self) -> String {
        format!("/dev/{}", self.device)
    }

    fn partition(&self) -> String {
        format!("/dev/{}p1", self.device)
    }

    fn place(&self) -> PathBuf {
        let place = self.folder.path().join("mounted");
        std::fs::create_dir_all(&place).unwrap();
        place
    }

    fn mount(&self, device: &str) {
        tool("mount", &[device, self.place().to_str().unwrap()]);
    }

    fn unmount(&self) {
        tool("umount", &[self.place().to_str().unwrap()]);
    }

    fn copy(&self) -> PathBuf {
        let copy = self.folder.path().join("copy");
        tool(
            "cp",
            &["--sparse=always", &self.path(), copy.to_str().unwrap()],
        );
        copy
    }

    /// Whether each byte of it is that of the copy.
    fn is_same(&self, copy: &std::path::Path) -> bool {
        let compared = Command::new("cmp")
            .arg(self.path())
            .arg(copy)
            .output()
            .unwrap();
        compared.status.success()
    }

    fn host(&self) -> Real {
        let mut host = Real::machine().unwrap();
        host.test_disks.insert(name(NAME), self.device.clone());
        host
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let mounted = self.folder.path().join("mounted");
        let _ = Command::new("umount").arg(mounted).output();
        let _ = Command::new("partx")
            .args(["--delete", &self.path()])
            .output();
        let _ = Command::new("losetup")
            .args(["--detach", &self.path()])
            .status();
    }
}

fn tool(name: &str, words: &[&str]) -> String {
    let ran = Command::new(name).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{name} {words:?}: {said}");
    String::from_utf8(ran.stdout).unwrap()
}

fn partition_by(script: &str, device: &str) {
    let mut words = vec![
        "-c".to_owned(),
        "printf \"$1\" | sfdisk --quiet --no-tell-kernel \"$2\"".to_owned(),
    ];
    words.extend(["sh", script, device].map(str::to_owned));
    let ran = Command::new("sh").args(words).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
}

/// Loop devices take root. Where nothing may be skipped, that is a failure.
fn skipped() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    let can = is_root && std::path::Path::new("/dev/loop-control").exists();
    if !can {
        eprintln!("SKIPPED: disks, which take root and loop devices");
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "nothing is skipped here"
        );
    }
    !can
}

fn name(text: &str) -> DiskName {
    DiskName::try_from(text.to_owned()).unwrap()
}

fn layout(kind: FileSystemKind) -> DiskLayout {
    let label = FileSystemLabel::try_from("data".to_owned()).unwrap();
    DiskLayout::of(&name(NAME), kind, &label)
}

fn content(host: &Real, layout: &DiskLayout) -> DiskContent {
    judge(&host.disk(&name(NAME)).unwrap().unwrap(), layout)
}

#[test]
fn a_disk_is_made_used_and_cleared() {
    if skipped() {
        return;
    }
    for kind in [FileSystemKind::Xfs, FileSystemKind::Ext4] {
        let (disk, layout) = (Loop::new(), layout(kind));
        let mut host = disk.host();
        host.require_disk_tools(&layout).unwrap();
        assert_eq!(content(&host, &layout), DiskContent::Empty);
        host.make_disk(&name(NAME), &layout, Existing::Refuse)
            .unwrap();
        assert_eq!(content(&host, &layout), DiskContent::Unfinished);
        disk.mount(&disk.partition());
        host.finish_disk(&name(NAME), &layout).unwrap();
        assert_eq!(content(&host, &layout), DiskContent::Made(layout.clone()));
        let found = tool("blkid", &["-p", "-o", "export", &disk.partition()]);
        let uuid = format!("UUID={}", layout.file_system_uuid);
        for line in [
            uuid.as_str(),
            "LABEL=data",
            "PART_ENTRY_NAME=data",
            "PART_ENTRY_NUMBER=1",
        ] {
            assert!(found.lines().any(|found| found == line), "{line}: {found}");
        }
        // While it is mounted nobody takes it away.
        std::fs::write(disk.place().join("mine"), "mine").unwrap();
        let refused = host
            .clear_disk(&name(NAME), &layout)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("it is in use"), "{refused}");
        let text = std::fs::File::open(disk.place().join("mine")).unwrap();
        assert_eq!(std::io::read_to_string(text).unwrap(), "mine");
        host.mark_disk(&name(NAME), &layout).unwrap();
        assert_eq!(content(&host, &layout), DiskContent::Unfinished);
        disk.unmount();
        for _ in 0..2 {
            host.clear_disk(&name(NAME), &layout).unwrap();
            assert_eq!(content(&host, &layout), DiskContent::Empty);
        }
        assert!(!std::path::Path::new(&disk.partition()).exists());
        let seen = host.disk(&name(NAME)).unwrap().unwrap();
        assert_eq!((seen.signatures.len(), seen.size_bytes), (0, MIB << 20));
    }
}

#[test]
fn what_a_crash_left_is_gone_on_with_or_cleared() {
    if skipped() {
        return;
    }
    let (disk, layout) = (Loop::new(), layout(FileSystemKind::Ext4));
    let mut host = disk.host();
    // The mark alone; a table without its first half; one without a file system; all but the last word.
    let torn: [&[&str]; 4] = [
        &["count=1536", "seek=0"],
        &["count=2", "seek=0"],
        &["count=1024", "seek=2048"],
        &["count=0"],
    ];
    for (at, words) in torn.into_iter().enumerate() {
        host.make_disk(&name(NAME), &layout, Existing::Refuse)
            .unwrap();
        let path = disk.path();
        let mut dd = vec![
            "if=/dev/zero",
            "bs=512",
            "conv=notrunc,fsync",
            "status=none",
        ];
        let to = format!("of={path}");
        dd.push(&to);
        dd.extend(words);
        let mark = layout.table_uuid.clone();
        tool("dd", &dd);
        Device::shared(&disk.device)
            .unwrap()
            .set_mark(Some(&mark))
            .unwrap();
        assert_eq!(content(&host, &layout), DiskContent::Unfinished, "{at}");
        if at % 2 == 1 {
            host.clear_disk(&name(NAME), &layout).unwrap();
            assert_eq!(content(&host, &layout), DiskContent::Empty, "{at}");
        }
    }
    host.make_disk(&name(NAME), &layout, Existing::Refuse)
        .unwrap();
    host.finish_disk(&name(NAME), &layout).unwrap();
    assert_eq!(content(&host, &layout), DiskContent::Made(layout));
}

/// Whatever comes onto a disk after it was found empty: nothing of it is written.
#[test]
fn a_disk_with_anything_on_it_is_not_written() {
    if skipped() {
        return;
    }
    let layout = layout(FileSystemKind::Xfs);
    type Trick = fn(&Loop);
    let tricks: [(&str, Trick); 7] = [
        ("on the disk ext4", |disk| {
            drop(tool("mkfs.ext4", &["-q", "-F", &disk.path()]));
        }),
        ("on the disk swap", |disk| {
            drop(tool("mkswap", &[&disk.path()]));
        }),
        ("on the disk PMBR, gpt; partitions: 1", |disk| {
            partition_by("label: gpt\\nsize=100M\\n", &disk.path());
        }),
        ("on the disk dos", |disk| {
            partition_by("label: dos\\nsize=100M\\n", &disk.path());
        }),
        // Of a table that is gone.
        ("at 1 MiB ext4", |disk| {
            drop(tool(
                "mkfs.ext4",
                &["-q", "-F", "-E", "offset=1048576", &disk.path(), "200M"],
            ));
        }),
        ("on the disk gpt", |disk| {
            partition_by("label: gpt\\nsize=100M\\n", &disk.path());
            let to = format!("of={}", disk.path());
            tool(
                "dd",
                &[
                    "if=/dev/zero",
                    "bs=512",
                    "count=1",
                    "conv=notrunc,fsync",
                    "status=none",
                    &to,
                ],
            );
        }),
        ("mounted at ", |disk| {
            tool("mkfs.ext4", &["-q", "-F", &disk.path()]);
            disk.mount(&disk.path());
        }),
    ];
    for (told, trick) in tricks {
        let disk = Loop::new();
        let mut host = disk.host();
        assert_eq!(content(&host, &layout), DiskContent::Empty);
        trick(&disk);
        let found = content(&host, &layout);
        let words = format!("{found:?}");
        assert!(words.contains(told), "{told}: {words}");
        let copy = disk.copy();
        let is_used = told.starts_with("mounted");
        let existing = if is_used {
            Existing::Wipe
        } else {
            Existing::Refuse
        };
        host.make_disk(&name(NAME), &layout, existing).unwrap_err();
        host.clear_disk(&name(NAME), &layout).unwrap_err();
        assert!(disk.is_same(&copy), "{told}: it was written");
    }
}

#[test]
fn a_disk_is_found_by_its_name_alone() {
    if skipped() {
        return;
    }
    let (disk, other, layout) = (Loop::new(), Loop::new(), layout(FileSystemKind::Ext4));
    let mut host = disk.host();
    let [ours, theirs] = [disk.copy(), other.copy()];
    // Nobody has this serial number.
    let told = host
        .make_disk(&name("serial:NOBODY"), &layout, Existing::Wipe)
        .unwrap_err();
    assert!(told.to_string().contains("it is gone"), "{told}");
    assert!(disk.is_same(&ours) && other.is_same(&theirs));
    // Between the plan and the work the kernel gave the names the other way round.
    host.test_disks.insert(name(NAME), other.device.clone());
    host.test_disks.insert(name(OTHER), disk.device.clone());
    host.make_disk(&name(NAME), &layout, Existing::Refuse)
        .unwrap();
    assert!(
        disk.is_same(&ours),
        "the disk that has the old name was written"
    );
    assert!(!other.is_same(&theirs));
}

#[test]
fn what_may_be_wiped_is_wiped() {
    if skipped() {
        return;
    }
    let (disk, layout) = (Loop::new(), layout(FileSystemKind::Ext4));
    let mut host = disk.host();
    partition_by("label: gpt\\nsize=100M\\nsize=100M\\n", &disk.path());
    tool("partx", &["--update", &disk.path()]);
    tool("mkfs.ext4", &["-q", "-F", &disk.partition()]);
    host.make_disk(&name(NAME), &layout, Existing::Refuse)
        .unwrap_err();
    // One of its partitions is in use.
    disk.mount(&disk.partition());
    let copy = disk.copy();
    host.make_disk(&name(NAME), &layout, Existing::Wipe)
        .unwrap_err();
    assert!(disk.is_same(&copy));
    disk.unmount();
    host.make_disk(&name(NAME), &layout, Existing::Wipe)
        .unwrap();
    host.finish_disk(&name(NAME), &layout).unwrap();
    assert_eq!(content(&host, &layout), DiskContent::Made(layout));
    let partitions = look::partitions(&disk.device).unwrap();
    assert_eq!(partitions, [format!("{}p1", disk.device)]);
}
