//! Processors.

use muster_model::Section;
use muster_model::cpu::Cpu;

use super::{Check, Finding, Kind, parameters, read};
use crate::machine::Machine;
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
];

parameters! {
    struct Architecture { one_of: Set<Text> }
}

impl Check for Architecture {
    fn required(&self) -> String {
        format!("one of {}", self.one_of)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let architecture = cpu(machine).architecture.as_deref();
        Finding::of(
            machine.fact(Section::Cpu, "architecture", architecture),
            |actual| Finding::decided(self.one_of.0.contains(&Text(actual.to_owned())), actual),
        )
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

fn cpu<'a>(machine: &Machine<'a>) -> &'a Cpu {
    &machine.inventory().cpu
}
