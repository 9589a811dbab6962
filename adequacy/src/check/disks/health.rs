//! The health of disks by their own account.

use muster_model::disk::{Disk, Health, HealthStatus, Transport};
use muster_model::host::VirtualizationKind;
use muster_model::{Origin, Section};

use super::finding::Sorted;
use super::{Check, Finding, Kind, Outcome, disks, parameters, read};
use crate::machine::{Fact, Machine};

pub(super) const KIND: Kind = Kind {
    name: "disk_health",
    about: "No disk is failing or in need of attention by its own account. Virtual disks, \
            volumes of RAID controllers and disks behind USB have no health of their own to \
            tell and are passed over.",
    example: "{}",
    read: read::<DiskHealth>,
};

parameters! {
    struct DiskHealth {}
}

impl Check for DiskHealth {
    fn required(&self) -> String {
        "no disk that is failing or in need of attention".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Disks, Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(disks(machine), |disks| {
            let sorted = Sorted::by(
                disks,
                |disk| disk.name.clone(),
                |disk| ailment(machine, disk).map(|ailment| ailment.is_some()),
            );
            let finding = sorted.none();
            match finding.outcome {
                Outcome::Pass => Finding::new(Outcome::Pass, in_words(disks)),
                Outcome::Undetermined => finding,
                Outcome::Fail => {
                    disks
                        .iter()
                        .fold(finding, |finding, disk| match ailment(machine, disk) {
                            Ok(Some(ailment)) => {
                                finding.because(format!("{}: {ailment}", disk.name))
                            }
                            _ => finding,
                        })
                }
            }
        })
    }
}

/// How many are healthy, and how many do not say.
fn in_words(disks: &[Disk]) -> String {
    let is_silent = |disk: &&Disk| disk.health.status.is_none();
    let silent = disks.iter().filter(is_silent).count();
    match (disks.len() - silent, silent) {
        (0, 0) => "no disks".to_owned(),
        (well, 0) => format!("{well} healthy"),
        (0, silent) => format!("{silent} without health data"),
        (well, silent) => format!("{well} healthy, {silent} without health data"),
    }
}

/// What ails a disk; nothing when it is well, or has no health of its own to tell.
pub(super) fn ailment(machine: &Machine<'_>, disk: &Disk) -> Fact<Option<String>> {
    match disk.health.status {
        Some(HealthStatus::Ok) => Ok(None),
        Some(HealthStatus::Warning) => Ok(Some(with_numbers("it needs attention", &disk.health))),
        Some(HealthStatus::Failing) => Ok(Some(with_numbers("it is failing", &disk.health))),
        None if has_no_health(machine, disk) => Ok(None),
        None => Err(machine.unknown(Section::Disks, Some(&disk.name), "health.status")),
    }
}

/// The numbers that speak for themselves.
fn with_numbers(status: &str, health: &Health) -> String {
    let errors = health.media_errors.filter(|errors| *errors > 0);
    let replaced = health.reallocated_sectors.filter(|sectors| *sectors > 0);
    let used = health.percentage_used.filter(|used| *used >= 100);
    let numbers = [
        errors.map(|errors| format!("media errors: {errors}")),
        replaced.map(|sectors| format!("sectors replaced: {sectors}")),
        used.map(|used| format!("{used} % of its rated endurance used")),
    ];
    let numbers = numbers.into_iter().flatten();
    numbers.fold(status.to_owned(), |text, number| {
        format!("{text}, {number}")
    })
}

/// Whether there is nothing to ask: disks of these kinds never tell, and neither do those that are
/// emulated for a virtual machine, which look like real ones.
fn has_no_health(machine: &Machine<'_>, disk: &Disk) -> bool {
    use Transport::{Fc, Fcoe, Ide, Nvme, NvmeFabrics, Sas, Sata, Scsi};
    match disk.transport {
        None => false,
        Some(Nvme | NvmeFabrics | Sata | Ide | Sas | Scsi | Fc | Fcoe) => {
            is_emulated(machine) && !may_be_told(machine, disk)
        }
        Some(_) => true,
    }
}

fn is_emulated(machine: &Machine<'_>) -> bool {
    machine.inventory().host.virtualization.kind == Some(VirtualizationKind::Vm)
}

/// Whether discovery could not ask this disk as it would have: another run may know.
fn may_be_told(machine: &Machine<'_>, disk: &Disk) -> bool {
    let warning = machine.told(Section::Disks, Some(&disk.name), "health.status");
    machine.inventory().source == Some(Origin::Root) || warning.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged};

    fn disk(name: &str, transport: &str, status: Option<&str>) -> Value {
        json!({"name": name, "transport": transport, "health": {"status": status}})
    }

    #[test]
    fn disk_health() {
        let disks = |disks: &[Value]| json!({"disks": disks});
        let well = disk("nvme0n1", "nvme", Some("ok"));
        let silent = disk("sda", "sata", None);
        let worn = disk("sdb", "sas", Some("warning"));
        let sick = disk("sdc", "sata", Some("failing"));
        let volume = disk("sdd", "raid", None);
        let emulated = disk("vda", "virtio", None);
        let odd = json!({"name": "odd"});
        hold(
            "disk_health",
            &[
                ("{}", disks(&[]), Pass, Some("no disks")),
                (
                    "{}",
                    disks(std::slice::from_ref(&well)),
                    Pass,
                    Some("1 healthy"),
                ),
                (
                    "{}",
                    disks(&[well.clone(), volume]),
                    Pass,
                    Some("1 healthy, 1 without health data"),
                ),
                (
                    "{}",
                    disks(&[emulated]),
                    Pass,
                    Some("1 without health data"),
                ),
                ("{}", disks(&[well.clone(), worn]), Fail, Some("sdb")),
                // What is unknown of one does not make up for another.
                ("{}", disks(&[silent.clone(), sick]), Fail, Some("sdc")),
                (
                    "{}",
                    disks(&[well, silent]),
                    Undetermined,
                    Some("none for certain"),
                ),
                ("{}", disks(&[odd]), Undetermined, Some("none for certain")),
                ("{}", json!({}), Undetermined, None),
            ],
        );
    }

    #[test]
    fn emulated_disks_have_no_health_unless_they_could_not_be_asked() {
        let machine = |kind: &str, source: &str, warnings: Value| {
            json!({
                "host": {"virtualization": {"kind": kind}},
                "source": source,
                "disks": [disk("sda", "scsi", None)],
                "warnings": warnings,
            })
        };
        let outcome = |machine| judged("disk_health", "{}", machine).outcome;
        let warning = |probe: &str, subject: &str| json!([{"probe": probe, "subject": subject, "kind": "denied", "message": "denied"}]);
        assert_eq!(outcome(machine("vm", "live", json!([]))), Pass);
        assert_eq!(
            outcome(machine("vm", "live", warning("disks", "sdb"))),
            Pass
        );
        assert_eq!(outcome(machine("none", "live", json!([]))), Undetermined);
        assert_eq!(
            outcome(machine("container", "live", json!([]))),
            Undetermined
        );
        assert_eq!(outcome(machine("vm", "root", json!([]))), Undetermined);
        for subject in ["sda", "disks"] {
            let machine = machine("vm", "live", warning("disks", subject));
            let finding = judged("disk_health", "{}", machine);
            assert_eq!(finding.outcome, Undetermined);
            assert_eq!(
                finding.reasons,
                ["disks[sda].health.status is unknown: denied"]
            );
        }
    }

    #[test]
    fn numbers_say_what_ails() {
        let sick = json!({"name": "sda", "health": {
            "status": "failing", "media_errors": 0, "reallocated_sectors": 12, "percentage_used": 104,
        }});
        let finding = judged("disk_health", "{}", json!({"disks": [sick]}));
        assert_eq!(
            finding.reasons,
            ["sda: it is failing, sectors replaced: 12, 104 % of its rated endurance used"]
        );
        assert_eq!(finding.devices, ["sda"]);
    }
}
