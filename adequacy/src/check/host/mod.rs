//! The operating system and its identity.

mod identity;
#[cfg(test)]
mod tests;

use std::fmt;

use muster_model::Section;
use muster_model::host::{Host, VirtualizationKind};
use toml_span::{DeserError, Deserialize, Value};

use super::{Check, Finding, Kind, Outcome, parameters, read};
use crate::machine::{Fact, Machine, Unknown};
use crate::policy::values::{Set, one_of};
use crate::policy::version::Version;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "hostname",
        about: "The host name can be one of a network (RFC 1123: letters, digits and hyphens between \
                dots), and is none that installers and live systems give to every machine.",
        example: "{}",
        read: read::<identity::Hostname>,
    },
    Kind {
        name: "machine_id",
        about: "The machine has a machine-id(5), and none that many machines are known to have. \
                Whether two machines have the same shows only when both are compared.",
        example: "{}",
        read: read::<identity::MachineId>,
    },
    Kind {
        name: "kernel_version",
        about: "The running kernel is `at_least` of this version; what follows the numbers \
                (`-50-amd64`) does not count.",
        example: r#"{ at_least = "5.15" }"#,
        read: read::<KernelVersion>,
    },
    Kind {
        name: "virtualization",
        about: "The system runs on `one_of` these: `none` (bare metal), `vm`, `container`.",
        example: r#"{ one_of = ["none", "vm"] }"#,
        read: read::<RunsOn>,
    },
    Kind {
        name: "time_synchronized",
        about: "The kernel's clock is kept right by a time source, such as chrony or systemd-timesyncd.",
        example: "{}",
        read: read::<TimeSynchronized>,
    },
];

parameters! {
    struct KernelVersion { at_least: Version }
}

impl Check for KernelVersion {
    fn required(&self) -> String {
        format!("at least {}", self.at_least)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        const FIELD: &str = "kernel.release";
        let release = host(machine).kernel.release.as_deref();
        let release = machine.fact(Section::Host, FIELD, release);
        let known: Fact<(&str, bool)> = release.and_then(|release| {
            let reaches = self.at_least.is_reached_by(release);
            let reaches = reaches.ok_or_else(|| Unknown {
                fact: format!("{}.{FIELD}", Section::Host.key()),
                reason: format!("{release:?} does not begin with a version"),
            })?;
            Ok((release, reaches))
        });
        Finding::of(known, |(release, reaches)| {
            Finding::decided(reaches, release)
        })
    }
}

parameters! {
    struct RunsOn { one_of: Set<Ground> }
}

/// What a system runs on, in a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ground(VirtualizationKind);

impl Check for RunsOn {
    fn required(&self) -> String {
        self.one_of.choice()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let found = &host(machine).virtualization;
        let kind = machine.fact(Section::Host, "virtualization.kind", found.kind);
        Finding::of(kind, |kind| {
            let ground = Ground(kind);
            let actual = match &found.technology {
                Some(technology) => format!("{ground} ({technology})"),
                None => ground.to_string(),
            };
            Finding::decided(self.one_of.0.contains(&ground), actual)
        })
    }
}

impl<'de> Deserialize<'de> for Ground {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        const GROUNDS: [Ground; 3] = [
            Ground(VirtualizationKind::None),
            Ground(VirtualizationKind::Vm),
            Ground(VirtualizationKind::Container),
        ];
        one_of(value, &["none", "vm", "container"], &GROUNDS)
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            VirtualizationKind::None => "bare metal",
            VirtualizationKind::Vm => "virtual machine",
            VirtualizationKind::Container => "container",
        })
    }
}

parameters! {
    struct TimeSynchronized {}
}

impl Check for TimeSynchronized {
    fn required(&self) -> String {
        "a clock that is synchronized".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let synchronized = host(machine).time.synchronized;
        let synchronized = machine.fact(Section::Host, "time.synchronized", synchronized);
        Finding::of(synchronized, |is| match is {
            true => Finding::new(Outcome::Pass, "synchronized"),
            false => Finding::new(Outcome::Fail, "not synchronized")
                .because("no time source has set the kernel's clock"),
        })
    }
}

fn host<'a>(machine: &Machine<'a>) -> &'a Host {
    &machine.inventory().host
}
