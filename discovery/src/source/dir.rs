//! A directory to read several things from: opened once, on first use.

use std::cell::OnceCell;
use std::os::fd::OwnedFd;
use std::str::FromStr;

use super::{ATTRIBUTE_CAP, Answer, Backend, Request, Source, join, split_names, text};
use crate::Fault;

/// A directory of a [`Source`]. Making one costs nothing and cannot fail: what is wrong with it
/// shows at the first read.
pub struct Dir<'a> {
    source: &'a Source,
    path: String,
    descriptor: OnceCell<Result<OwnedFd, Fault>>,
}

impl<'a> Dir<'a> {
    pub(super) fn new(source: &'a Source, path: String) -> Self {
        Self {
            source,
            path,
            descriptor: OnceCell::new(),
        }
    }

    /// Its path from the root, without a leading slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path
            .rsplit_once('/')
            .map_or(self.path.as_str(), |(_, name)| name)
    }

    /// A directory below, or above with `..`.
    pub fn dir(&self, name: &str) -> Dir<'a> {
        Dir::new(self.source, join(&self.path, name))
    }

    /// The directory that the link `name` leads to, by its own path; where it is no link, `name`.
    pub fn device(&self, name: &str) -> Dir<'a> {
        match self.link(name) {
            Ok(target) => Dir::new(self.source, join(&self.path, &target)),
            Err(_) => self.dir(name),
        }
    }

    /// The content of a file of at most [`ATTRIBUTE_CAP`] bytes.
    ///
    /// # Errors
    /// See [`Fault`]; a longer file is malformed.
    pub fn read(&self, name: &str) -> Answer {
        self.read_up_to(name, ATTRIBUTE_CAP)
    }

    /// The content of a file of at most `cap` bytes.
    ///
    /// # Errors
    /// See [`Fault`]; a longer file is malformed.
    pub fn read_up_to(&self, name: &str, cap: usize) -> Answer {
        let request = |path| Request::Read(path, cap);
        self.perform(name, request, |tree, at| tree.read(at, name, cap))
    }

    /// The content of a text file, without the white space around it.
    ///
    /// # Errors
    /// See [`Fault`]; text that is not UTF-8 is malformed.
    pub fn text(&self, name: &str) -> Result<String, Fault> {
        self.read(name).and_then(text)
    }

    /// A number in decimal.
    ///
    /// # Errors
    /// See [`Fault`]; anything but a number is malformed.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<T, Fault> {
        let text = self.text(name)?;
        text.parse()
            .map_err(|_| Fault::Malformed(format!("{name} is not a number: {text:.40}")))
    }

    /// A switch: `1` or `Y`, `0` or `N`.
    ///
    /// # Errors
    /// See [`Fault`]; anything else is malformed.
    pub fn switch(&self, name: &str) -> Result<bool, Fault> {
        match self.text(name)?.as_str() {
            "1" | "Y" | "y" => Ok(true),
            "0" | "N" | "n" => Ok(false),
            other => Err(Fault::Malformed(format!(
                "{name} is neither 0 nor 1: {other:.40}"
            ))),
        }
    }

    /// The names in the directory itself (`""`) or one below, sorted.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn list(&self, name: &str) -> Result<Vec<String>, Fault> {
        let listed = match name {
            "" => self.perform(name, Request::List, |tree, at| match at {
                Some((descriptor, path)) => tree.list(Some((descriptor, path)), "."),
                None => tree.list(None, &self.path),
            }),
            name => self.perform(name, Request::List, |tree, at| tree.list(at, name)),
        };
        listed.map(|names| split_names(&names))
    }

    /// Where a symbolic link points, as stored.
    ///
    /// # Errors
    /// See [`Fault`]; what is no link is unsupported.
    pub fn link(&self, name: &str) -> Result<String, Fault> {
        self.perform(name, Request::Link, |tree, at| tree.link(at, name))
            .and_then(text)
    }

    /// The last part of where a symbolic link points, such as the name of a driver.
    ///
    /// # Errors
    /// See [`Fault`]; what is no link is unsupported.
    pub fn link_name(&self, name: &str) -> Result<String, Fault> {
        let target = self.link(name)?;
        Ok(target
            .rsplit_once('/')
            .map_or(target.as_str(), |(_, last)| last)
            .to_owned())
    }

    fn perform(
        &self,
        name: &str,
        request: impl FnOnce(String) -> Request,
        live: impl FnOnce(&super::Tree, super::opening::At<'_>) -> Answer,
    ) -> Answer {
        let full = || join(&self.path, name);
        match &self.source.backend {
            Backend::Replay(recording) => {
                let request = request(full());
                let answer = recording.answer(&request);
                self.source.settle(|| request, answer)
            }
            Backend::Tree(tree) => {
                let answer = match self.descriptor.get_or_init(|| tree.open_dir(&self.path)) {
                    Ok(descriptor) => live(tree, Some((descriptor, &self.path))),
                    Err(fault) => Err(fault.clone()),
                };
                self.source.settle(|| request(full()), answer)
            }
        }
    }
}
