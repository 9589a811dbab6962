//! What the system runs on: bare metal, a virtual machine or a container. By files; the
//! processor is asked only where they tell that there is a hypervisor and not which. The rules are
//! those of `systemd-detect-virt(1)`.

use muster_model::host::{Virtualization, VirtualizationKind};
use muster_model::{Found, Origin, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::cpuinfo::Cpuinfo;
use crate::parse::hypervisor::{self, FIRMWARE_WORDS, FirmwareWords};
use crate::source::{Query, Source};

const SUBJECT: &str = "virtualization";
/// `PROC_PID_INIT_INO` of the kernel: the process namespace of the machine itself.
const FIRST_PROCESS_NAMESPACE: &str = "pid:[4026531836]";
/// On these firmware words stand even where the processor says KVM or Hyper-V beneath.
const FIRMWARE_PREVAILS: [&str; 5] = ["oracle", "xen", "amazon", "parallels", "google"];
/// Only the kernel of a VirtualBox guest of old lacks every other mark, and its table is short.
const PCI_TABLE_CAP: usize = 64 << 10;

enum Verdict {
    BareMetal,
    Machine(&'static str),
    UnknownMachine,
    Unknown,
}

/// Looks for the marks.
pub(crate) fn detect(context: &Context<'_>) -> Found<Virtualization> {
    let mut notes = Notes::new("host");
    if let Some(manager) = container(context) {
        return notes.with(Virtualization {
            kind: Some(VirtualizationKind::Container),
            technology: Some(manager.to_owned()),
        });
    }
    let (kind, technology) = match machine(context) {
        Verdict::BareMetal => (Some(VirtualizationKind::None), None),
        Verdict::Machine(name) => (Some(VirtualizationKind::Vm), Some(name.to_owned())),
        Verdict::UnknownMachine => {
            let message = "technology: this is a virtual machine of a hypervisor that is not known";
            notes.warn(SUBJECT, WarningKind::Absent, message);
            (Some(VirtualizationKind::Vm), None)
        }
        Verdict::Unknown => {
            let message = "kind: neither the processor, the firmware nor a device tree is there \
                           to tell whether this is a virtual machine";
            notes.warn(SUBJECT, WarningKind::Absent, message);
            (None, None)
        }
    };
    notes.with(Virtualization { kind, technology })
}

fn container(context: &Context<'_>) -> Option<&'static str> {
    let source = context.source;
    let there = |path: &str| matches!(source.read(path), Ok(_) | Err(Fault::Denied));
    if source.list("proc/vz").is_ok() && source.list("proc/bc").is_err() {
        return Some("openvz");
    }
    if context
        .kernel_release()
        .as_ref()
        .is_ok_and(|release| hypervisor::is_wsl(release))
    {
        return Some("wsl");
    }
    let named = named_container(source);
    let anonymous = named.as_deref() == Some("oci");
    if let Some(name) = named.filter(|name| name != "oci") {
        return Some(hypervisor::container(&name));
    }
    if there("run/.containerenv") {
        return Some("podman");
    }
    if there(".dockerenv") {
        return Some("docker");
    }
    (anonymous || in_own_process_namespace(source)).then_some("container-other")
}

/// As the manager says it itself: to `systemd`, or to the first process.
fn named_container(source: &Source) -> Option<String> {
    let told = source
        .text("run/host/container-manager")
        .or_else(|_| source.text("run/systemd/container"));
    match told {
        Ok(name) if !name.is_empty() => Some(name),
        _ => {
            let environment = source.read("proc/1/environ").ok()?;
            hypervisor::container_variable(&environment).map(str::to_owned)
        }
    }
}

/// Only where `self` is a process of that system: under another root it would be ours.
fn in_own_process_namespace(source: &Source) -> bool {
    source.origin() != Origin::Root
        && source
            .link("proc/self/ns/pid")
            .is_ok_and(|namespace| namespace != FIRST_PROCESS_NAMESPACE)
}

fn machine(context: &Context<'_>) -> Verdict {
    let source = context.source;
    let cpuinfo = context.cpuinfo().as_ref().ok();
    let words = firmware_words(source);
    let firmware = words.technology();
    if let Some(name) = firmware.filter(|name| FIRMWARE_PREVAILS.contains(name)) {
        return Verdict::Machine(name);
    }
    if cpuinfo.is_some_and(|info| info.vendor_id.as_deref() == Some("User Mode Linux")) {
        return Verdict::Machine("uml");
    }
    if source.text("sys/hypervisor/type").as_deref() == Ok("xen") {
        return xen(source);
    }
    let hypervisor = cpuinfo.is_some_and(|info| info.hypervisor);
    let clocks = match hypervisor || firmware.is_some() {
        true => source
            .text("sys/devices/system/clocksource/clocksource0/available_clocksource")
            .ok(),
        false => None,
    };
    let by_clocks = clocks.as_deref().and_then(hypervisor::by_clocks);
    if let Some(name) = by_clocks.or(firmware) {
        return Verdict::Machine(name);
    }
    match cpuinfo {
        _ if hypervisor => match source.ask(Query::Hypervisor) {
            Ok(signature) => hypervisor::by_signature(&signature)
                .map_or(Verdict::UnknownMachine, Verdict::Machine),
            Err(_) => Verdict::UnknownMachine,
        },
        Some(info) => by_architecture(source, info, &words),
        None if words.is_empty() => Verdict::Unknown,
        None => Verdict::BareMetal,
    }
}

/// The privileged domain of Xen has the hardware: it is bare metal.
fn xen(source: &Source) -> Verdict {
    let capabilities = source.text("proc/xen/capabilities").unwrap_or_default();
    if capabilities.contains("control_d") {
        Verdict::BareMetal
    } else {
        Verdict::Machine("xen")
    }
}

fn by_architecture(source: &Source, info: &Cpuinfo, words: &FirmwareWords) -> Verdict {
    match info.architecture.as_deref() {
        Some("x86_64" | "i686") if words.is_empty() => {
            let table = source.read_up_to("proc/bus/pci/devices", PCI_TABLE_CAP);
            let table = table.unwrap_or_default();
            hypervisor::by_pci(&String::from_utf8_lossy(&table))
                .map_or(Verdict::BareMetal, Verdict::Machine)
        }
        Some("x86_64" | "i686") => Verdict::BareMetal,
        Some("s390x") => match source.text("proc/sysinfo") {
            Ok(sysinfo) => {
                hypervisor::by_sysinfo(&sysinfo).map_or(Verdict::BareMetal, Verdict::Machine)
            }
            Err(_) => Verdict::Unknown,
        },
        _ => device_tree(source, words),
    }
}

fn device_tree(source: &Source, words: &FirmwareWords) -> Verdict {
    let tree = source.dir("proc/device-tree");
    match tree.text("hypervisor/compatible") {
        Ok(compatible) => {
            return hypervisor::by_device_tree(&compatible)
                .map_or(Verdict::UnknownMachine, Verdict::Machine);
        }
        Err(Fault::NotAsked) => return Verdict::Unknown,
        Err(_) => {}
    }
    let Ok(nodes) = tree.list("") else {
        return if words.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::BareMetal
        };
    };
    let has = |name: &str| nodes.iter().any(|node| node.starts_with(name));
    let compatible = tree.text("compatible").unwrap_or_default();
    if has("fw-cfg") || compatible.contains("qemu,pseries") {
        Verdict::Machine("qemu")
    } else if has("ibm,partition-name") && has("hmc-managed?") {
        Verdict::Machine("powervm")
    } else if compatible.contains("linux,dummy-virt") {
        Verdict::UnknownMachine
    } else {
        Verdict::BareMetal
    }
}

/// The modalias has them all in one read; where there is none, each by itself.
fn firmware_words(source: &Source) -> FirmwareWords {
    let identity = source.dir("sys/class/dmi/id");
    if let Ok(modalias) = identity.text("modalias") {
        return FirmwareWords::of_modalias(&modalias);
    }
    let mut words = FirmwareWords::default();
    for (key, file) in FIRMWARE_WORDS {
        if let Ok(value) = identity.text(file) {
            words.add(key, &value);
        }
    }
    words
}
