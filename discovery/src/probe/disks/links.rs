//! The links by which a disk is named: by id and by path.

use std::collections::BTreeMap;

use super::Draft;
use crate::source::Source;

const FOLDERS: [&str; 2] = ["disk/by-id", "disk/by-path"];

/// The links of the disks.
pub(super) struct Links<'a> {
    source: &'a Source,
}

impl<'a> Links<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source }
    }

    /// From udev's records; where it has none, from the folders of links themselves.
    pub(super) fn fill(&self, drafts: &mut [Draft]) {
        let lacking = drafts.iter().any(|draft| draft.record.is_none());
        let in_folders = if lacking {
            self.in_folders()
        } else {
            BTreeMap::new()
        };
        for draft in drafts {
            draft.disk.links = match &draft.record {
                Some(record) => recorded(&record.links),
                None => in_folders
                    .get(&draft.disk.path)
                    .cloned()
                    .unwrap_or_default(),
            };
            draft.disk.links.sort();
        }
    }

    /// By the path of the device node.
    fn in_folders(&self) -> BTreeMap<String, Vec<String>> {
        let mut links: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for folder in FOLDERS {
            let path = format!("dev/{folder}");
            for name in self.source.list(&path).unwrap_or_default() {
                let link = format!("{path}/{name}");
                if let Ok(target) = self.source.target(&link) {
                    let of_device = links.entry(format!("/{target}")).or_default();
                    of_device.push(format!("/{link}"));
                }
            }
        }
        links
    }
}

fn recorded(links: &[String]) -> Vec<String> {
    let wanted = |link: &&String| FOLDERS.iter().any(|folder| link.starts_with(folder));
    links
        .iter()
        .filter(wanted)
        .map(|link| format!("/dev/{link}"))
        .collect()
}
