//! The I/O memory management unit: `sys/class/iommu` has the units, `sys/kernel/iommu_groups` the
//! devices behind them (`Documentation/ABI/testing/sysfs-class-iommu`, `sysfs-kernel-iommu_groups`).

use muster_model::Found;
use muster_model::peripheral::Iommu;

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;

const UNITS: &str = "sys/class/iommu";
const GROUPS: &str = "sys/kernel/iommu_groups";

/// How drivers name their units, and the kind. Others are named as their device.
const KINDS: [(&str, &str); 6] = [
    ("dmar", "intel"),
    ("ivhd", "amd"),
    ("smmu", "smmu"),
    ("riscv-iommu", "riscv"),
    ("s390-iommu", "s390"),
    ("apple-dart", "apple-dart"),
];

/// Fills `iommu`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Iommu> {
    let mut notes = Notes::new("iommu");
    let units = context.source.list(UNITS);
    // Without the groups, the kernel was built without any such unit; without either, the tree
    // that is read has no answer.
    let enabled = match context.source.list(GROUPS) {
        Err(Fault::Absent) => units.is_ok().then_some(false),
        groups => notes
            .keep("iommu", GROUPS, groups)
            .map(|groups| !groups.is_empty()),
    };
    let units = notes.keep("iommu", UNITS, units).unwrap_or_default();
    let kind = units.first().and_then(|unit| kind(context, unit));
    notes.with(Iommu { enabled, kind })
}

fn kind(context: &Context<'_>, unit: &str) -> Option<String> {
    let named = KINDS.iter().find(|(name, _)| unit.starts_with(name));
    if let Some((_, kind)) = named {
        return Some((*kind).to_owned());
    }
    // `virtio_iommu`, `rk_iommu`, …
    let unit = context.source.device(&format!("{UNITS}/{unit}"));
    let driver = unit.link_name("device/driver").ok()?;
    let short = driver.split(['_', '-']).next()?;
    // The unit of a virtio device is named as its transport.
    let kind = if driver == "virtio-pci" {
        "virtio"
    } else {
        short
    };
    Some(kind.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{Options, Source};

    fn found(folders: &[&str]) -> Found<Iommu> {
        let root = tempfile::tempdir().unwrap();
        for folder in folders {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let unit = root.path().join("sys/class/iommu/0000:00:05.0/device");
        if unit.is_dir() {
            symlink("../../../bus/pci/drivers/virtio-pci", unit.join("driver")).unwrap();
        }
        let source = Source::at_root(root.path()).unwrap();
        let options = Options::default();
        probe(&Context::new(&source, &options))
    }

    #[test]
    fn tells_kinds() {
        for (unit, kind) in [
            ("dmar0", "intel"),
            ("ivhd0", "amd"),
            ("smmu3.0x0000000005000000", "smmu"),
            ("0000:00:05.0/device", "virtio"),
        ] {
            let unit = format!("sys/class/iommu/{unit}");
            let found = found(&[&unit, "sys/kernel/iommu_groups/0"]);
            assert_eq!(found.value.kind.as_deref(), Some(kind));
            assert_eq!(found.value.enabled, Some(true));
        }
    }

    #[test]
    fn off_and_unknown() {
        let off = found(&["sys/class/iommu/dmar0", "sys/kernel/iommu_groups"]).value;
        assert_eq!(
            (off.enabled, off.kind.as_deref()),
            (Some(false), Some("intel"))
        );
        assert_eq!(found(&["sys/class/iommu"]).value.enabled, Some(false));
        assert_eq!(found(&["etc"]), Found::default());
    }

    #[test]
    fn nonsense_is_told() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("sys/kernel")).unwrap();
        symlink("iommu_groups", root.path().join(GROUPS)).unwrap();
        let source = Source::at_root(root.path()).unwrap();
        let options = Options::default();
        let found = probe(&Context::new(&source, &options));
        assert_eq!(found.value.enabled, None);
        assert_eq!(found.warnings.len(), 1);
    }
}
