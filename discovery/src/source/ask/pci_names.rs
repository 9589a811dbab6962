//! Names by PCI ids: from the host's own list where that is newer than the one in the program.

use super::super::Answer;
use super::super::tree::Tree;
use crate::parse::pci_ids::{PciIds, PciNames, Wanted, date, embedded};

/// Where distributions put the list; often the same file twice.
const LISTS: [&str; 2] = ["usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids"];
/// The list has 1.5 MB.
const LIST_CAP: usize = 8 << 20;
/// The date is in the first lines.
const HEAD: usize = 4096;

/// An excerpt in the form of the list itself.
pub(super) fn answer(tree: &Tree, ids: &[String]) -> Answer {
    let ids: Vec<PciIds> = ids.iter().filter_map(|ids| ids.parse().ok()).collect();
    let wanted = Wanted::new(&ids);
    let names = match newer_list(tree) {
        Some(text) => PciNames::scan(&text, &wanted),
        None => embedded::names(&wanted),
    };
    Ok(names.to_text().into_bytes())
}

fn newer_list(tree: &Tree) -> Option<Vec<u8>> {
    let newer = |path: &&&str| {
        let head = tree.head(path, HEAD).ok();
        let day = head.and_then(|head| date(&head));
        day.is_some_and(|day| day.as_str() > embedded::DATE)
    };
    let path = LISTS.iter().find(newer)?;
    tree.read(None, path, LIST_CAP).ok()
}
