//! The levels of x86-64 (System V ABI, AMD64 supplement, 3.1.1 "Processor Architecture").

use std::fmt;

use muster_model::Section;
use toml_span::{DeserError, Deserialize, Value};

use super::super::finding::both;
use super::{Check, Finding, Outcome, architecture, flags, has, parameters};
use crate::machine::Machine;
use crate::policy::values::one_of;

/// A level, each with all features of those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    V1,
    V2,
    V3,
    V4,
}

parameters! {
    pub(super) struct AtLevel { at_least: Level }
}

impl Check for AtLevel {
    fn required(&self) -> String {
        format!("at least {}", self.at_least)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let architecture = architecture(machine);
        if let Ok(other) = architecture
            && other != "x86_64"
        {
            let reason =
                format!("levels of x86-64 are for x86_64, and this machine runs as {other}");
            return Finding::new(Outcome::Fail, other).because(reason);
        }
        let flags = flags(machine);
        let lacking = flags.clone().map(|flags| self.at_least.lacking(flags));
        let has_all = lacking.clone().map(|lacking| lacking.is_empty());
        let holds = both(has_all, architecture.map(|_| true));
        Finding::of(holds, |holds| {
            let reached = Level::of(flags.unwrap_or_default());
            let actual =
                reached.map_or_else(|| format!("less than {}", Level::V1), |l| l.to_string());
            let finding = Finding::decided(holds, actual);
            if holds {
                return finding;
            }
            let lacking = lacking.unwrap_or_default().join(", ");
            finding.because(format!(
                "the CPU does not have {lacking}, or firmware hides it"
            ))
        })
    }
}

impl Level {
    const ALL: [Self; 4] = [Self::V1, Self::V2, Self::V3, Self::V4];

    /// The highest that these flags reach.
    fn of(flags: &[String]) -> Option<Self> {
        let reached = |level: &Self| level.lacking(flags).is_empty();
        Self::ALL.into_iter().rev().find(reached)
    }

    /// What this level has and these flags have not.
    fn lacking(self, flags: &[String]) -> Vec<&'static str> {
        let levels = Self::ALL.into_iter().filter(|level| *level <= self);
        levels
            .flat_map(Self::adds)
            .filter(|flag| !has(flags, flag))
            .copied()
            .collect()
    }

    /// In the kernel's words (`arch/x86/include/asm/cpufeatures.h`): SCE is `syscall`, SSE3 `pni`, LZCNT
    /// part of `abm`. OSXSAVE has no word; without it the kernel shows no `xsave`.
    fn adds(self) -> &'static [&'static str] {
        match self {
            Self::V1 => &[
                "lm", "cmov", "cx8", "fpu", "fxsr", "mmx", "syscall", "sse", "sse2",
            ],
            Self::V2 => &[
                "cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3",
            ],
            Self::V3 => &[
                "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave",
            ],
            Self::V4 => &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
        }
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        const WORDS: &[&str] = &["x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4"];
        one_of(value, WORDS, &Self::ALL)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V1 => "x86-64-v1",
            Self::V2 => "x86-64-v2",
            Self::V3 => "x86-64-v3",
            Self::V4 => "x86-64-v4",
        })
    }
}
