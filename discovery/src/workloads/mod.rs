//! What runs on a host: virtual machines, containers, pods and services, by their control groups (cgroups(7)).
//!
//! It is no section of the inventory: it changes all the time, and the agent asks for it alone. `tree` walks the groups, `guest` looks at
//! a virtual machine's process; `name` finds the names of containers; what a group's name means is in `parse::control_group`.

mod guest;
mod name;
mod tree;

use std::collections::BTreeMap;

use muster_model::WarningKind;
use muster_model::workload::{
    Container, Pod, RunningService, VirtualMachine, WORKLOADS_SCHEMA, Workloads,
};

use crate::notes::Notes;
use crate::parse::control_group::Occupant;
use crate::source::Source;
use tree::{Group, Hierarchy};

/// Where the kubelet keeps the logs of pods, a folder each: namespace, name and UID.
const POD_LOGS: &str = "var/log/pods";

/// Looks at what runs now. Where the control groups cannot be read, the lists are null.
pub fn workloads(source: &Source) -> Workloads {
    let mut notes = Notes::new("workloads");
    let mut found = Workloads {
        schema: WORKLOADS_SCHEMA.to_owned(),
        ..Workloads::default()
    };
    match Hierarchy::find(source) {
        Ok(hierarchy) => found = look(source, &hierarchy, found, &mut notes),
        Err(fault) => notes.warn(
            "workloads",
            WarningKind::Absent,
            format!("the control groups cannot be read: {fault}"),
        ),
    }
    found.warnings = notes.with(()).warnings;
    found
}

fn look(
    source: &Source,
    hierarchy: &Hierarchy<'_>,
    found: Workloads,
    notes: &mut Notes,
) -> Workloads {
    let mut machines = Vec::new();
    let mut containers = Vec::new();
    let mut pods: BTreeMap<String, Pod> = BTreeMap::new();
    let mut services = Vec::new();
    hierarchy.walk(&mut |group: &Group, occupant| match occupant {
        Occupant::Machine(name) => {
            machines.push(guest::machine(source, hierarchy, group, name, notes));
        }
        Occupant::Container(..) if let Some(uid) = &group.pod => {
            let pod = pods.entry(uid.clone()).or_default();
            pod.containers = Some(pod.containers.unwrap_or_default() + 1);
        }
        Occupant::Container(runtime, id) => containers.push(Container {
            runtime: Some(runtime),
            id,
            name: None,
            consumption: hierarchy.consumption(group),
        }),
        Occupant::Pod(uid) => {
            let pod = pods.entry(uid.clone()).or_default();
            pod.uid = uid;
            pod.consumption = hierarchy.consumption(group);
        }
        Occupant::Service(name) => {
            machines.extend(guest::machines_of(source, hierarchy, group, &name, notes));
            services.push(RunningService {
                name,
                slice: group.slice(),
                consumption: hierarchy.consumption(group),
            });
        }
        Occupant::NoWorkload => {}
    });
    name_pods(source, &mut pods);
    name::name_all(source, &mut containers);
    machines.sort_by(|a: &VirtualMachine, b| a.name.cmp(&b.name));
    containers.sort_by(|a, b| (a.runtime, &a.id).cmp(&(b.runtime, &b.id)));
    services.sort_by(|a, b| (&a.name, &a.slice).cmp(&(&b.name, &b.slice)));
    Workloads {
        machines: Some(machines),
        containers: Some(containers),
        pods: Some(pods.into_values().collect()),
        services: Some(services),
        ..found
    }
}

fn name_pods(source: &Source, pods: &mut BTreeMap<String, Pod>) {
    if pods.is_empty() {
        return;
    }
    // Neither a namespace nor a name has an underscore in it.
    for folder in source.list(POD_LOGS).unwrap_or_default() {
        let mut parts = folder.splitn(3, '_');
        if let (Some(namespace), Some(name), Some(uid)) = (parts.next(), parts.next(), parts.next())
            && let Some(pod) = pods.get_mut(uid)
        {
            pod.namespace = Some(namespace.to_owned());
            pod.name = Some(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
