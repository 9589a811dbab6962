//! What runs on a node, `muster.workloads/v1`: virtual machines, containers, pods and services, as their control groups tell.

use serde::{Deserialize, Serialize};

use crate::warning::Warning;

/// `schema` of [`Workloads`].
pub const WORKLOADS_SCHEMA: &str = "muster.workloads/v1";

/// What runs on one machine now. A null list could not be read; one that is empty was, and has nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Workloads {
    /// [`WORKLOADS_SCHEMA`].
    pub schema: String,
    /// Virtual machines, by name.
    pub machines: Option<Vec<VirtualMachine>>,
    /// Containers that are not part of a pod, by runtime and name.
    pub containers: Option<Vec<Container>>,
    /// Pods of Kubernetes, by their UID.
    pub pods: Option<Vec<Pod>>,
    /// Services and scopes of systemd that have processes, by name.
    pub services: Option<Vec<RunningService>>,
    /// Why parts are missing.
    pub warnings: Vec<Warning>,
}

/// What something that runs has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Consumption {
    /// Memory in use now, the page cache that is charged to it included.
    pub memory_bytes: Option<u64>,
    /// Time of processors since it started, all of them together, in milliseconds.
    pub cpu_time_ms: Option<u64>,
}

/// A virtual machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct VirtualMachine {
    /// As its manager calls it.
    pub name: String,
    /// The process of its emulator.
    pub process_id: Option<u32>,
    /// Devices that are handed to it by VFIO, as PCI addresses; null where its open files cannot be read.
    pub passed_through: Option<Vec<String>>,
    /// Those of them that are display controllers or 3D accelerators.
    pub passed_through_gpus: Option<Vec<String>>,
    /// What it has used.
    #[serde(flatten)]
    pub consumption: Consumption,
}

/// A container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Container {
    /// Who runs it.
    pub runtime: Option<ContainerRuntime>,
    /// Its id or, with LXC and systemd-nspawn, its name.
    pub id: String,
    /// Its name, where that is something else and known.
    pub name: Option<String>,
    /// What it has used.
    #[serde(flatten)]
    pub consumption: Consumption,
}

/// Who runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContainerRuntime {
    /// Docker.
    Docker,
    /// Podman, by libpod.
    Podman,
    /// containerd by its interface for Kubernetes.
    Containerd,
    /// CRI-O.
    CriO,
    /// LXC.
    Lxc,
    /// systemd-nspawn, or whatever else systemd-machined knows as a machine.
    Machined,
}

/// A pod of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Pod {
    /// As the API server gave it.
    pub uid: String,
    /// Its namespace; null where the kubelet's folder of logs does not tell.
    pub namespace: Option<String>,
    /// Its name, likewise.
    pub name: Option<String>,
    /// How many containers of it run, the one that holds the pod's namespaces included.
    pub containers: Option<u32>,
    /// What all of it has used.
    #[serde(flatten)]
    pub consumption: Consumption,
}

/// A service or a scope of systemd.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RunningService {
    /// With its suffix, such as `ssh.service`.
    pub name: String,
    /// The slice that it is in, such as `system.slice`.
    pub slice: Option<String>,
    /// What it has used.
    #[serde(flatten)]
    pub consumption: Consumption,
}
