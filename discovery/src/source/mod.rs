//! The only door to the host: files, listings, links, and questions to the kernel.
//!
//! A [`Source`] is the running machine, another root directory, or a capture. What is asked of it
//! is a [`Request`]; what comes back is bytes or a [`Fault`]. While recording, each request is kept
//! with its outcome, so that a replay answers exactly as the machine did.
//!
//! Invariants: paths are relative to the root, without a leading slash; every read is capped; no
//! path leaves another root; another root or a capture never asks the running machine.

mod ask;
mod confined;
mod conversation;
mod dir;
#[allow(
    unsafe_code,
    reason = "the one module that talks to the kernel by raw ioctl"
)]
mod ioctl;
pub(crate) mod monitor;
pub(crate) mod netlink;
mod opening;
mod pool;
mod query;
mod recording;
pub(crate) mod signals;
#[cfg(test)]
mod tests;
mod tree;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use muster_model::Origin;

use crate::Fault;
use ask::Devices;
pub use conversation::Conversation;
pub use dir::Dir;
use pool::Pool;
pub use query::{EthtoolCommand, Query, SocketTable};
pub use recording::Recording;
use tree::Tree;

/// Most bytes of an attribute in sysfs, unless a caller allows more.
pub const ATTRIBUTE_CAP: usize = 64 << 10;
/// Most bytes of a table in procfs; `/proc/cpuinfo` grows with the processors.
pub const TABLE_CAP: usize = 16 << 20;

/// What [`Fault::Unsupported`] says of a disk that sleeps: it is not woken for a question.
pub const ASLEEP: &str = "the disk is asleep and was not woken";

/// One thing asked of the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// The content of a file, up to so many bytes.
    Read(String, usize),
    /// The names in a directory, sorted.
    List(String),
    /// Where a symbolic link points, as stored.
    Link(String),
    /// A question to the kernel or a library.
    Ask(Query),
}

/// What came back: the bytes of the file, the target of the link, the names each ended by NUL, or
/// the raw answer.
pub type Answer = Result<Vec<u8>, Fault>;

/// One host to read. It may be shared between threads.
///
/// Anything that was read can be read again without the host:
///
/// ```
/// use muster_discovery::{Options, Source, discover};
///
/// # let root = tempfile::tempdir().unwrap();
/// # let root = root.path();
/// let source = Source::at_root(root)?.recorded();
/// let found = discover(&source, &Options::default());
/// let again = discover(&Source::replay(source.into_recording()), &Options::default());
/// assert_eq!(found.inventory.warnings, again.inventory.warnings);
/// # Ok::<(), muster_discovery::Fault>(())
/// ```
pub struct Source {
    backend: Backend,
    pool: Pool,
    recording: Option<Mutex<Recording>>,
}

enum Backend {
    Tree(Arc<Tree>),
    Replay(Recording),
}

const _: () = {
    const fn shareable<T: Send + Sync>() {}
    shareable::<Source>();
};

impl Source {
    /// The running machine.
    ///
    /// # Errors
    /// When `/` cannot be opened.
    pub fn live() -> Result<Self, Fault> {
        Ok(Self::new(Backend::Tree(Arc::new(Tree::live()?))))
    }

    /// Another root directory: links are resolved beneath it and the running machine is not asked.
    ///
    /// # Errors
    /// When `root` is not a directory that can be opened.
    pub fn at_root(root: &Path) -> Result<Self, Fault> {
        Ok(Self::new(Backend::Tree(Arc::new(Tree::confined(root)?))))
    }

    /// What was recorded.
    pub fn replay(recording: Recording) -> Self {
        Self::new(Backend::Replay(recording))
    }

    /// The same, keeping every request with its answer for [`Source::into_recording`].
    #[must_use]
    pub fn recorded(self) -> Self {
        let recording = match &self.backend {
            Backend::Tree(_) => Recording::of(self.origin()),
            Backend::Replay(recording) => recording.emptied(),
        };
        Self {
            recording: Some(Mutex::new(recording)),
            ..self
        }
    }

    /// What was recorded; empty unless [`Source::recorded`].
    pub fn into_recording(self) -> Recording {
        self.recording
            .map(|kept| kept.into_inner().unwrap_or_else(PoisonError::into_inner))
            .unwrap_or_default()
    }

    /// What kind of host this is.
    pub fn origin(&self) -> Origin {
        match &self.backend {
            Backend::Tree(tree) if tree.is_live() => Origin::Live,
            Backend::Tree(_) => Origin::Root,
            Backend::Replay(_) => Origin::Capture,
        }
    }

    /// Whether only files could be read, not a kernel asked: another root, or a capture of one.
    pub fn is_files_only(&self) -> bool {
        match &self.backend {
            Backend::Tree(tree) => !tree.is_live(),
            Backend::Replay(recording) => recording.origin() == Some(Origin::Root),
        }
    }

    /// A directory to read several things from.
    pub fn dir(&self, path: impl Into<String>) -> Dir<'_> {
        Dir::new(self, path.into())
    }

    /// The directory that a class entry such as `sys/class/net/eth0` links to, by its own path
    /// below `sys/devices`; where it is no link, the entry itself.
    pub fn device(&self, path: &str) -> Dir<'_> {
        self.dir(self.target(path).unwrap_or_else(|_| path.to_owned()))
    }

    /// The content of a file of at most [`ATTRIBUTE_CAP`] bytes.
    ///
    /// # Errors
    /// See [`Fault`]; a longer file is malformed.
    pub fn read(&self, path: &str) -> Answer {
        self.perform(&Request::Read(path.to_owned(), ATTRIBUTE_CAP))
    }

    /// The content of a file of at most `cap` bytes.
    ///
    /// # Errors
    /// See [`Fault`]; a longer file is malformed.
    pub fn read_up_to(&self, path: &str, cap: usize) -> Answer {
        self.perform(&Request::Read(path.to_owned(), cap))
    }

    /// The content of a text file, without the white space around it.
    ///
    /// # Errors
    /// See [`Fault`]; text that is not UTF-8 is malformed.
    pub fn text(&self, path: &str) -> Result<String, Fault> {
        self.read(path).and_then(text)
    }

    /// The names in a directory, sorted.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn list(&self, path: &str) -> Result<Vec<String>, Fault> {
        self.perform(&Request::List(path.to_owned()))
            .map(|names| split_names(&names))
    }

    /// Where a symbolic link points, as stored.
    ///
    /// # Errors
    /// See [`Fault`]; what is no link is unsupported.
    pub fn link(&self, path: &str) -> Result<String, Fault> {
        self.perform(&Request::Link(path.to_owned())).and_then(text)
    }

    /// Where a symbolic link leads, as a path from the root. One step, by text alone.
    ///
    /// # Errors
    /// See [`Fault`]; what is no link is unsupported.
    pub fn target(&self, path: &str) -> Result<String, Fault> {
        self.link(path).map(|target| join(parent(path), &target))
    }

    /// A question to the kernel that it answers at once.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn ask(&self, query: Query) -> Answer {
        self.perform(&Request::Ask(query))
    }

    /// The LLDP frames that come in on each of these interfaces within `time`, as [`Query::Lldp`]
    /// lays them out. Interfaces that are switched off are switched on meanwhile.
    pub fn listen(&self, interfaces: &[String], time: Duration) -> Vec<Answer> {
        let requests: Vec<Request> = interfaces
            .iter()
            .map(|interface| {
                Request::Ask(Query::Lldp {
                    interface: interface.clone(),
                    listen: time,
                })
            })
            .collect();
        let answers = match &self.backend {
            Backend::Tree(tree) if tree.is_live() => ask::lldp::listen(interfaces, time),
            Backend::Tree(_) => vec![Err(Fault::NotAsked); interfaces.len()],
            Backend::Replay(recording) => requests
                .iter()
                .map(|request| recording.answer(request))
                .collect(),
        };
        let pairs = requests.into_iter().zip(answers);
        pairs
            .map(|(request, answer)| self.settle(|| request, answer))
            .collect()
    }

    fn perform(&self, request: &Request) -> Answer {
        let answer = match &self.backend {
            Backend::Tree(tree) => perform(tree, request, &mut Devices::default()),
            Backend::Replay(recording) => recording.answer(request),
        };
        self.settle(|| request.clone(), answer)
    }

    /// While recording, the answer that stands in the recording; else the answer itself.
    fn settle(&self, request: impl FnOnce() -> Request, answer: Answer) -> Answer {
        match &self.recording {
            None => answer,
            Some(recording) => {
                let mut recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
                recording.settle(request(), answer)
            }
        }
    }

    fn new(backend: Backend) -> Self {
        Self {
            backend,
            pool: Pool::default(),
            recording: None,
        }
    }
}

fn perform(tree: &Tree, request: &Request, devices: &mut Devices) -> Answer {
    match request {
        Request::Read(path, cap) => tree.read(None, path, *cap),
        Request::List(path) => tree.list(None, path),
        Request::Link(path) => tree.link(None, path),
        Request::Ask(query) => match ask::answer_from_files(tree, query) {
            Some(answer) => answer,
            None if tree.is_live() => ask::answer(query, devices),
            None => Err(Fault::NotAsked),
        },
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Fault> {
    let blank = |c: char| c.is_whitespace() || c == '\0';
    let mut text =
        String::from_utf8(bytes).map_err(|_| Fault::Malformed("not UTF-8".to_owned()))?;
    text.truncate(text.trim_end_matches(blank).len());
    text.drain(..text.len() - text.trim_start_matches(blank).len());
    Ok(text)
}

fn split_names(names: &[u8]) -> Vec<String> {
    names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Joins by text: `..` climbs, an absolute path starts over, nothing climbs above the root.
fn join(base: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = match relative.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => base.split('/').filter(|part| !part.is_empty()).collect(),
    };
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}
