use std::path::Path;

use muster_model::workload::{Consumption, ContainerRuntime};

use super::*;
use crate::testing::Tree;

const ID: &str = "4f1a0c5f6f2b7b1f4e2d9c8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c";
const UID: &str = "0f3c2a54-7d5a-4d3e-9f6b-0a1b2c3d4e5f";
const POD: &str = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f3c2a54_7d5a_4d3e_9f6b_0a1b2c3d4e5f.slice";

fn at(tree: &Tree) -> Workloads {
    workloads(&Source::at_root(tree.path()).unwrap())
}

/// A group of version 2 with these processes.
fn group(tree: &Tree, path: &str, processes: &str, memory: &str) {
    let file = |name: &str, content: &str| {
        tree.file(&format!("sys/fs/cgroup/{path}/{name}"), content.as_bytes());
    };
    file("cgroup.procs", processes);
    file("memory.current", memory);
    file(
        "cpu.stat",
        "usage_usec 7654321\nuser_usec 1\nsystem_usec 2\n",
    );
    let mut parents = Path::new(path).ancestors();
    // All above are populated by it.
    while let Some(parent) = parents.next().filter(|parent| *parent != Path::new("")) {
        let events = format!("sys/fs/cgroup/{}/cgroup.events", parent.display());
        tree.file(&events, b"populated 1\nfrozen 0\n");
    }
}

fn unified() -> Tree {
    Tree::new(&[("sys/fs/cgroup/cgroup.controllers", "cpu memory\n")])
}

#[test]
fn everything_that_runs_is_told_once() {
    let tree = unified();
    group(&tree, "system.slice/ssh.service", "10\n", "1000\n");
    group(
        &tree,
        "system.slice/ssh.service/inner.service",
        "11\n",
        "1\n",
    );
    group(
        &tree,
        "muster.slice/muster-workload.slice/app.service",
        "12\n",
        "2000\n",
    );
    group(
        &tree,
        &format!("system.slice/docker-{ID}.scope"),
        "13\n",
        "3000\n",
    );
    group(&tree, "lxc.payload.web", "14\n", "4000\n");
    group(&tree, "lxc.monitor.web", "15\n", "5\n");
    group(&tree, POD, "", "6000\n");
    group(
        &tree,
        &format!("{POD}/cri-containerd-{ID}.scope"),
        "16\n",
        "5000\n",
    );
    group(
        &tree,
        "user.slice/user-0.slice/user@0.service",
        "17\n",
        "1\n",
    );
    tree.file(&format!("var/log/pods/shop_web-0_{UID}/x"), b"");
    let found = at(&tree);
    let used = |memory| Consumption {
        memory_bytes: Some(memory),
        cpu_time_ms: Some(7654),
    };
    let service = |name: &str, slice: &str, memory| RunningService {
        name: name.to_owned(),
        slice: Some(slice.to_owned()),
        consumption: used(memory),
    };
    let services = [
        service("app.service", "muster-workload.slice", 2000),
        service("ssh.service", "system.slice", 1000),
    ];
    assert_eq!(found.services.unwrap(), services);
    let container = |runtime, id: &str, memory| Container {
        runtime: Some(runtime),
        id: id.to_owned(),
        name: None,
        consumption: used(memory),
    };
    let containers = [
        container(ContainerRuntime::Docker, ID, 3000),
        container(ContainerRuntime::Lxc, "web", 4000),
    ];
    assert_eq!(found.containers.unwrap(), containers);
    let pod = Pod {
        uid: UID.to_owned(),
        namespace: Some("shop".to_owned()),
        name: Some("web-0".to_owned()),
        containers: Some(1),
        consumption: used(6000),
    };
    assert_eq!(found.pods.unwrap(), [pod]);
    assert_eq!(found.machines, Some(Vec::new()));
    assert_eq!(found.warnings, []);
}

#[test]
fn machines_without_groups_of_their_own_are_told_too() {
    let tree = unified();
    group(
        &tree,
        "system.slice/libvirtd.service",
        "10\n20\n30\n",
        "9\n",
    );
    // Elsewhere an emulator is what its service says: this one was started by hand.
    group(&tree, "system.slice/build.service", "40\n", "9\n");
    for (process, program) in [
        (10, "libvirtd"),
        (20, "qemu-system-x86"),
        (30, "qemu-kvm"),
        (40, "qemu-kvm"),
    ] {
        tree.file(
            &format!("proc/{process}/comm"),
            format!("{program}\n").as_bytes(),
        );
    }
    tree.file(
        "proc/20/cmdline",
        b"/usr/bin/qemu-system-x86_64\0-name\0guest=web,debug-threads=on\0",
    );
    tree.file(
        "proc/20/status",
        b"Name:\tqemu-system-x86\nVmRSS:\t    2048 kB\n",
    );
    let machines = at(&tree).machines.unwrap();
    let told = machines.iter().map(|machine| {
        let Consumption {
            memory_bytes,
            cpu_time_ms,
        } = machine.consumption;
        (
            machine.name.as_str(),
            machine.process_id,
            memory_bytes,
            cpu_time_ms,
        )
    });
    let expected = [
        ("process 30", Some(30), None, None),
        ("web", Some(20), Some(2048 * 1024), None),
    ];
    assert!(told.eq(expected), "{machines:?}");
}

#[test]
fn a_machine_has_its_name_and_what_is_passed_through() {
    let tree = unified();
    let scope = r"machine.slice/machine-qemu\x2d3\x2dweb.scope";
    group(&tree, &format!("{scope}/libvirt"), "4242\n", "9\n");
    tree.file(
        &format!("sys/fs/cgroup/{scope}/memory.current"),
        b"8589934592\n",
    );
    tree.file(
        "proc/4242/cmdline",
        b"/usr/bin/qemu-system-x86_64\0-name\0guest=web-long,debug-threads=on\0",
    );
    tree.link("proc/4242/fd/7", "/dev/vfio/vfio");
    tree.link("proc/4242/fd/8", "/dev/vfio/12");
    tree.link("proc/4242/fd/9", "/dev/vfio/devices/vfio3");
    tree.link("sys/class/vfio-dev/vfio3/device", "../../../0000:c1:00.0");
    for (address, class, driver) in [
        ("0000:41:00.0", "0x030200", "vfio-pci"),
        ("0000:41:00.1", "0x040300", "vfio-pci"),
        ("0000:40:00.0", "0x060400", "pcieport"),
        ("0000:c1:00.0", "0x020000", "vfio-pci"),
    ] {
        let device = format!("sys/bus/pci/devices/{address}");
        tree.file(&format!("{device}/class"), class.as_bytes());
        tree.link(&format!("{device}/driver"), &format!("../drivers/{driver}"));
        if !address.contains("c1") {
            tree.file(
                &format!("sys/kernel/iommu_groups/12/devices/{address}"),
                b"",
            );
        }
    }
    let machines = at(&tree).machines.unwrap();
    let [machine] = machines.as_slice() else {
        panic!("{machines:?}")
    };
    assert_eq!(
        (machine.name.as_str(), machine.process_id),
        ("web-long", Some(4242))
    );
    assert_eq!(machine.consumption.memory_bytes, Some(8 << 30));
    let all = ["0000:41:00.0", "0000:41:00.1", "0000:c1:00.0"].map(str::to_owned);
    assert_eq!(machine.passed_through.as_deref(), Some(all.as_slice()));
    assert_eq!(machine.passed_through_gpus.as_deref(), Some(&all[..1]));
}

#[test]
fn what_has_no_process_does_not_run() {
    let tree = unified();
    tree.file("sys/fs/cgroup/system.slice/cgroup.events", b"populated 1\n");
    tree.file(
        "sys/fs/cgroup/system.slice/ssh.service/cgroup.events",
        b"populated 0\n",
    );
    tree.file(
        "sys/fs/cgroup/system.slice/ssh.service/cgroup.procs",
        b"7\n",
    );
    assert_eq!(at(&tree).services, Some(Vec::new()));
}

#[test]
fn the_first_version_is_read_too() {
    let tree = Tree::new(&[
        (
            "sys/fs/cgroup/systemd/system.slice/ssh.service/cgroup.procs",
            "",
        ),
        (
            "sys/fs/cgroup/systemd/system.slice/ssh.service/below/cgroup.procs",
            "10\n",
        ),
        (
            "sys/fs/cgroup/systemd/system.slice/idle.service/cgroup.procs",
            "",
        ),
        (
            "sys/fs/cgroup/memory/system.slice/ssh.service/memory.usage_in_bytes",
            "1000\n",
        ),
        (
            "sys/fs/cgroup/cpuacct/system.slice/ssh.service/cpuacct.usage",
            "5000000\n",
        ),
    ]);
    let services = at(&tree).services.unwrap();
    let expected = RunningService {
        name: "ssh.service".to_owned(),
        slice: Some("system.slice".to_owned()),
        consumption: Consumption {
            memory_bytes: Some(1000),
            cpu_time_ms: Some(5),
        },
    };
    assert_eq!(services, [expected]);
}

#[test]
fn without_control_groups_nothing_is_known() {
    let found = at(&Tree::new(&[]));
    assert_eq!(found.services, None);
    assert_eq!(found.warnings.len(), 1);
}

#[test]
fn malformed_numbers_are_unknown() {
    let tree = unified();
    group(&tree, "system.slice/ssh.service", "10\n", "much\n");
    tree.file(
        "sys/fs/cgroup/system.slice/ssh.service/cpu.stat",
        b"usage_usec -1\n",
    );
    let services = at(&tree).services.unwrap();
    assert_eq!(services[0].consumption, Consumption::default());
}

#[test]
fn containers_have_the_names_that_their_runtimes_keep_on_disk() {
    const OTHER: &str = "aaaa0c5f6f2b7b1f4e2d9c8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c";
    const THIRD: &str = "bbbb0c5f6f2b7b1f4e2d9c8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c";
    let tree = unified();
    for id in [ID, OTHER] {
        group(
            &tree,
            &format!("system.slice/docker-{id}.scope"),
            "1\n",
            "1\n",
        );
    }
    for id in [ID, THIRD] {
        group(
            &tree,
            &format!("machine.slice/libpod-{id}.scope"),
            "2\n",
            "2\n",
        );
    }
    let names = || -> Vec<(Option<ContainerRuntime>, Option<String>)> {
        let containers = at(&tree).containers.unwrap().into_iter();
        containers.map(|it| (it.runtime, it.name)).collect()
    };
    assert!(
        names().iter().all(|(_, name)| name.is_none()),
        "{:?}",
        names()
    );

    let docker = |id: &str| format!("var/lib/docker/containers/{id}/config.v2.json");
    let config = format!(r#"{{"ID": "{ID}", "Name": "/web", "State": {{"Running": true}}}}"#);
    tree.file(&docker(ID), config.as_bytes());
    tree.file(&docker(OTHER), b"{\"Name\": 7");
    let stored = format!(
        r#"[{{"id": "{THIRD}", "names": ["db", "db-alias"], "layer": "x"}}, {{"id": "{OTHER}"}}]"#
    );
    let storage = "var/lib/containers/storage/overlay-containers/containers.json";
    tree.file(storage, stored.as_bytes());
    let (docker, podman) = (
        Some(ContainerRuntime::Docker),
        Some(ContainerRuntime::Podman),
    );
    assert_eq!(
        names(),
        [
            (docker, Some("web".to_owned())),
            (docker, None),
            (podman, None),
            (podman, Some("db".to_owned())),
        ]
    );
    // Faults say nothing: a name is a help and no fact that is missed.
    assert_eq!(at(&tree).warnings, []);
}

/// The groups and command lines (`~` for the zero byte) of a Debian 12 with LXC 5.0.2, libvirt 9.0 and QEMU 7.2, on a kernel whose
/// version 2 has no controllers. The container `web` was started beside the groups of an earlier start. `db` and `mail` are machines in
/// groups as libvirt and Proxmox VE make them; without controllers libvirt itself has made none for `db-1`.
const GUESTS: &str = include_str!("guests.txt");

#[test]
fn guests_that_were_recorded_are_found() {
    let tree = Tree::new(&[]);
    for file in GUESTS.split("== ").skip(1) {
        let (path, content) = file.split_once('\n').unwrap();
        let content = match path.starts_with("proc/") {
            true => content.trim_end().replace('~', "\0"),
            false => content.to_owned(),
        };
        tree.file(path, content.as_bytes());
    }
    let found = at(&tree);
    let machines = found.machines.unwrap();
    let machines = machines
        .iter()
        .map(|guest| (guest.name.as_str(), guest.process_id));
    let machines: Vec<_> = machines.collect();
    assert_eq!(machines, [("db", Some(171)), ("mail", Some(292))]);
    let containers = found.containers.unwrap();
    let [web] = containers.as_slice() else {
        panic!("{containers:?}");
    };
    assert_eq!(
        (web.runtime, web.id.as_str()),
        (Some(ContainerRuntime::Lxc), "web-1")
    );
    assert_eq!(web.consumption.cpu_time_ms, Some(6));
    assert_eq!(web.consumption.memory_bytes, None);
    let services = found.services.unwrap();
    assert!(
        services
            .iter()
            .any(|service| service.name == "libvirtd.service")
    );
    assert!(
        !services
            .iter()
            .any(|service| service.name.ends_with(".scope"))
    );
    assert_eq!(found.warnings, []);
}
