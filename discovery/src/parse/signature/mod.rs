//! What is on a block device, by the magic in its superblocks and partition tables. The names of
//! the types are libblkid's.
//!
//! Only small windows of a device are in an answer: see `windows`.

mod filesystems;
mod members;
mod tables;
mod windows;

use muster_model::disk::Signature;

pub(crate) use tables::Entry;
use windows::Windows;
pub(crate) use windows::collect;

/// What is on one block device.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Content {
    /// The superblock, if there is one.
    pub(crate) signature: Option<Signature>,
    /// The entries of the partition table, if there is one.
    pub(crate) partitions: Vec<Entry>,
}

/// Reads an answer; `None` when it is not laid out as one.
pub(crate) fn parse(answer: &[u8]) -> Option<Content> {
    let windows = Windows::decode(answer)?;
    let signature = members::find(&windows).or_else(|| filesystems::find(&windows));
    let partitions = match &signature {
        // The boot sector of FAT, NTFS or exFAT ends like a partition table.
        Some(_) => tables::gpt(&windows).unwrap_or_default(),
        None => tables::find(&windows),
    };
    Some(Content {
        signature,
        partitions,
    })
}

fn signature(kind: &str, label: Option<String>, uuid: Option<String>) -> Option<Signature> {
    Some(Signature {
        kind: Some(kind.to_owned()),
        label,
        uuid,
    })
}

#[cfg(test)]
mod tests;
