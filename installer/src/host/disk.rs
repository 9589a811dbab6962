//! Disks as the host sees them, and the one rule that says whether one may be written.

use serde::{Deserialize, Serialize};

use super::HostError;
use crate::value::{DiskLayout, DiskName};

/// A disk as it is, as far as that decides whether it may be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenDisk {
    /// What the kernel calls it now: `/dev/sda`.
    pub device: String,
    /// Its size.
    pub size_bytes: u64,
    /// Where it or a partition of it is mounted.
    pub mounts: Vec<String>,
    /// What else uses it or a partition of it, in words: swap, LVM, an array.
    pub holders: Vec<String>,
    /// The layout that muster has begun to make and not finished, by the GUID of its table.
    pub mark: Option<String>,
    /// All that is recognized on the disk itself: `gpt`, `PMBR`, `ext4`, `LVM2_member`.
    pub signatures: Vec<String>,
    /// The GUID of the partition table, where it is a GPT that can be read.
    pub table_uuid: Option<String>,
    /// The GUIDs of its partitions.
    pub partitions: Vec<String>,
    /// What is recognized where the partition of ours begins.
    pub file_system: Option<SeenFileSystem>,
}

/// What is recognized where a partition begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFileSystem {
    /// `xfs`, `ext4`, or anything else that blkid(8) knows.
    pub kind: String,
    /// Its UUID.
    pub uuid: Option<String>,
}

/// What a disk comes to.
#[derive(Debug, Clone, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DiskContent {
    /// No disk has that name.
    Absent,
    /// Nothing is recognized on it, and nothing uses it.
    Empty,
    /// Muster has begun to make its layout, or to take it away, and was stopped.
    Unfinished,
    /// It has the layout.
    Made(DiskLayout),
    /// Something else is on it, in words.
    Other(String),
    /// Something that is not of this layout uses it, in words.
    InUse(String),
}

impl PartialEq for DiskContent {
    /// What is not ours is never brought about, so that it does not matter what of it is there.
    fn eq(&self, other: &Self) -> bool {
        use DiskContent::{Absent, Empty, InUse, Made, Other, Unfinished};
        match (self, other) {
            (Empty, Empty) | (Unfinished, Unfinished) => true,
            (Made(one), Made(other)) => one == other,
            (Absent | Other(_) | InUse(_), Absent | Other(_) | InUse(_)) => true,
            _ => false,
        }
    }
}

/// What may be overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    /// Nothing: the disk has to be empty.
    #[default]
    Refuse,
    /// Whatever is on the disk, as long as nothing uses it.
    Wipe,
}

/// mkfs.xfs(8) makes nothing smaller than 300 MiB.
const SMALLEST_BYTES: u64 = 320 << 20;

impl SeenDisk {
    /// Whether there is room for a layout.
    ///
    /// # Errors
    /// It is.
    pub(crate) fn require_space(&self) -> Result<(), HostError> {
        match self.size_bytes >= SMALLEST_BYTES {
            true => Ok(()),
            false => Err(HostError::because(
                "format",
                &self.device,
                "it has less than 320 MiB",
            )),
        }
    }
}

/// Disks by their names; what the kernel calls them is looked up each time.
pub trait Disks {
    /// The disk of this name; none when there is none. Two of the same name are an error.
    fn disk(&self, name: &DiskName) -> Result<Option<SeenDisk>, HostError>;
    /// Whether the programs are there that make the layout.
    fn require_disk_tools(&self, layout: &DiskLayout) -> Result<(), HostError>;
    /// Looks once more, alone with the disk; marks it as being made; makes the layout, for good. The mark stays.
    ///
    /// # Errors
    /// The disk is not what `judge` takes: then nothing was written. A program failed: then the mark is there.
    fn make_disk(
        &mut self,
        name: &DiskName,
        layout: &DiskLayout,
        existing: Existing,
    ) -> Result<(), HostError>;
    /// Takes the mark away, for good: all is made.
    fn finish_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError>;
    /// Writes the mark, for good, on a disk that has the layout: it is about to be taken away.
    fn mark_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError>;
    /// Looks once more, alone with the disk; takes the layout away, for good, where it is what the disk has.
    fn clear_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError>;
}

/// What the disk comes to for whoever wants this layout on it.
pub(crate) fn judge(seen: &SeenDisk, layout: &DiskLayout) -> DiskContent {
    let is_whole = is_made_of(seen, layout, Whole::Yes);
    let is_marked = seen.mark.as_deref() == Some(&layout.table_uuid);
    let is_ours =
        is_whole && seen.mark.is_none() || is_marked && is_made_of(seen, layout, Whole::No);
    let uses = uses(seen);
    match (is_ours, is_marked) {
        _ if !seen.holders.is_empty() => DiskContent::InUse(uses),
        (true, true) => DiskContent::Unfinished,
        (true, false) => DiskContent::Made(layout.clone()),
        _ if !seen.mounts.is_empty() => DiskContent::InUse(uses),
        _ if is_blank(seen) => DiskContent::Empty,
        _ => DiskContent::Other(content(seen)),
    }
}

/// Why the layout may not be made on the disk, in words; none when it may.
pub(crate) fn refusal(content: &DiskContent, existing: Existing) -> Option<String> {
    match (content, existing) {
        (DiskContent::Empty | DiskContent::Unfinished | DiskContent::Made(_), _)
        | (DiskContent::Other(_), Existing::Wipe) => None,
        (DiskContent::Absent, _) => Some(
            "no disk of this machine has that name: `muster discover -s disks` shows those that are there".to_owned(),
        ),
        (DiskContent::InUse(uses), _) => Some(format!(
            "it is {uses}: what is in use is never overwritten"
        )),
        (DiskContent::Other(content), Existing::Refuse) => Some(format!(
            "it is not empty: {content}. Nothing of it is overwritten unless the step says existing = \"wipe\""
        )),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

/// Whether nothing is on the disk but what making the layout writes: all of it, or as much as a crash has left.
fn is_made_of(seen: &SeenDisk, layout: &DiskLayout, whole: Whole) -> bool {
    let is_table = |kind: &String| matches!(kind.as_str(), "gpt" | "PMBR");
    let table_fits = match &seen.table_uuid {
        Some(uuid) => uuid.eq_ignore_ascii_case(&layout.table_uuid),
        None => whole == Whole::No,
    };
    let partitions_fit = match seen.partitions.as_slice() {
        [only] => only.eq_ignore_ascii_case(&layout.partition_uuid),
        [] => whole == Whole::No,
        _ => false,
    };
    let file_system_fits = match &seen.file_system {
        Some(found) => {
            found.kind == layout.file_system.to_string()
                && found.uuid.as_ref() == Some(&layout.file_system_uuid)
        }
        None => whole == Whole::No,
    };
    seen.signatures.iter().all(is_table) && table_fits && partitions_fit && file_system_fits
}

fn is_blank(seen: &SeenDisk) -> bool {
    seen.mark.is_none()
        && seen.signatures.is_empty()
        && seen.table_uuid.is_none()
        && seen.partitions.is_empty()
        && seen.file_system.is_none()
}

fn uses(seen: &SeenDisk) -> String {
    let mounts = seen
        .mounts
        .iter()
        .map(|place| format!("mounted at {place}"));
    let uses: Vec<String> = mounts.chain(seen.holders.iter().cloned()).collect();
    uses.join(", ")
}

fn content(seen: &SeenDisk) -> String {
    let mut kinds = seen.signatures.clone();
    kinds.sort();
    kinds.dedup();
    let on_disk = (!kinds.is_empty()).then(|| format!("on the disk {}", kinds.join(", ")));
    let count = seen.partitions.len();
    let partitions = (count > 0).then(|| format!("partitions: {count}"));
    let inside = seen
        .file_system
        .as_ref()
        .map(|found| format!("at 1 MiB {}", found.kind));
    let mark = seen.mark.as_ref();
    let mark = mark.map(|_| "what muster began to make".to_owned());
    let all: Vec<String> = [on_disk, partitions, inside, mark]
        .into_iter()
        .flatten()
        .collect();
    all.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{FileSystemKind, FileSystemLabel};

    fn layout() -> DiskLayout {
        let name = DiskName::Serial("1".to_owned());
        let label = FileSystemLabel::try_from("data".to_owned()).unwrap();
        DiskLayout::of(&name, FileSystemKind::Xfs, &label)
    }

    fn made() -> SeenDisk {
        let layout = layout();
        SeenDisk {
            signatures: vec!["gpt".to_owned(), "gpt".to_owned(), "PMBR".to_owned()],
            // As sfdisk(8) writes it.
            table_uuid: Some(layout.table_uuid.to_uppercase()),
            partitions: vec![layout.partition_uuid.to_uppercase()],
            file_system: Some(SeenFileSystem {
                kind: "xfs".to_owned(),
                uuid: Some(layout.file_system_uuid),
            }),
            ..SeenDisk::default()
        }
    }

    fn judged(change: impl FnOnce(&mut SeenDisk)) -> DiskContent {
        let mut seen = made();
        change(&mut seen);
        judge(&seen, &layout())
    }

    #[test]
    fn what_is_there_is_told_apart() {
        assert_eq!(judge(&SeenDisk::default(), &layout()), DiskContent::Empty);
        assert_eq!(judged(|_| {}), DiskContent::Made(layout()));
        assert_eq!(
            judged(|seen| seen.mounts.push("/data".to_owned())),
            DiskContent::Made(layout())
        );
        let marked = |seen: &mut SeenDisk| seen.mark = Some(layout().table_uuid);
        assert_eq!(judged(marked), DiskContent::Unfinished);
        let torn = judged(|seen| {
            marked(seen);
            *seen = SeenDisk {
                mark: seen.mark.take(),
                signatures: vec!["PMBR".to_owned()],
                ..SeenDisk::default()
            };
        });
        assert_eq!(torn, DiskContent::Unfinished);
    }

    #[test]
    fn whatever_is_not_ours_is_somebody_elses() {
        type Change = fn(&mut SeenDisk);
        let changes: [Change; 9] = [
            |seen| seen.file_system = None,
            |seen| seen.table_uuid = None,
            |seen| seen.signatures.push("ext4".to_owned()),
            |seen| {
                seen.partitions
                    .push("11111111-2222-4333-8444-555555555555".to_owned());
            },
            |seen| seen.partitions = vec!["11111111-2222-4333-8444-555555555555".to_owned()],
            |seen| seen.table_uuid = Some("11111111-2222-4333-8444-555555555555".to_owned()),
            |seen| {
                seen.file_system = Some(SeenFileSystem {
                    kind: "ext4".to_owned(),
                    uuid: Some(layout().file_system_uuid),
                });
            },
            |seen| {
                seen.file_system = Some(SeenFileSystem {
                    kind: "xfs".to_owned(),
                    uuid: None,
                });
            },
            |seen| seen.mark = Some("11111111-2222-4333-8444-555555555555".to_owned()),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let found = judged(change);
            assert!(matches!(found, DiskContent::Other(_)), "{at}: {found:?}");
            assert!(
                refusal(&found, Existing::Refuse).is_some()
                    && refusal(&found, Existing::Wipe).is_none()
            );
        }
        // Our mark does not make somebody else's data ours.
        let layout = layout();
        let found = judged(|seen| {
            seen.mark = Some(layout.table_uuid.clone());
            seen.signatures.push("ext4".to_owned());
        });
        assert!(matches!(found, DiskContent::Other(_)), "{found:?}");
    }

    #[test]
    fn what_is_used_is_never_overwritten() {
        let held = judged(|seen| seen.holders.push("used by md0".to_owned()));
        assert!(matches!(held, DiskContent::InUse(uses) if uses == "used by md0"));
        let mounted = judged(|seen| {
            seen.table_uuid = None;
            seen.mounts.push("/srv".to_owned());
        });
        assert!(
            refusal(&mounted, Existing::Wipe)
                .unwrap()
                .contains("mounted at /srv")
        );
        assert!(refusal(&DiskContent::Absent, Existing::Wipe).is_some());
    }
}
