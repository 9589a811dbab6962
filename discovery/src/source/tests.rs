#![allow(
    clippy::disallowed_methods,
    reason = "tests make what the source reads"
)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use muster_model::Origin;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{Uid, mkfifo, setfsuid};

use super::{ATTRIBUTE_CAP, Answer, Query, Recording, Request, Source};
use crate::Fault;

fn root() -> (tempfile::TempDir, Source) {
    let folder = tempfile::tempdir().expect("a folder");
    let source = Source::at_root(folder.path()).expect("a root");
    (folder, source)
}

fn malformed(answer: Answer) -> String {
    match answer {
        Err(Fault::Malformed(why)) => why,
        other => panic!("not malformed: {other:?}"),
    }
}

/// The same file by each of the ways that a probe has: by its path, and from a kept directory.
fn both_ways(source: &Source, folder: &str, name: &str) -> Answer {
    let path = super::join(folder, name);
    let by_path = source.read(&path);
    assert_eq!(source.dir(folder).read(name), by_path, "{path}");
    let group = vec![vec![Request::Read(path, ATTRIBUTE_CAP)]];
    let within = source.within(Duration::from_secs(10), group);
    assert_eq!(within, [[by_path.clone()]]);
    by_path
}

#[test]
fn what_is_no_file_is_refused_without_effect() {
    let (folder, source) = root();
    let at = |name: &str| folder.path().join("d").join(name);
    fs::create_dir_all(at("directory")).expect("made");
    mkfifo(&at("fifo"), Mode::S_IRWXU).expect("made");
    let _socket = UnixListener::bind(at("socket")).expect("made");
    symlink("/dev/zero", at("zero")).expect("made");
    symlink("fifo", at("to-fifo")).expect("made");
    let why = |name| malformed(both_ways(&source, "d", name));
    assert!(why("directory").contains("a directory"));
    assert!(why("fifo").contains("a FIFO"));
    assert!(why("to-fifo").contains("a FIFO"));
    assert!(why("socket").contains("a socket"));
    assert_eq!(both_ways(&source, "d", "zero"), Err(Fault::Absent));
    assert!(source.list("d/fifo").is_err() && source.dir("d").list("fifo").is_err());
    assert_eq!(source.dir("d/fifo").read("x"), Err(Fault::Absent));
    let major_and_minor = makedev(1, 5);
    if mknod(&at("null"), SFlag::S_IFCHR, Mode::S_IRWXU, major_and_minor).is_ok() {
        assert!(why("null").contains("a device node"));
    }
}

#[test]
fn nothing_leads_out_of_another_root() {
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("secret"), "secret").expect("made");
    let (folder, source) = root();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("d/e")).expect("made");
    let secret = outside.path().join("secret");
    let climbing = "../".repeat(40) + secret.to_str().expect("UTF-8");
    symlink(&secret, at("d/absolute")).expect("made");
    symlink(&climbing, at("d/climbing")).expect("made");
    symlink(outside.path(), at("d/through")).expect("made");
    symlink("/proc/self/root", at("d/magic")).expect("made");
    symlink("/proc/self/cwd/Cargo.toml", at("d/here")).expect("made");
    symlink("loop-b", at("d/loop-a")).expect("made");
    symlink("loop-a", at("d/loop-b")).expect("made");
    for name in [
        "absolute",
        "climbing",
        "through/secret",
        "magic/etc/passwd",
        "here",
    ] {
        assert_eq!(both_ways(&source, "d", name), Err(Fault::Absent), "{name}");
    }
    for name in ["loop-a", "loop-a/x"] {
        assert!(malformed(both_ways(&source, "d", name)).contains("ELOOP"));
    }
    let path = format!("{climbing}/../secret");
    for path in [
        &path,
        &climbing,
        secret.to_str().expect("UTF-8"),
        "/proc/version",
    ] {
        assert_eq!(source.read(path), Err(Fault::Absent), "{path}");
        assert_eq!(source.dir("").read(path), Err(Fault::Absent), "{path}");
        assert_eq!(source.dir("d").dir(path).read("x"), Err(Fault::Absent));
    }
    // What is above the root is the root.
    fs::write(at("inside"), "inside").expect("made");
    for up in ["..", "../..", "/"] {
        let top = vec!["d".to_owned(), "inside".to_owned()];
        assert_eq!(source.dir("").list(up), Ok(top.clone()), "{up}");
        assert_eq!(source.dir("d").list(&format!("{up}/..")), Ok(top.clone()));
        assert_eq!(source.list(up), Ok(top), "{up}");
    }
    for link in ["..", ".", "", "../..", "d/.."] {
        assert!(
            source.link(link).is_err() && source.dir("").link(link).is_err(),
            "{link}"
        );
    }
}

#[test]
fn links_inside_another_root_are_followed() {
    let (folder, source) = root();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("usr/lib")).expect("made");
    fs::create_dir_all(at("etc")).expect("made");
    fs::write(at("usr/lib/os-release"), "ID=x\n").expect("made");
    symlink("../usr/lib/os-release", at("etc/os-release")).expect("made");
    symlink("/usr/lib/os-release", at("etc/absolute")).expect("made");
    symlink("/usr/lib", at("etc/lib")).expect("made");
    for name in ["os-release", "absolute", "lib/os-release"] {
        assert_eq!(
            both_ways(&source, "etc", name),
            Ok(b"ID=x\n".to_vec()),
            "{name}"
        );
    }
    let names = Ok(vec!["os-release".to_owned()]);
    assert_eq!(source.list("etc/lib"), names);
    assert_eq!(source.dir("etc").list("lib"), names);
    assert_eq!(source.dir("etc/lib").list(""), names);
    assert_eq!(source.link("etc/lib"), Ok("/usr/lib".to_owned()));
    assert_eq!(source.dir("").link("etc/lib"), Ok("/usr/lib".to_owned()));
    assert_eq!(
        source.target("etc/os-release"),
        Ok("usr/lib/os-release".to_owned())
    );
}

#[test]
fn the_procfs_of_a_root_is_read_without_links_and_never_as_ourselves() {
    let source = Source::at_root(Path::new("/")).expect("a root");
    assert!(
        source
            .text("proc/version")
            .is_ok_and(|text| text.starts_with("Linux"))
    );
    for path in ["proc/self/comm", "proc/thread-self/comm"] {
        assert_eq!(source.text(path), source.text("proc/1/comm"));
        assert_eq!(
            source.dir("proc/self").text("comm"),
            source.text("proc/1/comm")
        );
    }
    assert_eq!(source.read("proc/mounts"), source.read("proc/1/mounts"));
    for path in ["proc/1/exe", "proc/1/root/etc/passwd", "proc/self/fd/0"] {
        assert!(source.read(path).is_err(), "{path}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    symlink("/proc/self/environ", folder.path().join("environ")).expect("made");
    symlink("/proc/version", folder.path().join("version")).expect("made");
    let path = folder
        .path()
        .to_str()
        .expect("UTF-8")
        .trim_start_matches('/');
    for name in ["environ", "version"] {
        assert!(malformed(both_ways(&source, path, name)).contains("procfs"));
    }
}

#[test]
fn every_read_is_capped() {
    let (folder, source) = root();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("long"), vec![b'x'; 1 << 20]).expect("made");
    File::create(at("endless"))
        .and_then(|file| file.set_len(1 << 40))
        .expect("made");
    for name in ["long", "endless"] {
        assert_eq!(
            malformed(both_ways(&source, "", name)),
            "longer than 65536 bytes"
        );
        let why = malformed(source.read_up_to(name, 3));
        assert_eq!(why, "longer than 3 bytes");
    }
    assert_eq!(
        source.read_up_to("long", 1 << 20).map(|it| it.len()),
        Ok(1 << 20)
    );
    for length in [0, 1, 4095, 4096, 4097, 65535, 65536] {
        fs::write(at("exact"), vec![b'x'; length]).expect("made");
        assert_eq!(
            both_ways(&source, "", "exact").map(|it| it.len()),
            Ok(length)
        );
    }
    fs::write(at("exact"), vec![b'x'; 65537]).expect("made");
    assert!(both_ways(&source, "", "exact").is_err());
    let live = Source::live().expect("live");
    assert!(malformed(live.read("dev/zero")).contains("a device node"));
}

#[test]
fn what_is_not_utf8_is_said() {
    let (folder, source) = root();
    fs::write(folder.path().join("bytes"), b"ab\xff").expect("made");
    assert_eq!(
        source.text("bytes"),
        Err(Fault::Malformed("not UTF-8".to_owned()))
    );
    fs::create_dir(folder.path().join("d")).expect("made");
    let odd = OsStr::from_bytes(b"a\xffb");
    fs::write(folder.path().join("d").join(odd), "").expect("made");
    assert_eq!(source.list("d"), Ok(vec!["a\u{fffd}b".to_owned()]));
    assert_eq!(source.read("d/a\u{fffd}b"), Err(Fault::Absent));
    symlink(odd, folder.path().join("link")).expect("made");
    assert_eq!(
        source.link("link"),
        Err(Fault::Malformed("not UTF-8".to_owned()))
    );
}

#[test]
fn a_directory_of_very_many_names_is_refused() {
    // In memory where that is at hand: a disk takes a minute for so many.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.expect("a folder");
    let source = Source::at_root(folder.path()).expect("a root");
    for name in 0..=65536 {
        let path = folder.path().join(name.to_string());
        nix::unistd::mkdir(&path, Mode::S_IRWXU).expect("made");
    }
    assert_eq!(
        source.list(""),
        Err(Fault::Malformed("more than 65536 names".to_owned()))
    );
}

#[test]
fn a_root_must_be_a_directory() {
    let (folder, source) = root();
    assert_eq!(source.list(""), Ok(Vec::new()));
    assert_eq!(source.read("proc/cpuinfo"), Err(Fault::Absent));
    let path = folder.path().join("x");
    assert!(matches!(Source::at_root(&path), Err(Fault::Absent)));
    fs::write(&path, "").expect("made");
    assert!(matches!(Source::at_root(&path), Err(Fault::Absent)));
}

#[test]
fn what_vanishes_midway_is_absent() {
    let (folder, source) = root();
    let path = folder.path().join("d");
    fs::create_dir(&path).expect("made");
    fs::write(path.join("a"), "1").expect("made");
    let directory = source.dir("d");
    assert_eq!(directory.list(""), Ok(vec!["a".to_owned()]));
    fs::remove_dir_all(&path).expect("removed");
    assert_eq!(directory.read("a"), Err(Fault::Absent));
    assert_eq!(directory.link("a"), Err(Fault::Absent));
    assert_eq!(directory.list("a"), Err(Fault::Absent));
    assert_eq!(source.read("d/a"), Err(Fault::Absent));
}

#[test]
fn denied_is_said() {
    let (folder, source) = root();
    fs::write(folder.path().join("closed"), "1").expect("made");
    fs::create_dir(folder.path().join("d")).expect("made");
    for name in ["closed", "d"] {
        let none = fs::Permissions::from_mode(0o000);
        fs::set_permissions(folder.path().join(name), none).expect("set");
    }
    // Root may read all: this thread is somebody else for a moment.
    let before = setfsuid(Uid::from_raw(65534));
    let open = fs::Permissions::from_mode(0o755);
    if before.is_root() {
        setfsuid(before);
        fs::set_permissions(folder.path(), open).expect("set");
        setfsuid(Uid::from_raw(65534));
    }
    let answers = [
        both_ways(&source, "", "closed"),
        both_ways(&source, "d", "x"),
        source.list("d").map(|_| Vec::new()),
    ];
    setfsuid(before);
    assert_eq!(
        answers,
        [Err(Fault::Denied), Err(Fault::Denied), Err(Fault::Denied)]
    );
}

#[test]
fn an_error_of_a_device_is_said() {
    let live = Source::live().expect("live");
    // Address 0 of a process is never mapped: EIO.
    assert!(malformed(live.read("proc/self/mem")).contains("EIO"));
    assert_eq!(Fault::from(nix::errno::Errno::ENODEV), Fault::Vanished);
}

#[test]
fn many_groups_are_all_answered() {
    let live = Source::live().expect("live");
    let group = vec![
        Request::Ask(Query::UserId),
        Request::Read("proc/version".to_owned(), ATTRIBUTE_CAP),
    ];
    let answers = live.within(Duration::from_secs(30), vec![group; 2000]);
    assert_eq!(answers.len(), 2000);
    assert!(answers.iter().flatten().all(Result::is_ok));
    let late = vec![vec![Request::Ask(Query::UserId)], Vec::new()];
    assert_eq!(live.within(Duration::ZERO, late).len(), 2);
}

#[test]
fn a_replay_answers_as_the_machine_did() {
    let live = Source::live().expect("live").recorded();
    let asked = |source: &Source| {
        let group = vec![
            Request::Read("proc/uptime".to_owned(), 64),
            Request::Ask(Query::Clock),
        ];
        let directory = source.dir("proc/sys/kernel");
        let answers = vec![
            source.read("proc/stat"),
            source.read("proc/stat"),
            directory.read("hostname"),
            directory.read("../kernel/random/uuid"),
            source.read("proc/sys/kernel/random/uuid"),
            source.read("nowhere"),
            source.ask(Query::UserId),
        ];
        let within = source.within(Duration::from_secs(1), vec![group.clone(), group]);
        let listed = (
            source.list("sys/class/net"),
            source.dir("sys/class").list("net"),
        );
        (
            answers,
            within,
            listed,
            source.link("proc/mounts"),
            source.link("proc/stat"),
        )
    };
    let first = asked(&live);
    assert_eq!(asked(&live), first, "while recording, an answer stands");
    let recording = live.into_recording();
    assert_eq!(recording.origin(), Some(Origin::Live));
    let replay = Source::replay(recording.clone()).recorded();
    assert_eq!(asked(&replay), first);
    assert_eq!(replay.into_recording(), recording);
}

#[test]
fn what_was_not_recorded_is_not_asked() {
    let replay = Source::replay(Recording::default());
    assert_eq!(replay.read("proc/version"), Err(Fault::NotAsked));
    assert_eq!(replay.ask(Query::Clock), Err(Fault::NotAsked));
    let (_folder, source) = root();
    assert_eq!(source.ask(Query::Clock), Err(Fault::NotAsked));
}

/// A thread that has just answered one call may take on the next one's request before that call looks for
/// threads: nothing is left to start then, and all is well.
#[test]
fn calls_side_by_side_all_have_their_answers() {
    let (folder, source) = root();
    fs::write(folder.path().join("file"), "x").expect("made");
    let ask = || {
        for _ in 0..2000 {
            let group = vec![vec![Request::Read("file".to_owned(), ATTRIBUTE_CAP)]];
            let answers = source.within(Duration::from_secs(30), group);
            assert!(
                matches!(&answers[..], [group] if matches!(&group[..], [Ok(_)])),
                "{answers:?}"
            );
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(ask);
        }
    });
}
