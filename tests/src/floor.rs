//! The floor: what it costs to ask the host for all that an inventory asks, and to parse nothing.
//!
//! A list holds each request of a recorded discovery once. Carrying it out opens, reads and closes
//! the same files, lists the same directories, reads the same links and puts the same questions.
//! It is as cheap as can be: a directory is opened once for the requests in it, and each file is
//! looked up from there.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

use muster_discovery::source::Request;
use muster_discovery::{Query, Source};
use nix::dir::Dir;
use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::sys::stat::Mode;
use nix::unistd::read;

/// The list of what discovery asks of this machine, a request a line.
///
/// # Panics
/// When the machine cannot be read.
pub fn list() -> String {
    let source = Source::live().expect("this machine").recorded();
    muster_discovery::discover(&source, &muster_discovery::Options::default());
    let recording = source.into_recording();
    let mut lines: Vec<String> = recording
        .iter()
        .map(|(request, _)| match request {
            Request::Read(path, _) => format!("R {path}"),
            Request::List(path) => format!("D {path}"),
            Request::Link(path) => format!("L {path}"),
            Request::Ask(query) => {
                format!(
                    "Q {}",
                    serde_json::to_string(query).expect("a query is JSON")
                )
            }
        })
        .collect();
    // Requests of one directory together.
    lines.sort_by(|a, b| directory(a).cmp(directory(b)).then(a.cmp(b)));
    lines.join("\n")
}

fn directory(line: &str) -> &str {
    match line.split_once(' ') {
        Some(("Q", _)) | None => "",
        Some((_, path)) => path.rsplit_once('/').map_or("", |(directory, _)| directory),
    }
}

/// Carries the list out and gives the number of requests that brought something.
///
/// # Panics
/// When there is no root directory.
pub fn carry_out(list: &str) -> usize {
    let source = Source::live().expect("this machine");
    let folder = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let root = open("/", folder, Mode::empty()).expect("the root directory");
    let mut current: Option<(&str, OwnedFd)> = None;
    let mut buffer = vec![0; 64 << 10];
    let mut answered = 0;
    for line in list.lines() {
        let Some((kind, what)) = line.split_once(' ') else {
            continue;
        };
        if kind == "Q" {
            let query: Query = serde_json::from_str(what).expect("a query");
            answered += usize::from(source.ask(query).is_ok());
            continue;
        }
        let (directory, name) = what.rsplit_once('/').unwrap_or(("", what));
        if current.as_ref().is_none_or(|(open, _)| *open != directory) {
            let at = if directory.is_empty() { "." } else { directory };
            current = openat(&root, at, folder, Mode::empty())
                .ok()
                .map(|opened| (directory, opened));
        }
        let Some((_, at)) = &current else { continue };
        let done = match kind {
            "R" => file(at, name, &mut buffer),
            "D" => names(at, name),
            _ => readlinkat(at, name).ok().map(|_| ()),
        };
        answered += usize::from(done.is_some());
    }
    answered
}

fn file(at: &OwnedFd, name: &str, buffer: &mut [u8]) -> Option<()> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = openat(at, name, flags, Mode::empty()).ok()?;
    // A page is the most that an attribute gives at once: a shorter read was all of it.
    while read(file.as_fd(), buffer).ok()? >= 4096 {}
    Some(())
}

fn names(at: &OwnedFd, name: &str) -> Option<()> {
    let name = CString::new(name).ok()?;
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut folder = Dir::openat(at, name.as_c_str(), flags, Mode::empty()).ok()?;
    folder.iter().for_each(drop);
    Some(())
}
