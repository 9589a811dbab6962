use std::fs;
use std::path::Path;

use muster_model::host::{BootMode, VirtualizationKind};
use tempfile::TempDir;

use super::*;
use crate::Options;
use crate::source::{Query, Recording, Request};

fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

fn read(root: &Path) -> Found<Host> {
    let source = Source::at_root(root).unwrap();
    probe(&Context::new(&source, &Options::default()))
}

fn told(found: &Found<Host>, subject: &str) -> Vec<WarningKind> {
    let warnings = found.warnings.iter();
    warnings
        .filter(|warning| warning.subject == subject)
        .map(|warning| warning.kind)
        .collect()
}

const BARE_METAL: &[(&str, &[u8])] = &[
    ("proc/sys/kernel/hostname", b"node1\n"),
    ("proc/sys/kernel/osrelease", b"6.1.0-13-amd64\n"),
    (
        "proc/sys/kernel/random/boot_id",
        b"9f5c3b0e-0000-4000-8000-000000000001\n",
    ),
    ("proc/cpuinfo", b"vendor_id: GenuineIntel\nflags: fpu lm\n"),
    ("proc/uptime", b"12.34 20.00\n"),
    ("etc/machine-id", b"0123456789abcdef0123456789abcdef\n"),
    ("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n"),
    ("etc/adjtime", b"0.0 0 0.0\n0\nLOCAL\n"),
    ("sys/firmware/efi/fw_platform_size", b"64\n"),
    (
        "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
        &[6, 0, 0, 0, 1],
    ),
    (
        "sys/class/dmi/id/modalias",
        b"dmi:bvnDellInc.:svnDellInc.:pnPowerEdgeR760:\n",
    ),
    ("sys/class/tpm/tpm0/tpm_version_major", b"2\n"),
];

#[test]
fn bare_metal() {
    let root = tree(BARE_METAL);
    let found = read(root.path());
    let host = &found.value;
    assert_eq!(found.warnings, []);
    assert_eq!(host.hostname.as_deref(), Some("node1"));
    assert_eq!(
        host.machine_id.as_deref(),
        Some("0123456789abcdef0123456789abcdef")
    );
    assert_eq!(host.kernel.release.as_deref(), Some("6.1.0-13-amd64"));
    assert_eq!(host.kernel.architecture.as_deref(), Some("x86_64"));
    assert_eq!(host.uptime_s, Some(12));
    assert_eq!(host.boot_mode, Some(BootMode::Efi));
    assert_eq!(host.secure_boot, Some(true));
    assert_eq!(host.virtualization.kind, Some(VirtualizationKind::None));
    assert_eq!(host.virtualization.technology, None);
    assert_eq!(host.tpm.version.as_deref(), Some("2.0"));
    assert_eq!(host.time.rtc_utc, Some(false));
    assert_eq!(host.time.synchronized, None, "another root has no clock");
}

#[test]
fn an_empty_root_is_unknown_and_says_so_without_a_flood() {
    let root = tree(&[]);
    let found = read(root.path());
    assert_eq!(found.value, Host::default());
    for subject in ["hostname", "os", "virtualization"] {
        assert_eq!(told(&found, subject), [WarningKind::Absent], "{subject}");
    }
    assert_eq!(found.warnings.len(), 3, "{:?}", found.warnings);
}

#[test]
fn malformed_files_cost_their_own_field() {
    let root = tree(&[
        ("proc/sys/kernel/hostname", b"\xff\xfe"),
        ("proc/uptime", b"soon"),
        ("proc/cpuinfo", b"vendor_id: GenuineIntel\nflags: lm\n"),
        ("etc/machine-id", b"not an id\n"),
        ("etc/os-release", &[b'x'; 1 << 20]),
        ("etc/adjtime", b"a\nb\nMOON\n"),
        (
            "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
            b"7",
        ),
        ("sys/class/tpm/tpm0/tpm_version_major", b"9"),
    ]);
    nix::unistd::mkfifo(
        &root.path().join("proc/cmdline"),
        nix::sys::stat::Mode::S_IRUSR,
    )
    .unwrap();
    fs::create_dir_all(root.path().join("proc/sys/kernel/random/boot_id")).unwrap();
    let found = read(root.path());
    for subject in [
        "hostname",
        "uptime",
        "machine-id",
        "os",
        "time",
        "secure_boot",
        "tpm",
        "kernel",
        "boot-id",
    ] {
        assert_eq!(told(&found, subject), [WarningKind::Malformed], "{subject}");
    }
    let host = found.value;
    assert_eq!(
        (host.hostname, host.uptime_s, host.machine_id),
        (None, None, None)
    );
    assert_eq!((host.secure_boot, host.time.rtc_utc), (None, None));
    assert_eq!(host.boot_mode, Some(BootMode::Efi));
}

#[test]
fn bios_has_no_secure_boot() {
    let root = tree(&[
        ("proc/cpuinfo", b"vendor_id: GenuineIntel\nflags: lm\n"),
        ("sys/firmware/memmap/0/start", b"0x0\n"),
    ]);
    let host = read(root.path()).value;
    assert_eq!(host.boot_mode, Some(BootMode::Bios));
    assert_eq!(host.secure_boot, Some(false));
}

#[test]
fn efi_without_its_variables_says_what_would_help() {
    let root = tree(&[("sys/firmware/efi/systab", b"x")]);
    let found = read(root.path());
    assert_eq!(found.value.secure_boot, None);
    assert_eq!(told(&found, "secure_boot"), [WarningKind::Absent]);
    fs::create_dir(root.path().join("sys/firmware/efi/efivars")).unwrap();
    fs::write(root.path().join("sys/firmware/efi/efivars/Boot0000-x"), "x").unwrap();
    assert_eq!(read(root.path()).value.secure_boot, Some(false));
}

#[test]
fn tpms_of_older_kernels() {
    let first = tree(&[(
        "sys/class/tpm/tpm0/device/caps",
        b"Manufacturer: 0x49465800\nTCG version: 1.2\n",
    )]);
    assert_eq!(read(first.path()).value.tpm.version.as_deref(), Some("1.2"));
    let second = tree(&[("sys/class/tpm/tpm0/device/firmware_node/hid", b"MSFT0101\n")]);
    assert_eq!(
        read(second.path()).value.tpm.version.as_deref(),
        Some("2.0")
    );
    let unknown = tree(&[("sys/class/tpm/tpm0/dev", b"10:224\n")]);
    assert_eq!(told(&read(unknown.path()), "tpm"), [WarningKind::Absent]);
}

#[test]
fn virtual_machines() {
    const GUEST: &[u8] = b"vendor_id: GenuineIntel\nflags: hypervisor lm\n";
    const CLOCKS: &str = "sys/devices/system/clocksource/clocksource0/available_clocksource";
    const DMI: &str = "sys/class/dmi/id/modalias";
    for (files, technology) in [
        (&[(CLOCKS, b"kvm-clock tsc".as_slice())][..], Some("kvm")),
        (&[(DMI, b"dmi:svnQEMU:")], Some("qemu")),
        (
            &[(DMI, b"dmi:svnQEMU:"), (CLOCKS, b"kvm-clock tsc")],
            Some("kvm"),
        ),
        (
            &[
                (DMI, b"dmi:svnAmazonEC2:pnc5.large:"),
                (CLOCKS, b"kvm-clock"),
            ],
            Some("amazon"),
        ),
        (
            &[("sys/class/dmi/id/sys_vendor", b"VMware, Inc.\n")],
            Some("vmware"),
        ),
        (&[("sys/hypervisor/type", b"xen\n")], Some("xen")),
        (&[(CLOCKS, b"tsc")], None),
    ] {
        let root = tree(files);
        fs::create_dir_all(root.path().join("proc")).unwrap();
        fs::write(root.path().join("proc/cpuinfo"), GUEST).unwrap();
        let found = read(root.path());
        let told_of = found.value.virtualization.clone();
        assert_eq!(told_of.kind, Some(VirtualizationKind::Vm), "{files:?}");
        assert_eq!(told_of.technology.as_deref(), technology, "{files:?}");
        assert_eq!(
            told(&found, "virtualization").is_empty(),
            technology.is_some()
        );
    }
}

#[test]
fn the_privileged_domain_of_xen_is_bare_metal() {
    let root = tree(&[
        ("sys/hypervisor/type", b"xen\n"),
        ("proc/xen/capabilities", b"control_d\n"),
        (
            "proc/cpuinfo",
            b"vendor_id: GenuineIntel\nflags: hypervisor lm\n",
        ),
    ]);
    let kind = read(root.path()).value.virtualization.kind;
    assert_eq!(kind, Some(VirtualizationKind::None));
}

#[test]
fn virtual_machines_of_other_architectures() {
    const ARM: &[u8] = b"CPU implementer: 0x41\nFeatures: fp asimd\n";
    const S390: &[u8] = b"vendor_id: IBM/S390\nfeatures: zarch\n";
    for (cpuinfo, path, content, kind, technology) in [
        (
            ARM,
            "proc/device-tree/hypervisor/compatible",
            &b"linux,kvm\0"[..],
            "vm",
            Some("kvm"),
        ),
        (
            ARM,
            "proc/device-tree/fw-cfg@9020000/compatible",
            b"qemu,fw-cfg\0",
            "vm",
            Some("qemu"),
        ),
        (
            ARM,
            "proc/device-tree/compatible",
            b"linux,dummy-virt\0",
            "vm",
            None,
        ),
        (
            ARM,
            "proc/device-tree/compatible",
            b"raspberrypi,4-model-b\0",
            "none",
            None,
        ),
        (
            ARM,
            "sys/class/dmi/id/modalias",
            b"dmi:svnHPE:pnProLiant:",
            "none",
            None,
        ),
        (
            S390,
            "proc/sysinfo",
            b"VM00 Control Program: KVM/Linux\n",
            "vm",
            Some("kvm"),
        ),
        (S390, "proc/sysinfo", b"LPAR Name: A\n", "none", None),
        (S390, "proc/other", b"", "null", None),
    ] {
        let root = tree(&[("proc/cpuinfo", cpuinfo), (path, content)]);
        let found = read(root.path()).value.virtualization;
        let as_json = serde_json::to_value(found.kind).unwrap();
        assert_eq!(as_json.as_str().unwrap_or("null"), kind, "{path}");
        assert_eq!(found.technology.as_deref(), technology, "{path}");
    }
}

#[test]
fn containers() {
    for (path, content, technology) in [
        ("run/systemd/container", &b"lxc\n"[..], "lxc"),
        (
            "run/host/container-manager",
            b"systemd-nspawn\n",
            "systemd-nspawn",
        ),
        ("run/systemd/container", b"homemade\n", "container-other"),
        ("proc/1/environ", b"A=1\0container=podman\0", "podman"),
        ("proc/1/environ", b"container=oci\0", "container-other"),
        (".dockerenv", b"", "docker"),
        ("run/.containerenv", b"", "podman"),
        ("proc/vz/version", b"", "openvz"),
        (
            "proc/sys/kernel/osrelease",
            b"5.15-microsoft-standard-WSL2",
            "wsl",
        ),
    ] {
        let root = tree(&[(path, content)]);
        let source = Source::at_root(root.path()).unwrap();
        let options = Options::default();
        let context = Context::new(&source, &options);
        assert!(context.is_container(), "{path}");
        let found = context.virtualization();
        assert_eq!(
            found.value.technology.as_deref(),
            Some(technology),
            "{path}"
        );
        assert_eq!(found.warnings, []);
    }
}

#[test]
fn a_process_namespace_of_its_own_is_a_container() {
    let with_namespace = |namespace: &str| {
        let mut recording = Recording::default();
        let request = Request::Link("proc/self/ns/pid".to_owned());
        recording.keep(request, Ok(namespace.as_bytes().to_vec()));
        recording.keep(Request::Ask(Query::ClockState), Ok(b"0\n1".to_vec()));
        recording.keep(Request::Ask(Query::Uname), Ok(b"a\n6.1\nx86_64".to_vec()));
        let source = Source::replay(recording);
        probe(&Context::new(&source, &Options::default())).value
    };
    let inside = with_namespace("pid:[4026532301]");
    assert_eq!(
        inside.virtualization.technology.as_deref(),
        Some("container-other")
    );
    assert_eq!(inside.time.synchronized, Some(true));
    assert_eq!(inside.kernel.architecture.as_deref(), Some("x86_64"));
    assert_eq!(inside.kernel.release.as_deref(), Some("6.1"));
    let outside = with_namespace("pid:[4026531836]");
    assert_eq!(outside.virtualization.technology, None);
}
