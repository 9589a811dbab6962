//! Marks that hypervisors and container managers leave. Names as `systemd-detect-virt(1)` prints
//! them.

/// The words of SMBIOS types 0 to 2 that tell a hypervisor, without white space and colons.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct FirmwareWords(Vec<(&'static str, String)>);

/// The keys of a DMI modalias that matter (`drivers/firmware/dmi-id.c` in the kernel), with the
/// files beside it that have the same words.
pub(crate) const FIRMWARE_WORDS: [(&str, &str); 5] = [
    ("pn", "product_name"),
    ("svn", "sys_vendor"),
    ("rvn", "board_vendor"),
    ("bvn", "bios_vendor"),
    ("pvr", "product_version"),
];

impl FirmwareWords {
    /// Reads `dmi:bvnSeabios:bvr0.5.1:…`, in which the kernel has dropped white space and colons.
    pub(crate) fn of_modalias(modalias: &str) -> Self {
        let mut words = Self::default();
        for part in modalias.trim().split(':') {
            let known = FIRMWARE_WORDS
                .iter()
                .find_map(|(key, _)| Some((*key, part.strip_prefix(key)?)));
            if let Some((key, value)) = known.filter(|(key, _)| words.get(key).is_empty()) {
                words.add(key, value);
            }
        }
        words
    }

    /// Adds one.
    pub(crate) fn add(&mut self, key: &'static str, value: &str) {
        let value = value
            .chars()
            .filter(|c| !c.is_whitespace() && *c != ':')
            .collect();
        self.0.push((key, value));
    }

    /// Whether the firmware said nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| value.is_empty())
    }

    /// The hypervisor that put them there.
    pub(crate) fn technology(&self) -> Option<&'static str> {
        let hyper_v = ("MicrosoftCorporation", "VirtualMachine");
        if (self.get("svn"), self.get("pn")) == hyper_v {
            return Some("microsoft");
        }
        let marked = |mark: &str| self.0.iter().any(|(_, value)| value.starts_with(mark));
        let (_, technology) = FIRMWARE_MARKS.iter().find(|(mark, _)| marked(mark))?;
        let bare_metal = *technology == "amazon" && self.get("pn").contains(".metal");
        (!bare_metal).then_some(*technology)
    }

    fn get(&self, key: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| *known == key);
        found.map_or("", |(_, value)| value)
    }
}

/// How the words of a virtual machine begin. Servers of Oracle have its name as theirs, so only the
/// product and the former maker of VirtualBox count.
const FIRMWARE_MARKS: &[(&str, &str)] = &[
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("AmazonEC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotekGmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("AppleVirtualization", "apple"),
    ("GoogleComputeEngine", "google"),
    ("CloudStackKVM", "kvm"),
];

/// By `/proc/bus/pci/devices`, for guests whose firmware tells nothing: the second column is vendor
/// and device.
pub(crate) fn by_pci(table: &str) -> Option<&'static str> {
    let ids = table
        .lines()
        .filter_map(|line| line.split_ascii_whitespace().nth(1));
    ids.filter_map(|id| PCI_MARKS.iter().find(|(mark, _)| *mark == id))
        .map(|(_, technology)| *technology)
        .next()
}

/// pci.ids: Xen Platform Device, VirtualBox Guest Service, VMware SVGA II.
const PCI_MARKS: &[(&str, &str)] = &[
    ("58530001", "xen"),
    ("80eebeef", "oracle"),
    ("15ad0405", "vmware"),
];

/// By the clocks on offer (`sys/devices/system/clocksource`): only a guest of that hypervisor
/// has its paravirtual one.
pub(crate) fn by_clocks(names: &str) -> Option<&'static str> {
    let has = |wanted: &str| {
        names
            .split_ascii_whitespace()
            .any(|name| name.starts_with(wanted))
    };
    match () {
        () if has("kvm-clock") => Some("kvm"),
        () if has("hyperv") => Some("microsoft"),
        () if has("xen") => Some("xen"),
        () => None,
    }
}

/// By the twelve bytes with which a hypervisor of x86 names itself (CPUID leaf 40000000h).
pub(crate) fn by_signature(signature: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 10] = [
        (b"KVMKVMKVM\0\0\0", "kvm"),
        (b"Linux KVM Hv", "kvm"),
        (b"TCGTCGTCGTCG", "qemu"),
        (b"Microsoft Hv", "microsoft"),
        (b"VMwareVMware", "vmware"),
        (b"XenVMMXenVMM", "xen"),
        (b"bhyve bhyve ", "bhyve"),
        (b"QNXQVMBSQG\0\0", "qnx"),
        (b"ACRNACRNACRN", "acrn"),
        (b"SRESRESRESRE", "sre"),
    ];
    let known = KNOWN.iter().find(|(known, _)| *known == signature);
    known.map(|(_, name)| *name)
}

/// By the hypervisor node's `compatible` in a device tree.
pub(crate) fn by_device_tree(compatible: &str) -> Option<&'static str> {
    match compatible {
        "linux,kvm" => Some("kvm"),
        other if other.contains("xen") => Some("xen"),
        other if other.contains("vmware") => Some("vmware"),
        _ => None,
    }
}

/// By s390's `/proc/sysinfo`: what runs the innermost virtual machine. A logical partition (PR/SM)
/// is not one.
pub(crate) fn by_sysinfo(sysinfo: &str) -> Option<&'static str> {
    let program = sysinfo
        .lines()
        .find_map(|line| line.strip_prefix("VM00 Control Program:"))?;
    Some(if program.contains("z/VM") {
        "zvm"
    } else {
        "kvm"
    })
}

/// A container manager by the name it gives itself; `oci` says nothing of who it is.
pub(crate) fn container(name: &str) -> &'static str {
    const KNOWN: [&str; 9] = [
        "lxc",
        "lxc-libvirt",
        "systemd-nspawn",
        "docker",
        "podman",
        "rkt",
        "wsl",
        "proot",
        "pouch",
    ];
    let known = KNOWN.iter().find(|known| **known == name);
    known.copied().unwrap_or("container-other")
}

/// The variable `container` of the first process, NUL-separated `/proc/1/environ`.
pub(crate) fn container_variable(environment: &[u8]) -> Option<&str> {
    let value = environment
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(b"container="))?;
    std::str::from_utf8(value)
        .ok()
        .filter(|value| !value.is_empty())
}

/// Windows Subsystem for Linux, by its kernel's release.
pub(crate) fn is_wsl(kernel_release: &str) -> bool {
    kernel_release.contains("Microsoft") || kernel_release.contains("WSL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_modalias(modalias: &str) -> Option<&'static str> {
        FirmwareWords::of_modalias(modalias).technology()
    }

    #[test]
    fn firmware() {
        for (modalias, technology) in [
            ("dmi:bvnSeaBIOS:bvr1:svnQEMU:pnStandardPC:", Some("qemu")),
            ("dmi:bvnX:svnRedHat:pnKVM:pvrRHEL:rvnRedHat:", Some("kvm")),
            ("dmi:bvnAmazonEC2:svnAmazonEC2:pnm5.large:", Some("amazon")),
            ("dmi:bvnAmazonEC2:svnAmazonEC2:pnm5.metal:", None),
            ("dmi:svninnotekGmbH:pnVirtualBox:", Some("oracle")),
            ("dmi:svnOracleCorporation:pnORACLESERVERX7-2:", None),
            (
                "dmi:svnMicrosoftCorporation:pnVirtualMachine:pvr7.0:",
                Some("microsoft"),
            ),
            ("dmi:svnMicrosoftCorporation:pnSurface:", None),
            (
                "dmi:svnGoogle:pnGoogleComputeEngine:rvnGoogle:",
                Some("google"),
            ),
            ("dmi:bvnDellInc.:svnDellInc.:pnPowerEdgeR910:pvr:", None),
            ("", None),
        ] {
            assert_eq!(by_modalias(modalias), technology, "{modalias}");
        }
        assert!(FirmwareWords::of_modalias("dmi:").is_empty());
        let mut words = FirmwareWords::default();
        words.add("pn", "Apple Virtualization Generic Platform");
        assert_eq!(words.technology(), Some("apple"));
    }

    #[test]
    fn other_marks() {
        let pci = "0000\t10ec8139\t1\n0020\t80eebeef\t0\n";
        assert_eq!(by_pci(pci), Some("oracle"));
        assert_eq!(by_pci("nonsense\n\n"), None);
        assert_eq!(by_clocks("tsc kvm-clock acpi_pm"), Some("kvm"));
        assert_eq!(by_clocks("tsc hpet acpi_pm"), None);
        assert_eq!(by_signature(b"TCGTCGTCGTCG"), Some("qemu"));
        assert_eq!(by_signature(b"KVMKVMKVM\0\0\0"), Some("kvm"));
        assert_eq!(by_signature(b"KVMKVMKVM"), None);
        assert_eq!(by_signature(b""), None);
        assert_eq!(by_device_tree("xen,xen-4.16"), Some("xen"));
        let sysinfo = "Type: 2817\nVM00 Control Program: z/VM    6.1.0\n";
        assert_eq!(by_sysinfo(sysinfo), Some("zvm"));
        assert_eq!(by_sysinfo("VM00 Control Program: KVM/Linux\n"), Some("kvm"));
        assert_eq!(by_sysinfo("LPAR Number: 39\n"), None);
    }

    #[test]
    fn containers() {
        assert_eq!(container_variable(b"PATH=/\0container=lxc\0"), Some("lxc"));
        assert_eq!(container_variable(b"xcontainer=lxc\0container=\xff"), None);
        assert_eq!(container("lxc"), "lxc");
        assert_eq!(container("my-own"), "container-other");
        assert!(is_wsl("5.15.90.1-microsoft-standard-WSL2") && !is_wsl("6.1.0-13-amd64"));
    }
}
