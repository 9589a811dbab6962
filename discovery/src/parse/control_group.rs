//! What a control group is for, by its name. The names are those of systemd's units (systemd.unit(5)), of libvirt's, Docker's,
//! Podman's, containerd's, CRI-O's and LXC's groups, and of the kubelet's, by systemd and by hand (`cgroupfs`).

use muster_model::workload::ContainerRuntime;

/// What runs in a control group and all that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// A virtual machine, by its manager's name for it.
    Machine(String),
    /// A container by its id or name.
    Container(ContainerRuntime, String),
    /// A pod by its UID; its containers are below.
    Pod(String),
    /// A service of systemd, or a scope.
    Service(String),
    /// The users' sessions, or the part of a runtime that is no workload.
    NoWorkload,
}

/// What a group of this name is for, in a group of that name. None: for grouping alone, or unknown.
pub(crate) fn occupant(parent: &str, name: &str) -> Option<Occupant> {
    let unescaped = unescape(name);
    let name = unescaped.as_str();
    if name == "user.slice" || name == "init.scope" || is_helper(name) {
        return Some(Occupant::NoWorkload);
    }
    machine(parent, name)
        .or_else(|| container(parent, name))
        .or_else(|| pod(name).map(Occupant::Pod))
        // Something runs in a scope that nobody else knows.
        .or_else(|| {
            let unit = name.strip_suffix(".service");
            let unit = unit.or_else(|| name.strip_suffix(".scope"));
            let is_unit = unit.is_some_and(|unit| !unit.is_empty());
            is_unit.then(|| Occupant::Service(name.to_owned()))
        })
}

/// Monitors of containers.
fn is_helper(name: &str) -> bool {
    const HELPERS: [&str; 4] = ["libpod-conmon-", "crio-conmon-", "lxc.monitor", "lxc.pivot"];
    HELPERS.iter().any(|helper| name.starts_with(helper))
}

fn machine(parent: &str, name: &str) -> Option<Occupant> {
    // libvirt with systemd-machined: machine-qemu-3-NAME.scope; without: machine/qemu-3-NAME.libvirt-qemu.
    let scope = |prefix: &str, suffix: &str| name.strip_prefix(prefix)?.strip_suffix(suffix);
    let libvirt = scope("machine-qemu-", ".scope").or_else(|| scope("qemu-", ".libvirt-qemu"));
    if let Some((id, guest)) = libvirt.and_then(|rest| rest.split_once('-'))
        && is_number(id)
    {
        return Some(Occupant::Machine(guest.to_owned()));
    }
    // Proxmox VE: qemu.slice/100.scope.
    let number = name.strip_suffix(".scope").filter(|id| is_number(id));
    let number = number.filter(|_| parent == "qemu.slice");
    if let Some(id) = number {
        return Some(Occupant::Machine(id.to_owned()));
    }
    let lxc = scope("machine-lxc-", ".scope").and_then(|rest| rest.split_once('-'));
    if let Some((id, guest)) = lxc
        && is_number(id)
    {
        return Some(Occupant::Container(ContainerRuntime::Lxc, guest.to_owned()));
    }
    let registered =
        scope("machine-", ".scope").or_else(|| scope("systemd-nspawn@", ".service"))?;
    Some(Occupant::Container(
        ContainerRuntime::Machined,
        registered.to_owned(),
    ))
}

fn container(parent: &str, name: &str) -> Option<Occupant> {
    const SCOPES: [(&str, ContainerRuntime); 5] = [
        ("docker-", ContainerRuntime::Docker),
        ("libpod-", ContainerRuntime::Podman),
        ("cri-containerd-", ContainerRuntime::Containerd),
        ("nerdctl-", ContainerRuntime::Containerd),
        ("crio-", ContainerRuntime::CriO),
    ];
    // With the hierarchy's own driver Podman's groups have no suffix.
    let bare = name.strip_suffix(".scope").unwrap_or(name);
    for (prefix, runtime) in SCOPES {
        if let Some(id) = bare.strip_prefix(prefix)
            && is_container_id(id)
        {
            return Some(Occupant::Container(runtime, id.to_owned()));
        }
    }
    let lxc = name.strip_prefix("lxc.payload.");
    let lxc = lxc.or_else(|| (parent == "lxc" || parent == "lxc.payload").then_some(name));
    if let Some(guest) = lxc.filter(|guest| !guest.is_empty()) {
        return Some(Occupant::Container(ContainerRuntime::Lxc, guest.to_owned()));
    }
    let by_hand = match parent {
        "docker" => ContainerRuntime::Docker,
        _ if pod(parent).is_some() => ContainerRuntime::Containerd,
        _ => return None,
    };
    is_container_id(name).then(|| Occupant::Container(by_hand, name.to_owned()))
}

/// The UID in `kubepods-burstable-pod0f3c…_….slice` or `pod0f3c…-…`. systemd's names have `_` for `-`, which separates slices.
fn pod(name: &str) -> Option<String> {
    let name = match name.strip_suffix(".slice") {
        Some(slice) => slice.strip_prefix("kubepods-")?.rsplit('-').next()?,
        None => name,
    };
    let uid = name.strip_prefix("pod")?.replace('_', "-");
    // A UID as RFC 9562 writes it, or the hash of a static pod's manifest.
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uid = match uid.len() {
        36 => {
            uid.split('-').map(str::len).eq([8, 4, 4, 4, 12])
                && is_hexadecimal(&uid.replace('-', ""))
        }
        32 => is_hexadecimal(&uid),
        _ => false,
    };
    is_uid.then_some(uid)
}

fn is_container_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Takes `\x2d` for `-`, as systemd-escape(1) writes it; and `_` before what the kernel would take for a file of its own.
fn unescape(name: &str) -> String {
    let mut parts = name.split("\\x");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(u8::is_ascii) {
            Some(byte) => {
                text.push(char::from(byte));
                text.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                text.push_str("\\x");
                text.push_str(part);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f1a0c5f6f2b7b1f4e2d9c8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c";

    fn container(runtime: ContainerRuntime, id: &str) -> Option<Occupant> {
        Some(Occupant::Container(runtime, id.to_owned()))
    }

    #[test]
    fn machines_by_their_managers() {
        let machine = |name: &str| Some(Occupant::Machine(name.to_owned()));
        let cases = [
            (
                "machine.slice",
                r"machine-qemu\x2d3\x2dweb\x2d01.scope",
                machine("web-01"),
            ),
            ("machine", "qemu-3-web.libvirt-qemu", machine("web")),
            ("qemu.slice", "100.scope", machine("100")),
            (
                "system.slice",
                "100.scope",
                Some(Occupant::Service("100.scope".to_owned())),
            ),
            (
                "machine.slice",
                "machine-qemu-x-web.scope",
                container(ContainerRuntime::Machined, "qemu-x-web"),
            ),
        ];
        for (parent, name, expected) in cases {
            assert_eq!(occupant(parent, name), expected, "{parent}/{name}");
        }
    }

    #[test]
    fn containers_by_their_runtimes() {
        use ContainerRuntime::{Containerd, CriO, Docker, Lxc, Machined, Podman};
        let uid = "pod0f3c2a54-7d5a-4d3e-9f6b-0a1b2c3d4e5f";
        let cases = [
            (
                "system.slice",
                format!("docker-{ID}.scope"),
                container(Docker, ID),
            ),
            ("docker", ID.to_owned(), container(Docker, ID)),
            (
                "machine.slice",
                format!("libpod-{ID}.scope"),
                container(Podman, ID),
            ),
            (
                "libpod_parent",
                format!("libpod-{ID}"),
                container(Podman, ID),
            ),
            (
                "x.slice",
                format!("cri-containerd-{ID}.scope"),
                container(Containerd, ID),
            ),
            (uid, ID.to_owned(), container(Containerd, ID)),
            ("x.slice", format!("crio-{ID}.scope"), container(CriO, ID)),
            ("/", "lxc.payload.web".to_owned(), container(Lxc, "web")),
            ("lxc", "100".to_owned(), container(Lxc, "100")),
            (
                "machine.slice",
                r"machine-lxc\x2d7\x2dweb.scope".to_owned(),
                container(Lxc, "web"),
            ),
            (
                "machine.slice",
                "machine-web.scope".to_owned(),
                container(Machined, "web"),
            ),
            (
                "machine.slice",
                "systemd-nspawn@web.service".to_owned(),
                container(Machined, "web"),
            ),
            ("x", ID.to_owned(), None),
        ];
        for (parent, name, expected) in cases {
            assert_eq!(occupant(parent, &name), expected, "{parent}/{name}");
        }
    }

    #[test]
    fn monitors_and_sessions_are_no_workload() {
        for name in [
            "libpod-conmon-4f1a.scope",
            "crio-conmon-4f1a.scope",
            "lxc.monitor.web",
            "user.slice",
            "init.scope",
        ] {
            assert_eq!(occupant("x", name), Some(Occupant::NoWorkload), "{name}");
        }
    }

    #[test]
    fn pods_by_both_drivers() {
        let uid = "0f3c2a54-7d5a-4d3e-9f6b-0a1b2c3d4e5f";
        let pod = |uid: &str| Some(Occupant::Pod(uid.to_owned()));
        let cases = [
            (
                "kubepods-burstable-pod0f3c2a54_7d5a_4d3e_9f6b_0a1b2c3d4e5f.slice",
                pod(uid),
            ),
            (
                "kubepods-pod0f3c2a54_7d5a_4d3e_9f6b_0a1b2c3d4e5f.slice",
                pod(uid),
            ),
            ("pod0f3c2a54-7d5a-4d3e-9f6b-0a1b2c3d4e5f", pod(uid)),
            (
                "kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice",
                pod("0123456789abcdef0123456789abcdef"),
            ),
            ("kubepods-burstable.slice", None),
            ("kubepods.slice", None),
            ("podium", None),
        ];
        for (name, expected) in cases {
            assert_eq!(occupant("kubepods.slice", name), expected, "{name}");
        }
    }

    #[test]
    fn services_and_what_only_groups() {
        let service = |name: &str| Some(Occupant::Service(name.to_owned()));
        assert_eq!(
            occupant("system.slice", "ssh.service"),
            service("ssh.service")
        );
        assert_eq!(
            occupant("system.slice", r"a\x2db.service"),
            service("a-b.service")
        );
        assert_eq!(
            occupant("system.slice", r"a\xzz.service"),
            service(r"a\xzz.service")
        );
        assert_eq!(occupant("/", "system.slice"), None);
        assert_eq!(occupant("/", ".service"), None);
    }
}
