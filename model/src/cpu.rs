//! Processors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All processors of the machine; counts as `lscpu` has them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Cpu {
    /// Architecture, as `uname -m`.
    pub architecture: Option<String>,
    /// Vendor, such as `GenuineIntel`.
    pub vendor_id: Option<String>,
    /// Marketing name.
    pub model_name: Option<String>,
    /// Family number or name.
    pub family: Option<String>,
    /// Model number or name.
    pub model: Option<String>,
    /// Stepping or revision.
    pub stepping: Option<String>,
    /// Microcode revision, such as `0x2b000590`.
    pub microcode: Option<String>,
    /// Distinct packages among the online logical processors.
    pub sockets: Option<u32>,
    /// Distinct cores among the online logical processors.
    pub cores: Option<u32>,
    /// Logical processors present.
    pub threads: Option<u32>,
    /// Logical processors online.
    pub online_threads: Option<u32>,
    /// Logical processors a core.
    pub threads_per_core: Option<u32>,
    /// Clock range.
    pub frequency_mhz: Frequency,
    /// Features in the kernel's words, sorted.
    pub flags: Vec<String>,
    /// Hardware virtualization.
    pub virtualization: Option<CpuVirtualization>,
    /// Caches: one row for each distinct size, level and kind.
    pub caches: Vec<Cache>,
    /// `/sys/devices/system/cpu/vulnerabilities`, keyed by the kernel's file names.
    pub vulnerabilities: BTreeMap<String, String>,
    /// Kinds of core on a hybrid part, fastest first; empty where all cores are alike.
    pub core_kinds: Vec<CoreKind>,
    /// Processors taken from the scheduler, in kernel list form; `None` where there are none.
    pub isolated_cpus: Option<String>,
}

/// Clock range in MHz.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Frequency {
    /// Lowest.
    pub min: Option<f64>,
    /// Guaranteed without boost.
    pub base: Option<f64>,
    /// Highest with boost.
    pub max: Option<f64>,
}

/// Hardware virtualization of the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CpuVirtualization {
    /// Intel VMX.
    #[serde(rename = "vt-x")]
    VtX,
    /// AMD SVM.
    #[serde(rename = "amd-v")]
    AmdV,
}

/// A set of equal caches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Cache {
    /// 1 is nearest to the core.
    pub level: u32,
    /// What it holds.
    pub kind: Option<CacheKind>,
    /// Bytes of one instance.
    pub size_bytes: Option<u64>,
    /// How many there are; `None` where the kernel tells of the cache but not who shares it (s390).
    pub instances: Option<u32>,
    /// Bytes of a line.
    pub line_size_bytes: Option<u64>,
    /// Ways of associativity.
    pub ways: Option<u32>,
    /// Which processors share the first instance, in kernel list form.
    pub shared_cpus: Option<String>,
}

/// What a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CacheKind {
    /// Data only.
    Data,
    /// Instructions only.
    Instruction,
    /// Both.
    Unified,
}

/// One kind of core of a hybrid processor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CoreKind {
    /// The kernel's name, such as `cpu_core`, `cpu_atom`, or a capacity.
    pub name: String,
    /// Its logical processors, in kernel list form.
    pub cpus: String,
    /// How many cores.
    pub cores: Option<u32>,
    /// How many logical processors.
    pub threads: Option<u32>,
}
