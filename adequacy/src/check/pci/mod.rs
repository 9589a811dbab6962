//! PCI functions: which there have to be and must not be, and whether their links are as fast as they
//! could be.

mod link;

use muster_model::Section;
use muster_model::pci::PciFunction;

use super::counting;
use super::finding::Sorted;
use super::{Check, Finding, Kind, Outcome, parameters, read};
use crate::machine::{Fact, Machine};
use crate::policy::hardware::PciPattern;
use crate::policy::values::{Count, Set};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "pci_present",
        about: "There is at least one PCI function, or `at_least` so many, that is `any_of` these: \
                vendor and device as 10de:2330, all of a vendor as 10de:*, by class (two, four or six \
                digits) as class:0302. One card may have several functions.",
        example: r#"{ any_of = ["10de:*", "class:0302"], at_least = 2 }"#,
        read: read::<Present>,
    },
    Kind {
        name: "pci_forbidden",
        about: "There is no PCI function that is `any_of` these, written as for pci_present.",
        example: r#"{ any_of = ["8086:10d3", "class:0b40"] }"#,
        read: read::<Forbidden>,
    },
    link::KIND,
];

parameters! {
    struct Present { any_of: Set<PciPattern> }
    optional { at_least: Count }
}

impl Present {
    fn least(&self) -> Count {
        self.at_least.unwrap_or(Count(1))
    }

    /// Why there are too few.
    fn lack(&self, all: usize, found: usize) -> String {
        let any_of = &self.any_of;
        match (all, found) {
            (0, _) => "there is no PCI function at all".to_owned(),
            (_, 0) => format!("none of the {all} PCI functions is one of {any_of}"),
            _ => format!("of the {all} PCI functions no other is one of {any_of}"),
        }
    }
}

impl Check for Present {
    fn required(&self) -> String {
        let count = counting::counted(self.least(), "PCI function");
        format!("at least {count} of {}", self.any_of)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Pci]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(functions(machine), |functions| {
            let finding = sorted(machine, &self.any_of, functions).at_least(self.least().0);
            match finding.outcome {
                Outcome::Fail => {
                    let reason = self.lack(functions.len(), finding.devices.len());
                    finding.because(reason)
                }
                _ => finding,
            }
        })
    }
}

parameters! {
    struct Forbidden { any_of: Set<PciPattern> }
}

impl Check for Forbidden {
    fn required(&self) -> String {
        format!("none of {}", self.any_of)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Pci]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(functions(machine), |functions| {
            let finding = sorted(machine, &self.any_of, functions).none();
            if finding.outcome != Outcome::Fail {
                return finding;
            }
            let concerns = finding.concerns();
            let found = functions.iter().filter(|function| concerns(&function.slot));
            finding.because_of(found, |function| {
                format!("{} is {}", function.slot, title(function))
            })
        })
    }
}

fn functions<'a>(machine: &Machine<'a>) -> Fact<&'a [PciFunction]> {
    machine.list(Section::Pci, &machine.inventory().pci)
}

/// The functions by whether they are one of those.
fn sorted(machine: &Machine<'_>, any_of: &Set<PciPattern>, functions: &[PciFunction]) -> Sorted {
    Sorted::by(
        functions,
        |function| function.slot.clone(),
        |function| fits(machine, any_of.0.iter(), function),
    )
}

/// Whether a function is one of those: one pattern that it fits decides, whatever is unknown of others.
fn fits<'a>(
    machine: &Machine<'_>,
    any_of: impl Iterator<Item = &'a PciPattern>,
    function: &PciFunction,
) -> Fact<bool> {
    let mut unknown = None;
    for pattern in any_of {
        match pattern.fits(function) {
            Some(true) => return Ok(true),
            Some(false) => {}
            None => unknown = unknown.or(Some(pattern)),
        }
    }
    let field = match unknown {
        None => return Ok(false),
        Some(PciPattern::Class(_)) => "class_code",
        Some(PciPattern::Device { .. }) if function.vendor_id.is_none() => "vendor_id",
        Some(PciPattern::Device { .. }) => "device_id",
    };
    Err(machine.unknown(Section::Pci, Some(&function.slot), field))
}

/// Numbers and names, as far as they are known: `8086:1572 Intel Corporation Ethernet …`.
fn title(function: &PciFunction) -> String {
    let ids = function.vendor_id.as_ref().zip(function.device_id.as_ref());
    let ids = ids.map(|(vendor, device)| format!("{vendor}:{device}"));
    let names = [&function.vendor, &function.device];
    let parts: Vec<String> = ids
        .into_iter()
        .chain(names.into_iter().flatten().cloned())
        .collect();
    match parts.as_slice() {
        [] => "a function without a name".to_owned(),
        parts => parts.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged, required};

    fn machine() -> Value {
        json!({"pci": [
            {"slot": "0000:00:00.0", "vendor_id": "8086", "device_id": "29c0", "class_code": "060000"},
            {"slot": "0000:01:00.0", "vendor_id": "10de", "device_id": "2330", "class_code": "030200",
                "vendor": "NVIDIA Corporation", "device": "GH100"},
            {"slot": "0000:02:00.0", "vendor_id": "10de", "device_id": "2330", "class_code": "030200"},
        ]})
    }

    fn unread() -> Value {
        let mut machine = machine();
        let unread = json!({"slot": "0000:03:00.0"});
        machine["pci"].as_array_mut().unwrap().push(unread);
        machine
    }

    #[test]
    fn pci_present() {
        hold(
            "pci_present",
            &[
                (r#"{ any_of = ["10de:*"] }"#, machine(), Pass, Some("2")),
                (
                    r#"{ any_of = ["class:03"], at_least = 2 }"#,
                    machine(),
                    Pass,
                    Some("2"),
                ),
                (
                    r#"{ any_of = ["8086:*", "10de:2330"], at_least = 3 }"#,
                    machine(),
                    Pass,
                    Some("3"),
                ),
                (
                    r#"{ any_of = ["10de:*"], at_least = 3 }"#,
                    machine(),
                    Fail,
                    Some("2"),
                ),
                (r#"{ any_of = ["15b3:*"] }"#, machine(), Fail, Some("0")),
                (
                    r#"{ any_of = ["15b3:*"] }"#,
                    json!({"pci": []}),
                    Fail,
                    Some("0"),
                ),
                (r#"{ any_of = ["10de:*"] }"#, unread(), Pass, Some("2")),
                (
                    r#"{ any_of = ["10de:*"], at_least = 3 }"#,
                    unread(),
                    Undetermined,
                    Some("2"),
                ),
                (
                    r#"{ any_of = ["10de:*"], at_least = 4 }"#,
                    unread(),
                    Fail,
                    Some("2"),
                ),
                (r#"{ any_of = ["10de:*"] }"#, json!({}), Undetermined, None),
            ],
        );
        let finding = judged("pci_present", r#"{ any_of = ["15b3:*"] }"#, machine());
        assert_eq!(
            finding.reasons,
            ["none of the 3 PCI functions is one of 15b3:*"]
        );
    }

    #[test]
    fn pci_forbidden() {
        hold(
            "pci_forbidden",
            &[
                (r#"{ any_of = ["15b3:*"] }"#, machine(), Pass, Some("none")),
                (
                    r#"{ any_of = ["15b3:*"] }"#,
                    json!({"pci": []}),
                    Pass,
                    Some("none"),
                ),
                (
                    r#"{ any_of = ["10DE:2330"] }"#,
                    machine(),
                    Fail,
                    Some("0000:01:00.0, 0000:02:00.0"),
                ),
                (
                    r#"{ any_of = ["class:06"] }"#,
                    unread(),
                    Fail,
                    Some("0000:00:00.0"),
                ),
                (
                    r#"{ any_of = ["15b3:*"] }"#,
                    unread(),
                    Undetermined,
                    Some("none for certain"),
                ),
                (r#"{ any_of = ["15b3:*"] }"#, json!({}), Undetermined, None),
            ],
        );
        let finding = judged("pci_forbidden", r#"{ any_of = ["10de:*"] }"#, machine());
        assert_eq!(
            finding.reasons,
            [
                "0000:01:00.0 is 10de:2330 NVIDIA Corporation GH100",
                "0000:02:00.0 is 10de:2330",
            ]
        );
    }

    #[test]
    fn what_is_asked_for_reads_well() {
        let patterns = r#"{ any_of = ["10de:*", "class:0302"] }"#;
        assert_eq!(
            required("pci_present", patterns),
            "at least 1 PCI function of 10de:*, class:0302"
        );
        assert_eq!(
            required("pci_forbidden", patterns),
            "none of 10de:*, class:0302"
        );
    }
}
