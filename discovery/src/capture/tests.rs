use std::io::Write;
use std::time::Duration;

use muster_model::Origin;

use super::{CaptureError, FILE_CAP, FORMAT, read, write};
use crate::Fault;
use crate::source::{Query, Recording, Request};

fn every_kind() -> Recording {
    let mut recording = Recording::of(Origin::Live);
    let read = |path: &str, cap| Request::Read(path.to_owned(), cap);
    recording.keep(read("proc/cpuinfo", 16 << 20), Ok(b"model\n".to_vec()));
    recording.keep(read("a", 4), Ok(b"abcd".to_vec()));
    recording.keep(read("a", 9), Ok(b"abcd".to_vec()));
    recording.keep(
        read("b", 1),
        Err(Fault::Malformed("longer than 1 bytes".to_owned())),
    );
    recording.keep(read("b", 9), Ok(b"one".to_vec()));
    recording.keep(read("b", 10), Ok(b"two".to_vec()));
    recording.keep(read("b/below", 9), Ok(Vec::new()));
    for odd in [
        "",
        "/x",
        "x/../y",
        "x//y",
        ".",
        "nul\0",
        "sp ace/ü\n\"",
        "tail/",
    ] {
        recording.keep(read(odd, 9), Ok(odd.as_bytes().to_vec()));
    }
    recording.keep(read(&"deep/".repeat(900), 9), Ok(vec![1]));
    recording.keep(
        read(&format!("{}/x", "long".repeat(40)), 9),
        Ok(vec![0, 255]),
    );
    let list = |path: &str| Request::List(path.to_owned());
    recording.keep(list("empty"), Ok(Vec::new()));
    recording.keep(list("two"), Ok(b"a\0b\0".to_vec()));
    recording.keep(list("unended"), Ok(b"a\0b".to_vec()));
    recording.keep(list("nothing"), Ok(b"\0".to_vec()));
    recording.keep(list("bytes"), Ok(b"\xff\0".to_vec()));
    recording.keep(list("denied"), Err(Fault::Denied));
    let link = |path: &str| Request::Link(path.to_owned());
    recording.keep(link("l"), Ok(b"../x".to_vec()));
    recording.keep(link("m"), Ok(b"\xff".to_vec()));
    recording.keep(link("n"), Err(Fault::Unsupported("EINVAL".to_owned())));
    let device = "nvme0n1".to_owned();
    recording.keep(Request::Ask(Query::Clock), Ok(b"0".to_vec()));
    recording.keep(
        Request::Ask(Query::NvmeHealth { device }),
        Err(Fault::TimedOut),
    );
    let (interface, listen) = ("eth0".to_owned(), Duration::from_millis(1500));
    recording.keep(
        Request::Ask(Query::Lldp { interface, listen }),
        Err(Fault::Vanished),
    );
    let ipmi = Query::Ipmi {
        net_fn: 6,
        command: 1,
        data: vec![0, 255],
    };
    recording.keep(Request::Ask(ipmi), Err(Fault::NotAsked));
    recording.keep(Request::Ask(Query::Links), Err(Fault::Absent));
    recording
}

fn written(recording: &Recording) -> Vec<u8> {
    let mut file = Vec::new();
    write(recording, &mut file).expect("it can be written");
    file
}

#[test]
fn what_was_written_is_read_and_bytes_repeat() {
    for recording in [
        every_kind(),
        Recording::default(),
        Recording::of(Origin::Root),
    ] {
        let file = written(&recording);
        assert_eq!(read(file.as_slice()).expect("it can be read"), recording);
        assert_eq!(written(&recording), file);
    }
    let mut scrubbed = every_kind();
    scrubbed.set_scrubbed(true);
    assert!(read(written(&scrubbed).as_slice()).is_ok_and(|it| it.is_scrubbed()));
}

#[test]
fn tar_unpacks_it_and_what_it_packs_again_is_read() {
    let recording = every_kind();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("capture.tar.zst");
    std::fs::write(&file, written(&recording)).expect("written");
    #[allow(clippy::disallowed_methods, reason = "the tool an outsider uses")]
    let tar = |arguments: &[&str]| {
        let status = std::process::Command::new("tar")
            .args(["--zstd", "-C"])
            .arg(folder.path())
            .args(arguments)
            .status();
        assert!(status.expect("tar runs").success());
    };
    tar(&["-xf", file.to_str().expect("UTF-8")]);
    #[allow(clippy::disallowed_methods, reason = "what an outsider sees")]
    let seen = std::fs::read(folder.path().join("root/proc/cpuinfo")).expect("there");
    assert_eq!(seen, b"model\n");
    let again = folder.path().join("again.tar.zst");
    tar(&[
        "-cf",
        again.to_str().expect("UTF-8"),
        "./manifest.json",
        "requests.jsonl",
        "root",
        "ask",
        "other",
    ]);
    let again = std::fs::File::open(again).expect("there");
    assert_eq!(read(again).expect("it can be read"), recording);
}

/// A tar of entries with any names and types, compressed.
struct Forged(Vec<u8>);

impl Forged {
    fn new(requests: usize, index: &str) -> Self {
        let manifest = format!(
            r#"{{"format":"{FORMAT}","muster":"0","origin":null,"scrubbed":false,"requests":{requests}}}"#
        );
        Self(Vec::new())
            .with("manifest.json", b'0', manifest.as_bytes())
            .with("requests.jsonl", b'0', index.as_bytes())
    }

    fn with(mut self, name: &str, kind: u8, content: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkflag = [kind];
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend(header.as_bytes());
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn tar(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }

    fn read(self) -> Result<Recording, CaptureError> {
        read(compress(&self.tar()).as_slice())
    }
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut frame = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    frame.write_all(bytes).expect("compressed");
    frame.finish().expect("compressed")
}

const ONE: &str =
    "{\"request\":{\"read\":{\"path\":\"x\",\"cap\":1}},\"answer\":{\"file\":\"x\"}}\n";

#[test]
fn hostile_names_and_kinds_are_refused() {
    let with = |name: &str, kind| Forged::new(1, ONE).with(name, kind, b"x").read();
    assert!(with("x", b'0').is_ok());
    for name in ["/x", "../x", "a/../x", "a//x", "a/./x", "x/", "..", "."] {
        let read = with(name, b'0');
        assert!(
            matches!(read, Err(CaptureError::Name { .. })),
            "{name}: {read:?}"
        );
    }
    let folder = with("../", b'5');
    assert!(
        matches!(folder, Err(CaptureError::Name { .. })),
        "{folder:?}"
    );
    for kind in [b'1', b'2', b'3', b'4', b'6', b'7', b'g', b'S', b'V', b'?'] {
        let read = with("x", kind);
        let refused = matches!(
            read,
            Err(CaptureError::Kind { .. } | CaptureError::Damaged { .. })
        );
        assert!(refused, "{}: {read:?}", char::from(kind));
    }
    let twice = Forged::new(1, ONE)
        .with("x", b'0', b"x")
        .with("./x", b'0', b"x");
    assert!(matches!(twice.read(), Err(CaptureError::Twice { .. })));
}

#[test]
fn hostile_indexes_are_refused() {
    assert!(matches!(
        Forged::new(1, ONE).read(),
        Err(CaptureError::Missing { .. })
    ));
    let stray = Forged::new(0, "").with("x", b'0', b"x").read();
    assert!(matches!(stray, Err(CaptureError::Stray { .. })));
    let twice = Forged::new(2, &ONE.repeat(2)).with("x", b'0', b"x").read();
    assert!(matches!(twice, Err(CaptureError::Request { line: 2, .. })));
    let count = Forged::new(2, ONE).with("x", b'0', b"x").read();
    assert!(matches!(
        count,
        Err(CaptureError::Count {
            expected: 2,
            found: 1
        })
    ));
    let shape = ONE.replace("{\"file\":\"x\"}", "{\"names\":[]}");
    let shape = Forged::new(1, &shape).read();
    assert!(matches!(shape, Err(CaptureError::Request { line: 1, .. })));
    let none = Forged(Vec::new()).read();
    assert!(matches!(none, Err(CaptureError::Missing { .. })));
    let other =
        Forged(Vec::new()).with("manifest.json", b'0', br#"{"format":"muster.capture/v2"}"#);
    let other = other.with("requests.jsonl", b'0', b"").read();
    assert!(matches!(other, Err(CaptureError::Format { found }) if found.ends_with("v2")));
}

#[test]
fn bombs_are_refused() {
    let zeros = compress(&vec![0; 257 << 20]);
    assert!(zeros.len() < 1 << 20);
    assert!(matches!(
        read(zeros.as_slice()),
        Err(CaptureError::TooLarge { .. })
    ));
    let large = vec![0; usize::try_from(FILE_CAP).expect("fits") + 1];
    let large = Forged::new(1, ONE).with("x", b'0', &large).read();
    assert!(matches!(
        large,
        Err(CaptureError::TooLarge {
            limit: FILE_CAP,
            ..
        })
    ));
    let endless = std::io::repeat(0x28);
    assert!(matches!(read(endless), Err(CaptureError::TooLarge { .. })));
    // One file of 16 MiB that seventeen requests have as their answer.
    let lines = (1..=17).map(|cap| ONE.replace("\"cap\":1", &format!("\"cap\":{cap}")));
    let content = vec![0; usize::try_from(FILE_CAP).expect("fits")];
    let shared = Forged::new(17, &lines.collect::<String>()).with("x", b'0', &content);
    assert!(matches!(shared.read(), Err(CaptureError::TooLarge { .. })));
    let many = (0..200_001).fold(Forged::new(0, ""), |all, n| {
        all.with(&format!("{n}/"), b'5', b"")
    });
    assert!(matches!(many.read(), Err(CaptureError::TooLarge { .. })));
}

#[test]
fn a_large_window_is_refused() {
    let mut frame = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    frame.window_log(27).expect("set");
    frame
        .write_all(&Forged::new(0, "").tar())
        .expect("compressed");
    let file = frame.finish().expect("compressed");
    assert!(matches!(
        read(file.as_slice()),
        Err(CaptureError::Damaged { .. })
    ));
}

#[test]
fn damage_and_trailing_data_are_refused() {
    let file = written(&every_kind());
    for end in 0..file.len() {
        assert!(read(&file[..end]).is_err(), "cut off after {end} bytes");
    }
    for (junk, at) in [(0, file.len()), (1, file.len())] {
        let mut longer = file.clone();
        longer.insert(at, junk);
        let longer = read(longer.as_slice());
        assert!(
            matches!(longer, Err(CaptureError::Trailing { .. })),
            "{longer:?}"
        );
    }
    let two = [file.clone(), file].concat();
    assert!(matches!(
        read(two.as_slice()),
        Err(CaptureError::Trailing { .. })
    ));
    assert!(matches!(
        read(&b"PK\x03\x04"[..]),
        Err(CaptureError::NotZstd)
    ));
    let whole = Forged::new(0, "").tar();
    for end in 0..whole.len() {
        assert!(
            read(compress(&whole[..end]).as_slice()).is_err(),
            "tar cut after {end} bytes"
        );
    }
    let longer = [whole.clone(), vec![0; 512], b"junk".to_vec(), vec![0; 508]].concat();
    let longer = read(compress(&longer).as_slice());
    assert!(
        matches!(longer, Err(CaptureError::Trailing { .. })),
        "{longer:?}"
    );
    let padded = [whole, vec![0; 8192]].concat();
    assert!(read(compress(&padded).as_slice()).is_ok());
}
