//! Which disk, and what is made on it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::NoValue;

/// A disk by what its maker gave it: `wwn:0x5000c500a1b2c3d4` or `serial:Z4A00417`, as `muster discover -s disks` tells them.
///
/// What the kernel calls a disk (`sda`) is none: it goes to another one with the next start. Links of `/dev/disk/by-id` that are made of the world-wide
/// name alone (`wwn-…`, `nvme-eui.…`, `nvme-nvme.…`) are taken for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub enum DiskName {
    /// World-wide name.
    Wwn(String),
    /// Serial number.
    Serial(String),
}

/// What is made on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileSystemKind {
    /// xfs(5).
    Xfs,
    /// ext4(5).
    Ext4,
}

/// The label of a file system: as long as xfs takes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct FileSystemLabel(String);

/// All that is made of a disk: one partition with one file system. The same disk, kind and label give the same identifiers, so that what a crash left
/// half made is known as ours, and so is what was made whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiskLayout {
    /// What the file system is.
    pub file_system: FileSystemKind,
    /// Its label.
    pub label: FileSystemLabel,
    /// The UUID of the file system.
    pub file_system_uuid: String,
    /// The GUID of the partition.
    pub partition_uuid: String,
    /// The GUID of the partition table.
    pub table_uuid: String,
}

impl DiskLayout {
    /// What is made of this disk.
    pub fn of(disk: &DiskName, file_system: FileSystemKind, label: &FileSystemLabel) -> Self {
        let uuid = |part| {
            uuid(&format!(
                "muster disk 1\n{part}\n{disk}\n{file_system}\n{label}"
            ))
        };
        Self {
            file_system,
            label: label.clone(),
            file_system_uuid: uuid("file system"),
            partition_uuid: uuid("partition"),
            table_uuid: uuid("table"),
        }
    }
}

fn uuid(of: &str) -> String {
    let digest = Sha256::digest(of);
    let bits = digest
        .iter()
        .take(16)
        .fold(0, |bits: u128, byte| (bits << 8) | u128::from(*byte));
    // RFC 9562, 5.8: version 8, whose other bits are the maker's.
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let mut digits = format!("{bits:032x}");
    for at in [20, 16, 12, 8] {
        digits.insert(at, '-');
    }
    digits
}

impl fmt::Display for FileSystemKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Xfs => "xfs",
            Self::Ext4 => "ext4",
        })
    }
}

impl fmt::Display for FileSystemLabel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for FileSystemLabel {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        // mkfs.xfs(8): 12 characters at most.
        const LONGEST: usize = 12;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        match (1..=LONGEST).contains(&text.len())
            && !text.starts_with('-')
            && text.chars().all(fits)
        {
            true => Ok(Self(text)),
            false => Err(NoValue::because(
                "a label has 1 to 12 letters, digits, -, _ and ., and begins with no -",
            )),
        }
    }
}

impl From<FileSystemLabel> for String {
    fn from(label: FileSystemLabel) -> Self {
        label.0
    }
}

impl TryFrom<String> for DiskName {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        const LONGEST: usize = 256;
        let link = text.strip_prefix("/dev/disk/by-id/");
        let of_link = link.and_then(|link| {
            let name = link.strip_prefix("wwn-");
            name.or_else(|| {
                link.strip_prefix("nvme-")
                    .filter(|name| name.starts_with("eui.") || name.starts_with("nvme."))
            })
        });
        let found = match (text.split_once(':'), of_link) {
            (_, Some(name)) => Some(Self::Wwn(name.to_owned())),
            (Some(("wwn", name)), None) => Some(Self::Wwn(name.to_owned())),
            (Some(("serial", name)), None) => Some(Self::Serial(name.to_owned())),
            _ => None,
        };
        let fits = |name: &Self| {
            let name = name.value();
            (1..=LONGEST).contains(&name.len())
                && name.trim() == name
                && !name.chars().any(|c| c.is_control() || c == '/')
        };
        found.filter(fits).ok_or_else(|| {
            NoValue::because(
                "a disk is named by its world-wide name or serial number, as wwn:0x5000c500a1b2c3d4 or serial:Z4A00417: `muster discover -s disks` tells them",
            )
        })
    }
}

impl DiskName {
    /// The name or number itself.
    pub fn value(&self) -> &str {
        match self {
            Self::Wwn(value) | Self::Serial(value) => value,
        }
    }
}

impl From<DiskName> for String {
    fn from(name: DiskName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for DiskName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wwn(name) => write!(formatter, "wwn:{name}"),
            Self::Serial(number) => write!(formatter, "serial:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Result<DiskName, NoValue> {
        DiskName::try_from(text.to_owned())
    }

    #[test]
    fn a_disk_is_named_by_its_maker() {
        let wwn = DiskName::Wwn("0x5000c500a1b2c3d4".to_owned());
        assert_eq!(named("wwn:0x5000c500a1b2c3d4").unwrap(), wwn);
        assert_eq!(
            named("/dev/disk/by-id/wwn-0x5000c500a1b2c3d4").unwrap(),
            wwn
        );
        assert_eq!(
            named("/dev/disk/by-id/nvme-eui.0025").unwrap().to_string(),
            "wwn:eui.0025"
        );
        assert_eq!(
            named("serial:Z4A 00:417").unwrap(),
            DiskName::Serial("Z4A 00:417".to_owned())
        );
        for wrong in [
            "",
            "sda",
            "/dev/sda",
            "wwn:",
            "serial: a",
            "serial:a\n",
            "uuid:a",
            "serial:../a",
            "/dev/disk/by-id/ata-DISK_S1",
            "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_NV-1",
            "/dev/disk/by-path/pci-1",
        ] {
            assert!(named(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn labels_are_short_words() {
        let label = |text: &str| FileSystemLabel::try_from(text.to_owned());
        assert!(label("muster-data").is_ok() && label("a.b_C-012345").is_ok());
        for wrong in ["", "-a", "a b", "thirteen-char", "ä", "a/b"] {
            assert!(label(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn identifiers_are_of_the_disk_the_kind_and_the_label() {
        let label = FileSystemLabel::try_from("data".to_owned()).unwrap();
        let of = |name: &str, kind| DiskLayout::of(&named(name).unwrap(), kind, &label);
        let layout = of("serial:1", FileSystemKind::Xfs);
        assert_eq!(layout, of("serial:1", FileSystemKind::Xfs));
        assert_ne!(
            layout.table_uuid,
            of("wwn:1", FileSystemKind::Xfs).table_uuid
        );
        assert_ne!(
            layout.table_uuid,
            of("serial:1", FileSystemKind::Ext4).table_uuid
        );
        assert_ne!(layout.table_uuid, layout.partition_uuid);
        let parts: Vec<usize> = layout.table_uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&layout.table_uuid[14..15], "8");
        assert!("89ab".contains(&layout.table_uuid[19..20]));
    }
}
