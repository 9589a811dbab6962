//! Files as the kernel shows them, and as they are on disk.

use std::collections::BTreeMap;
use std::io;

use crate::value::{Attributes, HostPath};

/// What a node of the tree is; directories have the numbers of the nodes in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    File(Vec<u8>, Attributes),
    Directory(BTreeMap<String, usize>, Attributes),
    Link(String),
}

#[derive(Debug, Clone)]
struct Node {
    now: Data,
    on_disk: Data,
}

/// The first node is the root directory. Nodes are never dropped.
#[derive(Debug, Clone)]
pub(super) struct Tree(Vec<Node>);

impl Tree {
    pub(super) fn new() -> Self {
        let root = Data::Directory(BTreeMap::new(), Attributes::of_root(0o755));
        Self(vec![Node {
            now: root.clone(),
            on_disk: root,
        }])
    }

    pub(super) fn find(&self, path: &HostPath) -> Option<&Data> {
        Some(&self.0[self.number(path.as_str())?].now)
    }

    pub(super) fn insert(&mut self, path: &HostPath, data: Data) -> io::Result<()> {
        if self.find(path).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let number = self.0.len();
        let entries = self.entries(path)?;
        entries.insert(path.name().to_owned(), number);
        // Of a file that was not synced there may be a name, and nothing in it.
        let on_disk = match &data {
            Data::File(_, of) => Data::File(Vec::new(), of.clone()),
            other => other.clone(),
        };
        self.0.push(Node { now: data, on_disk });
        Ok(())
    }

    pub(super) fn edit(
        &mut self,
        path: &HostPath,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> io::Result<()> {
        match &mut self.node(path)?.now {
            Data::File(content, _) => change(content),
            _ => return Err(io::ErrorKind::IsADirectory.into()),
        }
        Ok(())
    }

    pub(super) fn set_attributes(&mut self, path: &HostPath, to: &Attributes) -> io::Result<()> {
        match &mut self.node(path)?.now {
            Data::File(_, of) | Data::Directory(_, of) => *of = to.clone(),
            Data::Link(_) => return Err(io::ErrorKind::InvalidInput.into()),
        }
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &HostPath, to: &HostPath) -> io::Result<()> {
        assert_eq!(from.parent(), to.parent(), "within a folder");
        let entries = self.entries(from)?;
        let number = entries.remove(from.name()).ok_or(io::ErrorKind::NotFound)?;
        entries.insert(to.name().to_owned(), number);
        Ok(())
    }

    pub(super) fn take(&mut self, path: &HostPath) -> io::Result<()> {
        let entries = self.entries(path)?;
        let taken = entries.remove(path.name());
        taken
            .map(drop)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn sync(&mut self, path: &HostPath) -> io::Result<()> {
        let node = self.node(path)?;
        node.on_disk = node.now.clone();
        Ok(())
    }

    pub(super) fn sync_everything(&mut self) {
        for node in &mut self.0 {
            node.on_disk = node.now.clone();
        }
    }

    /// What was not synced was never done.
    pub(super) fn lose_all(&mut self) {
        for node in &mut self.0 {
            node.now = node.on_disk.clone();
        }
    }

    /// Names are on disk, and of what was written or appended to a file one half.
    pub(super) fn lose_contents(&mut self) {
        for node in &mut self.0 {
            if let (Data::File(now, _), Data::File(on_disk, _)) = (&node.now, &mut node.on_disk)
                && let Some(added) = now.strip_prefix(on_disk.as_slice())
            {
                on_disk.extend(&added[..added.len() / 2]);
            }
            match &node.now {
                Data::File(..) => node.now = node.on_disk.clone(),
                _ => node.on_disk = node.now.clone(),
            }
        }
    }

    /// Each path with what is there, but for muster's own records.
    pub(super) fn shown(&self) -> BTreeMap<String, String> {
        let mut shown = BTreeMap::new();
        self.show(0, "", &mut shown);
        shown
    }

    fn show(&self, number: usize, path: &str, shown: &mut BTreeMap<String, String>) {
        let (text, entries) = match &self.0[number].now {
            Data::File(content, of) => {
                (format!("{of} {:?}", String::from_utf8_lossy(content)), None)
            }
            Data::Directory(entries, of) => (of.to_string(), Some(entries)),
            Data::Link(to) => (format!("-> {to}"), None),
        };
        if path == "/var/lib/muster-install" {
            return;
        }
        shown.insert(path.to_owned(), text);
        for (name, number) in entries.into_iter().flatten() {
            self.show(*number, &format!("{path}/{name}"), shown);
        }
    }

    fn number(&self, path: &str) -> Option<usize> {
        let steps = path.split('/').filter(|step| !step.is_empty());
        steps
            .into_iter()
            .try_fold(0, |at, step| match &self.0[at].now {
                Data::Directory(entries, _) => entries.get(step).copied(),
                _ => None,
            })
    }

    fn node(&mut self, path: &HostPath) -> io::Result<&mut Node> {
        let number = self.number(path.as_str()).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut self.0[number])
    }

    /// What is in the folder of `path`.
    fn entries(&mut self, path: &HostPath) -> io::Result<&mut BTreeMap<String, usize>> {
        let folder = path.parent();
        let folder = folder.as_ref().map_or("", HostPath::as_str);
        let number = self.number(folder).ok_or(io::ErrorKind::NotFound)?;
        match &mut self.0[number].now {
            Data::Directory(entries, _) => Ok(entries),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }
}
