//! The control groups of a host, in either version of the hierarchy.

use muster_model::workload::Consumption;

use crate::Fault;
use crate::parse::control_group::{Occupant, occupant};
use crate::source::Source;

const MOUNT: &str = "sys/fs/cgroup";
/// Nobody nests deeper what is looked at here.
const DEEPEST: usize = 12;
/// Beginnings of the names of a group's files; systemd gives a unit of such a name another (`_`).
const FILES: [&str; 16] = [
    "blkio", "cgroup", "cpu", "cpuacct", "cpuset", "devices", "freezer", "hugetlb", "io", "irq",
    "memory", "misc", "net_cls", "net_prio", "pids", "rdma",
];
/// Files without a dot.
const BARE_FILES: [&str; 3] = ["notify_on_release", "release_agent", "tasks"];

/// Where the groups are, and where what they used is told.
pub(super) struct Hierarchy<'a> {
    source: &'a Source,
    root: &'static str,
    accounts: Accounts,
}

enum Accounts {
    /// Version 2: beside the processes.
    Beside,
    /// Version 1, alone or with version 2 for the processes alone: in hierarchies of their own.
    Apart,
}

/// A group.
pub(super) struct Group {
    /// Below the root, beginning with `/`.
    path: String,
    /// The pod that it is in.
    pub(super) pod: Option<String>,
}

impl Group {
    /// The innermost slice that it is in.
    pub(super) fn slice(&self) -> Option<String> {
        let mut parts = self.path.rsplit('/').skip(1);
        let slice = parts.find(|part| part.ends_with(".slice"));
        slice.map(str::to_owned)
    }
}

impl<'a> Hierarchy<'a> {
    pub(super) fn find(source: &'a Source) -> Result<Self, Fault> {
        let top = source.list(MOUNT)?;
        let has = |name: &str| top.iter().any(|found| found == name);
        let (root, accounts) = match (has("cgroup.controllers"), has("systemd")) {
            (true, _) => (MOUNT, Accounts::Beside),
            (false, true) => ("sys/fs/cgroup/systemd", Accounts::Apart),
            (false, false) if has("unified") => ("sys/fs/cgroup/unified", Accounts::Apart),
            (false, false) => return Err(Fault::Absent),
        };
        Ok(Self {
            source,
            root,
            accounts,
        })
    }

    /// Calls for each group that has an occupant and processes. What is below it belongs to it, pods aside: theirs follow them.
    pub(super) fn walk(&self, seen: &mut impl FnMut(&Group, Occupant)) {
        let root = Group {
            path: String::new(),
            pod: None,
        };
        self.below(&root, 0, seen);
    }

    fn below(&self, group: &Group, depth: usize, seen: &mut impl FnMut(&Group, Occupant)) {
        if depth == DEEPEST {
            return;
        }
        let parent = group.path.rsplit('/').next().unwrap_or_default();
        for name in self.groups_in(&group.path) {
            let mut child = Group {
                path: format!("{}/{name}", group.path),
                pod: group.pod.clone(),
            };
            match occupant(parent, &name) {
                Some(Occupant::NoWorkload) => {}
                None if self.told_populated(&child.path) == Some(false) => {}
                // Version 1 does not tell: then looking for a process first would be looking below twice, at each depth.
                None => self.below(&child, depth + 1, seen),
                _ if !self.is_populated(&child.path) => {}
                Some(Occupant::Pod(uid)) => {
                    seen(&child, Occupant::Pod(uid.clone()));
                    child.pod = Some(uid);
                    self.below(&child, depth + 1, seen);
                }
                Some(occupant) => seen(&child, occupant),
            }
        }
    }

    /// The processes of the group or, where it has none itself, of the first below that has.
    pub(super) fn processes(&self, group: &Group) -> Vec<u32> {
        let mut groups = vec![(group.path.clone(), 0)];
        while let Some((path, depth)) = groups.pop() {
            let processes = self.text(&path, "cgroup.procs");
            let processes: Vec<u32> = processes
                .unwrap_or_default()
                .lines()
                .filter_map(|line| line.parse().ok())
                .collect();
            if !processes.is_empty() {
                return processes;
            }
            if depth < DEEPEST {
                let names = self.groups_in(&path).into_iter().rev();
                groups.extend(names.map(|name| (format!("{path}/{name}"), depth + 1)));
            }
        }
        Vec::new()
    }

    /// What the group and all below it have used.
    pub(super) fn consumption(&self, group: &Group) -> Consumption {
        match self.accounts {
            Accounts::Beside => {
                let stat = self.text(&group.path, "cpu.stat").unwrap_or_default();
                let microseconds = stat
                    .lines()
                    .find_map(|line| line.strip_prefix("usage_usec ")?.parse::<u64>().ok());
                Consumption {
                    memory_bytes: self
                        .number(&format!("{}{}", self.root, group.path), "memory.current"),
                    cpu_time_ms: microseconds.map(|time| time / 1_000),
                }
            }
            Accounts::Apart => {
                let at = |controller: &str| format!("{MOUNT}/{controller}{}", group.path);
                let nanoseconds = self.number(&at("cpuacct"), "cpuacct.usage");
                Consumption {
                    memory_bytes: self.number(&at("memory"), "memory.usage_in_bytes"),
                    cpu_time_ms: nanoseconds.map(|time| time / 1_000_000),
                }
            }
        }
    }

    fn is_populated(&self, path: &str) -> bool {
        self.told_populated(path).unwrap_or_else(|| {
            let group = Group {
                path: path.to_owned(),
                pod: None,
            };
            !self.processes(&group).is_empty()
        })
    }

    /// Whether anything runs in the group or below it. Version 1 does not tell, and neither does a group that went away.
    fn told_populated(&self, path: &str) -> Option<bool> {
        let events = self.text(path, "cgroup.events").ok()?;
        Some(events.lines().any(|line| line == "populated 1"))
    }

    fn groups_in(&self, path: &str) -> Vec<String> {
        let names = self.source.list(&format!("{}{path}", self.root));
        let mut names = names.unwrap_or_default();
        names.retain(|name| !is_file(name));
        names
    }

    fn text(&self, path: &str, file: &str) -> Result<String, Fault> {
        self.source.text(&format!("{}{path}/{file}", self.root))
    }

    fn number(&self, folder: &str, file: &str) -> Option<u64> {
        let text = self.source.text(&format!("{folder}/{file}"));
        text.ok()?.parse().ok()
    }
}

fn is_file(name: &str) -> bool {
    let kind = name.split_once('.').map(|(kind, _)| kind);
    kind.is_some_and(|kind| FILES.contains(&kind)) || BARE_FILES.contains(&name)
}
