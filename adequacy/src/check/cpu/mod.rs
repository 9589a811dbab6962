//! Processors.

mod level;
mod mitigated;
#[cfg(test)]
mod tests;

use muster_model::Section;
use muster_model::cpu::{Cpu, CpuVirtualization};

use super::{Check, Finding, Kind, Outcome, parameters, read};
use crate::machine::{Fact, Machine, Unknown};
use crate::policy::values::{Count, Set, Text};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "cpu_architecture",
        about: "The CPU is `one_of` these architectures, by the names of uname(1).",
        example: r#"{ one_of = ["x86_64", "aarch64"] }"#,
        read: read::<Architecture>,
    },
    Kind {
        name: "cpu_cores",
        about: "There are `at_least` so many cores, hyper-threads not counted.",
        example: "{ at_least = 4 }",
        read: read::<Cores>,
    },
    Kind {
        name: "cpu_threads",
        about: "There are `at_least` so many logical processors online, hyper-threads counted.",
        example: "{ at_least = 8 }",
        read: read::<Threads>,
    },
    Kind {
        name: "cpu_flags",
        about: "The CPU has `all_of` these features, in the words of /proc/cpuinfo: SSE3 is `pni`.",
        example: r#"{ all_of = ["aes", "avx2"] }"#,
        read: read::<Flags>,
    },
    Kind {
        name: "cpu_level",
        about: "The CPU has the features of `at_least` this level of x86-64, from x86-64-v1 to \
                x86-64-v4, as compilers and distributions ask for them. Other architectures fail.",
        example: r#"{ at_least = "x86-64-v2" }"#,
        read: read::<level::AtLevel>,
    },
    Kind {
        name: "cpu_virtualization",
        about: "The CPU can run virtual machines with the help of its hardware. Linux hides the \
                feature where firmware has switched it off, older kernels (before 5.6 on Intel) do \
                not. Architectures other than x86 mostly do not tell.",
        example: "{}",
        read: read::<Virtualization>,
    },
    Kind {
        name: "cpu_mitigated",
        about: "The kernel calls the CPU vulnerable to none of the flaws it knows, those of `except` \
                (by the names in /sys/devices/system/cpu/vulnerabilities) aside.",
        example: r#"{ except = ["spec_store_bypass"] }"#,
        read: read::<mitigated::Mitigated>,
    },
    Kind {
        name: "iommu",
        about: "An IOMMU is at work: devices can be given to virtual machines, and reach no memory \
                that is not theirs.",
        example: "{}",
        read: read::<Iommu>,
    },
];

parameters! {
    struct Architecture { one_of: Set<Text> }
}

impl Check for Architecture {
    fn required(&self) -> String {
        self.one_of.choice()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(architecture(machine), |actual| {
            Finding::decided(self.one_of.0.contains(&Text(actual.to_owned())), actual)
        })
    }
}

parameters! {
    struct Cores { at_least: Count }
}

impl Check for Cores {
    fn required(&self) -> String {
        format!("at least {}", self.at_least)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(
            machine.fact(Section::Cpu, "cores", cpu(machine).cores),
            |cores| Finding::decided(u64::from(cores) >= self.at_least.0, cores.to_string()),
        )
    }
}

parameters! {
    struct Threads { at_least: Count }
}

impl Check for Threads {
    fn required(&self) -> String {
        format!("at least {}", self.at_least)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let online = cpu(machine).online_threads;
        Finding::of(
            machine.fact(Section::Cpu, "online_threads", online),
            |online| Finding::decided(u64::from(online) >= self.at_least.0, online.to_string()),
        )
    }
}

parameters! {
    struct Flags { all_of: Set<Text> }
}

impl Check for Flags {
    fn required(&self) -> String {
        self.all_of.to_string()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(flags(machine), |flags| {
            let wanted = self.all_of.0.iter().map(|flag| flag.0.as_str());
            let lacking: Vec<&str> = wanted.filter(|flag| !has(flags, flag)).collect();
            if lacking.is_empty() {
                return Finding::new(Outcome::Pass, self.all_of.to_string());
            }
            let lacking = lacking.join(", ");
            Finding::new(Outcome::Fail, format!("not {lacking}")).because(format!(
                "the CPU does not have {lacking}, or firmware hides it"
            ))
        })
    }
}

parameters! {
    struct Virtualization {}
}

impl Check for Virtualization {
    fn required(&self) -> String {
        "hardware virtualization".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(virtualization(machine), |how| {
            match how {
            Some(name) => Finding::new(Outcome::Pass, name),
            None => Finding::new(Outcome::Fail, "none").because(
                "the CPU has neither vmx (Intel VT-x) nor svm (AMD-V): firmware may have switched it \
                 off, or this is a virtual machine that must not have others inside",
            ),
        }
        })
    }
}

/// The name of the hardware's help; nothing where there is surely none.
fn virtualization(machine: &Machine<'_>) -> Fact<Option<&'static str>> {
    match cpu(machine).virtualization {
        Some(CpuVirtualization::VtX) => return Ok(Some("VT-x")),
        Some(CpuVirtualization::AmdV) => return Ok(Some("AMD-V")),
        None => {}
    }
    let architecture = architecture(machine)?;
    let flags = flags(machine);
    if is_x86(architecture) {
        return flags.map(|_| None);
    }
    let flags = flags.unwrap_or_default();
    // The "start interpretive execution" instruction of s390; the H extension of RISC-V, a letter
    // of the `isa` string.
    let has_h = |isa: &String| {
        let letters = isa.strip_prefix("rv64");
        letters.is_some_and(|letters| letters.contains('h'))
    };
    match architecture {
        "s390x" if has(flags, "sie") => Ok(Some("SIE")),
        "riscv64" if flags.iter().any(has_h) => Ok(Some("H extension")),
        _ => Err(Unknown {
            fact: "cpu.virtualization".to_owned(),
            reason: format!("the kernel does not tell it of the CPU on {architecture}"),
        }),
    }
}

parameters! {
    struct Iommu {}
}

impl Check for Iommu {
    fn required(&self) -> String {
        "an IOMMU at work".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Iommu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let iommu = &machine.inventory().iommu;
        let enabled = machine.fact(Section::Iommu, "enabled", iommu.enabled);
        Finding::of(enabled, |enabled| {
            match (enabled, iommu.kind.as_deref()) {
            (true, Some(kind)) => Finding::new(Outcome::Pass, format!("at work ({kind})")),
            (true, None) => Finding::new(Outcome::Pass, "at work"),
            (false, _) => Finding::new(Outcome::Fail, "none at work").because(
                "no device is behind an IOMMU: it is switched off in the firmware or on the kernel's \
                 command line, or there is none",
            ),
        }
        })
    }
}

fn cpu<'a>(machine: &Machine<'a>) -> &'a Cpu {
    &machine.inventory().cpu
}

fn architecture<'a>(machine: &Machine<'a>) -> Fact<&'a str> {
    let architecture = cpu(machine).architecture.as_deref();
    machine.fact(Section::Cpu, "architecture", architecture)
}

/// No CPU that tells its features has none.
fn flags<'a>(machine: &Machine<'a>) -> Fact<&'a [String]> {
    let flags = cpu(machine).flags.as_slice();
    machine.fact(Section::Cpu, "flags", (!flags.is_empty()).then_some(flags))
}

fn has(flags: &[String], flag: &str) -> bool {
    flags.iter().any(|known| known == flag)
}

fn is_x86(architecture: &str) -> bool {
    matches!(architecture, "x86_64" | "i686" | "i586" | "i386")
}
