//! Flaws of processors, and what the kernel does about them.

use muster_model::{Section, WarningKind};

use super::{Check, Finding, Outcome, cpu, parameters};
use crate::listed::listed;
use crate::machine::{Machine, Unknown};
use crate::policy::values::{Set, Text};

parameters! {
    pub(super) struct Mitigated {}
    optional { except: Set<Text> }
}

impl Check for Mitigated {
    fn required(&self) -> String {
        let except = self.except.as_ref();
        let except = except.map(|names| format!(" but {names}"));
        format!("no vulnerability{}", except.unwrap_or_default())
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let excepted = |name: &str| {
            let except = self.except.as_ref();
            except.is_some_and(|except| except.0.contains(&Text(name.to_owned())))
        };
        let known = &cpu(machine).vulnerabilities;
        let told = known.iter().filter(|(name, _)| !excepted(name));
        let open: Vec<_> = told.clone().filter(|(_, text)| is_open(text)).collect();
        if !open.is_empty() {
            let names = open.iter().map(|(name, _)| name.as_str());
            let mut finding = Finding::new(Outcome::Fail, listed(names));
            finding.reasons = open
                .iter()
                .map(|(name, text)| format!("{name}: {text}"))
                .collect();
            return finding;
        }
        if let Some(fault) = unread(machine) {
            return Finding::unknown(&fault);
        }
        let unsure = told.filter(|(_, text)| text.starts_with("Unknown"));
        let reasons: Vec<String> = unsure
            .map(|(name, text)| format!("the kernel cannot say of {name}: {text}"))
            .collect();
        if reasons.is_empty() {
            return Finding::new(Outcome::Pass, "none");
        }
        let mut finding = Finding::new(Outcome::Undetermined, "none for certain");
        finding.reasons = reasons;
        finding
    }
}

/// `Vulnerable…`, also of a part of it: `KVM: Vulnerable`, and `Processor vulnerable` of a kernel without KVM
/// (`Documentation/admin-guide/hw-vuln/multihit.rst`), `Mitigation: …; BHI: Vulnerable`
/// (`Documentation/admin-guide/hw-vuln/spectre.rst`). `SMT vulnerable` is said of every processor with
/// hyper-threads that is mitigated otherwise, and does not count.
fn is_open(text: &str) -> bool {
    text.split("; ").any(|part| {
        let state = part.split_once(": ").map_or(part, |(_, state)| state);
        let states = [part, state];
        states.iter().any(|state| state.starts_with("Vulnerable")) || part == "Processor vulnerable"
    })
}

/// Why there may be vulnerabilities that the inventory does not have. Kernels from before 2018 (4.15)
/// tell of none.
fn unread(machine: &Machine<'_>) -> Option<Unknown> {
    const FIELD: &str = "vulnerabilities";
    let told = machine.told(Section::Cpu, None, FIELD);
    let faulty = told.is_some_and(|warning| warning.kind != WarningKind::Absent);
    (faulty || cpu(machine).vulnerabilities.is_empty())
        .then(|| machine.unknown(Section::Cpu, None, FIELD))
}
