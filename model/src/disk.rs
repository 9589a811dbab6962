//! Disks, what is on them, and what is made of them.

use serde::{Deserialize, Serialize};

/// One whole disk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Disk {
    /// Kernel name.
    pub name: String,
    /// Device node.
    pub path: String,
    /// Every by-id and by-path link.
    pub links: Vec<String>,
    /// Model.
    pub model: Option<String>,
    /// Vendor.
    pub vendor: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// World-wide name, such as `0x5000c500a1b2c3d4`, `eui.…`, `uuid.…`, `nvme.…`.
    pub wwn: Option<String>,
    /// Firmware revision.
    pub firmware: Option<String>,
    /// Capacity.
    pub size_bytes: Option<u64>,
    /// What the disk is addressed in.
    pub logical_sector_bytes: Option<u32>,
    /// What it writes in.
    pub physical_sector_bytes: Option<u32>,
    /// Whether it turns. The kernel's default is 1 for virtual disks.
    pub rotational: Option<bool>,
    /// Revolutions a minute.
    pub rotation_rpm: Option<u32>,
    /// How it is attached.
    pub transport: Option<Transport>,
    /// PCI function of its controller.
    pub pci_slot: Option<String>,
    /// NUMA node of that.
    pub numa_node: Option<u32>,
    /// Whether the medium can be taken out.
    pub removable: Option<bool>,
    /// Whether it refuses writes.
    pub read_only: Option<bool>,
    /// `none`, `host-aware` or `host-managed`.
    pub zoned: Option<String>,
    /// Partitions.
    pub partitions: Vec<Partition>,
    /// File system on the whole disk.
    pub filesystem: Option<Signature>,
    /// Where the whole disk is mounted.
    pub mount_points: Vec<String>,
    /// What is built on the disk or its partitions: md, LVM, dm-crypt, multipath, bcache, ZFS.
    pub holders: Vec<String>,
    /// Health by its own account.
    pub health: Health,
    /// Whether an installer may take it.
    pub available: Option<bool>,
    /// Why not: empty when available.
    pub unavailable_reasons: Vec<String>,
}

/// How a disk is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Transport {
    /// NVM Express over PCI Express.
    Nvme,
    /// NVM Express over fabrics.
    NvmeFabrics,
    /// Serial ATA.
    Sata,
    /// Parallel ATA.
    Ide,
    /// Serial attached SCSI.
    Sas,
    /// Parallel or unspecified SCSI.
    Scsi,
    /// Universal Serial Bus.
    Usb,
    /// virtio-blk or virtio-scsi.
    Virtio,
    /// iSCSI.
    Iscsi,
    /// Fibre Channel.
    Fc,
    /// Fibre Channel over Ethernet.
    Fcoe,
    /// SD or eMMC.
    Mmc,
    /// A volume of a hardware RAID controller.
    Raid,
    /// IEEE 1394.
    Firewire,
    /// Xen block device.
    Xen,
    /// Persistent memory.
    Nvdimm,
    /// IBM channel attached storage.
    Dasd,
    /// Network block device, RBD, DRBD.
    Network,
    /// Hyper-V.
    Hyperv,
}

/// One partition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Partition {
    /// Kernel name.
    pub name: String,
    /// Number in the table.
    pub number: Option<u32>,
    /// First byte on the disk.
    pub start_bytes: Option<u64>,
    /// Length.
    pub size_bytes: Option<u64>,
    /// GPT type UUID, or MBR type as `0x83`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Partition UUID.
    pub uuid: Option<String>,
    /// GPT name.
    pub label: Option<String>,
    /// What is on it.
    pub filesystem: Option<Signature>,
    /// Where it is mounted.
    pub mount_points: Vec<String>,
}

/// What superblock is on a block device.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Signature {
    /// Such as `ext4`, `xfs`, `LVM2_member`, `linux_raid_member`, `crypto_LUKS` (libblkid's words).
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// UUID.
    pub uuid: Option<String>,
}

/// Health of a disk by its own account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Health {
    /// The disk's own verdict.
    pub status: Option<HealthStatus>,
    /// Temperature.
    pub temperature_c: Option<i32>,
    /// Of the rated endurance; may exceed 100.
    pub percentage_used: Option<u32>,
    /// Spare blocks left, in per cent.
    pub available_spare: Option<u32>,
    /// Hours powered on.
    pub power_on_hours: Option<u64>,
    /// Unrecovered data errors.
    pub media_errors: Option<u64>,
    /// Sectors replaced.
    pub reallocated_sectors: Option<u64>,
}

/// A disk's own verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Nothing to report.
    Ok,
    /// It works but needs attention.
    Warning,
    /// It predicts or reports failure.
    Failing,
}

/// One md array.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Array {
    /// Kernel name, such as `md0`.
    pub name: String,
    /// UUID.
    pub uuid: Option<String>,
    /// Such as `raid1`.
    pub level: Option<String>,
    /// In the kernel's words, such as `clean`.
    pub state: Option<String>,
    /// Usable size.
    pub size_bytes: Option<u64>,
    /// Members.
    pub members: Vec<ArrayMember>,
    /// Members missing.
    pub degraded: Option<u32>,
    /// Running action, such as `resync`, `recover`, `check`; `None` when idle.
    pub sync_action: Option<String>,
}

/// A member of an md array.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ArrayMember {
    /// Kernel name of the block device.
    pub name: String,
    /// Position in the array; `None` for a spare.
    pub slot: Option<u32>,
    /// In the kernel's words, such as `in_sync`, `faulty`, `spare`.
    pub state: Option<String>,
}

/// One LVM volume group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct VolumeGroup {
    /// Name.
    pub name: String,
    /// UUID in LVM's form.
    pub uuid: Option<String>,
    /// Physical volumes, by kernel name.
    pub physical_volumes: Vec<String>,
    /// Active logical volumes.
    pub logical_volumes: Vec<LogicalVolume>,
}

/// One active logical volume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LogicalVolume {
    /// Name in its group.
    pub name: String,
    /// Kernel name, such as `dm-3`.
    pub device: Option<String>,
    /// Size.
    pub size_bytes: Option<u64>,
}

/// One mounted file system on storage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Filesystem {
    /// Where.
    pub mount_point: String,
    /// What, as mounted.
    pub device: Option<String>,
    /// Type, such as `ext4`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Capacity.
    pub size_bytes: Option<u64>,
    /// What an ordinary user can still fill.
    pub available_bytes: Option<u64>,
}
