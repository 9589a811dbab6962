//! What runs on a machine, a line each: the agent shows it of its own machine, the controller of its nodes.

use muster_model::units;
use muster_model::workload::{Consumption, ContainerRuntime, Workloads};

use crate::{Line, unwrapped};

const TITLES: [&str; 5] = ["KIND", "NAME", "MEMORY", "CPU TIME", "WHAT ELSE"];
/// So much of a container's id is told by the programs that run them.
const SHORT_ID: usize = 12;

/// A table with ANSI styles: kind, name, memory, CPU time and what else is known, a row for each machine, container, pod and
/// service. Lists that are null are not shown; warnings follow, a line each.
pub fn workloads(found: &Workloads) -> String {
    let mut rows = Vec::new();
    for machine in found.machines.iter().flatten() {
        let devices = machine.passed_through.iter().flatten();
        let devices: Vec<&str> = devices.map(String::as_str).collect();
        let more = match devices.as_slice() {
            [] => String::new(),
            devices => format!("passed through: {}", devices.join(", ")),
        };
        rows.push(row("machine", &machine.name, machine.consumption, &more));
    }
    for container in found.containers.iter().flatten() {
        let short = container
            .id
            .get(..SHORT_ID)
            .filter(|_| is_long(&container.id));
        let name = container.name.as_deref();
        let name = name.or(short).unwrap_or(&container.id);
        let runtime = container.runtime.map_or("", runtime);
        rows.push(row("container", name, container.consumption, runtime));
    }
    for pod in found.pods.iter().flatten() {
        let name = match (&pod.namespace, &pod.name) {
            (Some(namespace), Some(name)) => format!("{namespace}/{name}"),
            _ => pod.uid.clone(),
        };
        let containers = pod.containers.map(|count| format!("containers: {count}"));
        rows.push(row(
            "pod",
            &name,
            pod.consumption,
            &containers.unwrap_or_default(),
        ));
    }
    for service in found.services.iter().flatten() {
        let slice = service.slice.as_deref().unwrap_or_default();
        rows.push(row("service", &service.name, service.consumption, slice));
    }
    let mut text = match rows.is_empty() {
        true => "no machine, container or pod runs here\n".to_owned(),
        false => unwrapped(&TITLES.map(str::to_owned), &rows),
    };
    if found.machines.is_none() {
        text = String::from("what runs here cannot be seen\n");
    }
    for warning in &found.warnings {
        Line::default()
            .plain(&format!("{}: {}", warning.subject, warning.message))
            .paint(&mut text);
        text.push('\n');
    }
    text
}

fn row(kind: &str, name: &str, used: Consumption, more: &str) -> Vec<Line> {
    let memory = used.memory_bytes.map_or("–".to_owned(), units::bytes);
    let time = used.cpu_time_ms.map(|time| units::seconds(time / 1_000));
    let time = time.unwrap_or_else(|| "–".to_owned());
    let cells = [kind, name, &memory, &time, more];
    cells.map(|cell| Line::default().plain(cell)).into()
}

fn is_long(id: &str) -> bool {
    id.len() == 64
}

fn runtime(runtime: ContainerRuntime) -> &'static str {
    match runtime {
        ContainerRuntime::Docker => "Docker",
        ContainerRuntime::Podman => "Podman",
        ContainerRuntime::Containerd => "containerd",
        ContainerRuntime::CriO => "CRI-O",
        ContainerRuntime::Lxc => "LXC",
        ContainerRuntime::Machined => "systemd-machined",
    }
}

#[cfg(test)]
mod tests {
    use muster_model::workload::{Container, Pod, RunningService, VirtualMachine};

    use super::*;

    fn plain(found: &Workloads) -> String {
        let text = anstream::adapter::strip_str(&workloads(found)).to_string();
        let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
        lines.collect()
    }

    #[test]
    fn a_line_each() {
        let used = |memory| Consumption {
            memory_bytes: Some(memory),
            cpu_time_ms: Some(3_723_000),
        };
        let found = Workloads {
            machines: Some(vec![VirtualMachine {
                name: "web".to_owned(),
                passed_through: Some(vec!["0000:41:00.0".to_owned()]),
                consumption: used(8 << 30),
                ..VirtualMachine::default()
            }]),
            containers: Some(vec![Container {
                runtime: Some(ContainerRuntime::Docker),
                id: "4f1a0c5f6f2b".repeat(6)[..64].to_owned(),
                ..Container::default()
            }]),
            pods: Some(vec![Pod {
                namespace: Some("shop".to_owned()),
                name: Some("web-0".to_owned()),
                containers: Some(2),
                consumption: used(512 << 20),
                ..Pod::default()
            }]),
            services: Some(vec![RunningService {
                name: "ssh.service\u{1b}[31m".to_owned(),
                slice: Some("system.slice".to_owned()),
                ..RunningService::default()
            }]),
            ..Workloads::default()
        };
        insta::assert_snapshot!(plain(&found));
    }

    #[test]
    fn nothing_and_unknown_differ() {
        let nothing = Workloads {
            machines: Some(Vec::new()),
            ..Workloads::default()
        };
        assert_eq!(plain(&nothing), "no machine, container or pod runs here\n");
        assert_eq!(
            plain(&Workloads::default()),
            "what runs here cannot be seen\n"
        );
    }
}
