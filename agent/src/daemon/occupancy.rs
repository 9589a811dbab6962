//! What runs on this node, as heartbeats tell it.

use std::sync::Arc;

use muster_discovery::{Source, workloads};
use muster_model::Workloads;
use muster_model::workload::WORKLOADS_SCHEMA;
use muster_proto::v1;

use super::ports::Observer;
use super::systemd;

/// Looks when it is told to: a report that says that nothing runs must not be an old one.
pub(crate) struct Occupancy {
    source: Option<Source>,
    observer: Arc<dyn Observer>,
    found: Option<Workloads>,
    last: Option<Seen>,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// Machines, containers and pods, and the services that this node's lease is for.
    pub(crate) count: u32,
    pub(crate) summary: v1::WorkloadSummary,
}

impl Occupancy {
    /// Of the running machine; `observer` tells what this process may not see.
    pub(crate) fn live(observer: Arc<dyn Observer>) -> Self {
        Self {
            source: Source::live().ok(),
            observer,
            found: None,
            last: None,
        }
    }

    /// Looks what runs now.
    pub(crate) async fn look(&mut self) {
        self.found = self.source.as_ref().map(workloads);
        if self.found.as_ref().is_none_or(root_may_know_more) {
            self.found = self.observer.workloads().await.or(self.found.take());
        }
        self.last = self.found.as_ref().and_then(seen);
    }

    /// All that was seen last, by name; none when that could not be seen.
    pub(crate) fn document(&self) -> Option<v1::Document> {
        let found = self.found.as_ref().filter(|_| self.last.is_some())?;
        let json = serde_json::to_vec(found).ok()?;
        v1::Document::pack(WORKLOADS_SCHEMA, &json).ok()
    }

    /// What was seen last; none when that could not be seen.
    pub(crate) fn last(&self) -> Option<&Seen> {
        self.last.as_ref()
    }
}

/// Whether something of what runs is unknown that its files, which are root's, may tell. Of services all is known to everybody.
fn root_may_know_more(found: &Workloads) -> bool {
    let machines = found.machines.iter().flatten();
    let mut unseen = machines.filter(|machine| machine.passed_through.is_none());
    let containers = found.containers.iter().flatten();
    let mut unnamed = containers.filter(|container| container.name.is_none());
    let pods = found.pods.iter().flatten();
    let mut nameless = pods.filter(|pod| pod.name.is_none());
    !found.warnings.is_empty()
        || unseen.next().is_some()
        || unnamed.next().is_some()
        || nameless.next().is_some()
}

fn seen(found: &Workloads) -> Option<Seen> {
    let machines = found.machines.as_ref()?;
    let containers = found.containers.as_ref()?;
    let pods = found.pods.as_ref()?;
    let services = found.services.as_ref()?.iter();
    let ours = services.filter(|service| service.slice.as_deref() == Some(systemd::SLICE));
    let with_gpu = machines.iter().filter(|machine| {
        let gpus = machine.passed_through_gpus.as_ref();
        gpus.is_some_and(|gpus| !gpus.is_empty())
    });
    let used = machines.iter().map(|machine| machine.consumption);
    let used = used.chain(containers.iter().map(|container| container.consumption));
    let used = used.chain(pods.iter().map(|pod| pod.consumption));
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Some(Seen {
        count: number(machines.len() + containers.len() + pods.len() + ours.count()),
        summary: v1::WorkloadSummary {
            machines: number(machines.len()),
            containers: number(containers.len()),
            pods: number(pods.len()),
            memory_bytes: used.filter_map(|used| used.memory_bytes).sum(),
            with_passed_through_gpu: number(with_gpu.count()),
        },
    })
}

#[cfg(test)]
mod tests {
    use muster_model::workload::{Consumption, Container, Pod, RunningService, VirtualMachine};

    use super::*;

    fn used(memory: u64) -> Consumption {
        Consumption {
            memory_bytes: Some(memory),
            cpu_time_ms: None,
        }
    }

    fn found() -> Workloads {
        let service = |slice: &str| RunningService {
            slice: Some(slice.to_owned()),
            consumption: used(1000),
            ..RunningService::default()
        };
        let machine = |gpus: &[&str]| VirtualMachine {
            passed_through_gpus: Some(gpus.iter().map(|&gpu| gpu.to_owned()).collect()),
            consumption: used(1),
            ..VirtualMachine::default()
        };
        Workloads {
            machines: Some(vec![machine(&[]), machine(&["0000:41:00.0"])]),
            containers: Some(vec![Container {
                consumption: used(10),
                ..Container::default()
            }]),
            pods: Some(vec![Pod {
                consumption: used(100),
                ..Pod::default()
            }]),
            services: Some(vec![
                service("system.slice"),
                service("muster-workload.slice"),
            ]),
            ..Workloads::default()
        }
    }

    #[test]
    fn services_of_the_system_are_no_workloads() {
        let seen = seen(&found()).unwrap();
        assert_eq!(seen.count, 5);
        let summary = v1::WorkloadSummary {
            machines: 2,
            containers: 1,
            pods: 1,
            memory_bytes: 112,
            with_passed_through_gpu: 1,
        };
        assert_eq!(seen.summary, summary);
    }

    #[test]
    fn root_is_asked_for_what_only_root_may_know() {
        let services = Workloads {
            machines: Some(Vec::new()),
            containers: Some(Vec::new()),
            pods: Some(Vec::new()),
            ..found()
        };
        assert!(!root_may_know_more(&services));
        let with = |machine: VirtualMachine| Workloads {
            machines: Some(vec![machine]),
            ..services.clone()
        };
        assert!(root_may_know_more(&with(VirtualMachine::default())));
        assert!(!root_may_know_more(&with(VirtualMachine {
            passed_through: Some(Vec::new()),
            ..VirtualMachine::default()
        })));
        assert!(root_may_know_more(&found()), "a container has no name");
    }

    #[test]
    fn what_cannot_be_read_is_not_nothing() {
        let found = Workloads {
            pods: None,
            ..found()
        };
        assert_eq!(seen(&found), None);
    }
}
