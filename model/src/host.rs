//! The operating system instance: names, kernel, boot, virtualization.

use serde::{Deserialize, Serialize};

/// The running system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Host {
    /// Host name as the kernel has it.
    pub hostname: Option<String>,
    /// `machine-id(5)`: 32 hexadecimal digits.
    pub machine_id: Option<String>,
    /// Random id of this boot, as a UUID.
    pub boot_id: Option<String>,
    /// Operating system release.
    pub os: Os,
    /// Running kernel.
    pub kernel: Kernel,
    /// Seconds since boot.
    pub uptime_s: Option<u64>,
    /// How the firmware started the system.
    pub boot_mode: Option<BootMode>,
    /// Whether UEFI Secure Boot is enforced.
    pub secure_boot: Option<bool>,
    /// Whether this is bare metal, a virtual machine or a container.
    pub virtualization: Virtualization,
    /// Trusted Platform Module.
    pub tpm: Tpm,
    /// State of the clock.
    pub time: Time,
}

/// `os-release(5)`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Os {
    /// `ID`, such as `debian`.
    pub id: Option<String>,
    /// `VERSION_ID`, such as `12`.
    pub version_id: Option<String>,
    /// `PRETTY_NAME`.
    pub pretty_name: Option<String>,
}

/// The kernel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Kernel {
    /// Release, as `uname -r`.
    pub release: Option<String>,
    /// Machine, as `uname -m`.
    pub architecture: Option<String>,
    /// Command line of this boot.
    pub command_line: Option<String>,
}

/// How the firmware started the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BootMode {
    /// UEFI.
    Efi,
    /// PC BIOS, or UEFI in compatibility mode.
    Bios,
}

/// What the system runs on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Virtualization {
    /// Bare metal, virtual machine or container.
    pub kind: Option<VirtualizationKind>,
    /// The hypervisor or container manager by systemd's name, such as `kvm`, `vmware`, `docker`.
    pub technology: Option<String>,
}

/// Bare metal, virtual machine or container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VirtualizationKind {
    /// Bare metal.
    None,
    /// A virtual machine.
    Vm,
    /// A container: the hardware and the serial numbers are the host's.
    Container,
}

/// Trusted Platform Module.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Tpm {
    /// Family: `1.2` or `2.0`; `None` where there is no TPM or it is unknown.
    pub version: Option<String>,
}

/// State of the clock.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Time {
    /// Whether the kernel's clock is disciplined by a time source.
    pub synchronized: Option<bool>,
    /// Whether the hardware clock keeps UTC.
    pub rtc_utc: Option<bool>,
}
