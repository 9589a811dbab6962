//! Disks: how many of a sort, their health, and that the system has one to itself.

mod boot;
mod health;

use muster_model::Section;
use muster_model::disk::Disk;

use super::counting::{self, Lack, asked};
use super::{Check, Finding, Kind, Outcome, finding, parameters, read};
use crate::machine::{Fact, Machine};
use crate::policy::hardware::TransportName;
use crate::policy::size::Size;
use crate::policy::values::{Count, Set};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "disks",
        about: "There are `at_least` so many disks, counting those alone that are of \
                `size_at_least`, `rotational` or not (the kernel takes many virtual disks for \
                rotational), attached by one of the `transport`s, `available` for data or not \
                (available is empty, fixed, writable, of 8 GiB or more, and not the boot disk), and \
                `healthy` or not (not healthy is failing, or in need of attention; a disk without a \
                health of its own, such as a virtual one, is healthy).",
        example: r#"{ at_least = 2, size_at_least = "400 GB", rotational = false, transport = ["nvme", "sas"], available = true, healthy = true }"#,
        read: read::<Disks>,
    },
    health::KIND,
    boot::KIND,
];

parameters! {
    struct Disks { at_least: Count }
    optional {
        size_at_least: Size,
        rotational: bool,
        transport: Set<TransportName>,
        available: bool,
        healthy: bool,
    }
}

impl Check for Disks {
    fn required(&self) -> String {
        let word = |wanted: Option<bool>, yes: &str, no: &str| {
            wanted.map(|wanted| if wanted { yes } else { no }.to_owned())
        };
        let criteria = [
            self.size_at_least
                .map(|size| format!("of at least {size} each")),
            word(self.rotational, "rotational", "not rotational"),
            self.transport
                .as_ref()
                .map(|transports| format!("attached by {}", transports.choice())),
            word(
                self.available,
                "available for data",
                "in use or unfit for data",
            ),
            word(self.healthy, "healthy", "failing or in need of attention"),
        ];
        counting::required(self.at_least, "disk", criteria)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Disks, Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(disks(machine), |disks| {
            counting::at_least(
                self.at_least,
                disks,
                |disk| disk.name.as_str(),
                |disk| self.lack(machine, disk),
            )
        })
    }
}

impl Disks {
    /// What keeps a disk from being counted.
    fn lack(&self, machine: &Machine<'_>, disk: &Disk) -> Lack {
        let of_size = asked(self.size_at_least.as_ref(), |least| {
            let bytes = fact(machine, disk, "size_bytes", disk.size_bytes)?;
            let lacks = || format!("only {}", least.beside(bytes));
            Ok((bytes < least.bytes).then(lacks))
        });
        let of_kind = asked(self.rotational.as_ref(), |wanted| {
            let is = fact(machine, disk, "rotational", disk.rotational)?;
            let lacks = if is { "rotational" } else { "not rotational" };
            Ok((is != *wanted).then(|| lacks.to_owned()))
        });
        let of_transport = asked(self.transport.as_ref(), |wanted| {
            let transport = fact(machine, disk, "transport", disk.transport)?;
            let name = TransportName(transport);
            Ok((!wanted.0.contains(&name)).then(|| format!("attached by {name}")))
        });
        let of_use = asked(self.available.as_ref(), |wanted| {
            let is = fact(machine, disk, "available", disk.available)?;
            Ok((is != *wanted).then(|| use_of(disk)))
        });
        let of_health = asked(self.healthy.as_ref(), |wanted| {
            let ailment = health::ailment(machine, disk)?;
            Ok(match (ailment, *wanted) {
                (Some(ailment), true) => Some(ailment),
                (None, false) => Some("healthy".to_owned()),
                (Some(_), false) | (None, true) => None,
            })
        });
        counting::all([of_size, of_kind, of_transport, of_use, of_health])
    }
}

/// Why a disk is not available, or that it is.
fn use_of(disk: &Disk) -> String {
    match (disk.available, disk.unavailable_reasons.as_slice()) {
        (Some(true), _) => "available for data".to_owned(),
        (_, []) => "not available for data".to_owned(),
        (_, reasons) => format!("not available for data ({})", reasons.join(", ")),
    }
}

fn disks<'a>(machine: &Machine<'a>) -> Fact<&'a [Disk]> {
    machine.list(Section::Disks, &machine.inventory().disks)
}

fn fact<T>(machine: &Machine<'_>, disk: &Disk, field: &str, value: Option<T>) -> Fact<T> {
    machine.device_fact(Section::Disks, &disk.name, field, value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged};

    fn disks(disks: &[Value]) -> Value {
        json!({"disks": disks})
    }

    #[test]
    fn disks_of_a_sort_are_counted() {
        let large = json!({"name": "nvme0n1", "size_bytes": 2u64 << 40, "rotational": false,
            "transport": "nvme", "available": true, "health": {"status": "ok"}});
        let slow = json!({"name": "sda", "size_bytes": 1u64 << 40, "rotational": true,
            "transport": "sata", "available": false, "health": {"status": "failing"}});
        let vague = json!({"name": "sdb", "size_bytes": 4u64 << 40});
        let all = || disks(&[large.clone(), slow.clone()]);
        hold(
            "disks",
            &[
                ("{ at_least = 2 }", all(), Pass, Some("2")),
                ("{ at_least = 3 }", all(), Fail, Some("2")),
                (
                    r#"{ at_least = 2, size_at_least = "1 TiB" }"#,
                    all(),
                    Pass,
                    Some("2"),
                ),
                (
                    r#"{ at_least = 2, size_at_least = "2 TiB" }"#,
                    all(),
                    Fail,
                    Some("1"),
                ),
                (
                    "{ at_least = 1, rotational = true }",
                    all(),
                    Pass,
                    Some("1"),
                ),
                (
                    "{ at_least = 2, rotational = false }",
                    all(),
                    Fail,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 1, transport = ["sas", "nvme"] }"#,
                    all(),
                    Pass,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 1, transport = ["sas"] }"#,
                    all(),
                    Fail,
                    Some("0"),
                ),
                ("{ at_least = 1, available = true }", all(), Pass, Some("1")),
                ("{ at_least = 2, available = true }", all(), Fail, Some("1")),
                (
                    "{ at_least = 1, available = false }",
                    all(),
                    Pass,
                    Some("1"),
                ),
                ("{ at_least = 2, healthy = true }", all(), Fail, Some("1")),
                ("{ at_least = 1, healthy = false }", all(), Pass, Some("1")),
                ("{ at_least = 1 }", disks(&[]), Fail, Some("0")),
                ("{ at_least = 1 }", json!({}), Undetermined, None),
                // An unknown fact that is not asked for does no harm, nor one that does not decide.
                (
                    "{ at_least = 1 }",
                    disks(std::slice::from_ref(&vague)),
                    Pass,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 1, size_at_least = "5 TiB", rotational = false }"#,
                    disks(std::slice::from_ref(&vague)),
                    Fail,
                    Some("0"),
                ),
                (
                    "{ at_least = 1, available = true }",
                    disks(&[slow.clone(), vague.clone()]),
                    Undetermined,
                    Some("0"),
                ),
                (
                    "{ at_least = 2, available = true }",
                    disks(&[slow.clone(), vague.clone()]),
                    Fail,
                    Some("0"),
                ),
            ],
        );
    }

    #[test]
    fn what_lacks_is_said() {
        let disks = disks(&[
            json!({"name": "sda", "size_bytes": (1u64 << 40) - 1, "available": true}),
            json!({"name": "sdb", "size_bytes": 2u64 << 40, "available": false,
                "unavailable_reasons": ["mounted at /", "has partitions"]}),
            json!({"name": "sdc", "size_bytes": 2u64 << 40, "available": true}),
        ]);
        let parameters = r#"{ at_least = 2, size_at_least = "1 TiB", available = true }"#;
        let finding = judged("disks", parameters, disks);
        assert_eq!(
            finding.reasons,
            [
                "sda: only 1 TiB less 1 B",
                "sdb: not available for data (mounted at /, has partitions)"
            ]
        );
        assert_eq!(finding.devices, ["sda", "sdb"]);
    }

    #[test]
    fn what_is_asked_for_reads_well() {
        let required = |parameters: &str| crate::check::testing::required("disks", parameters);
        assert_eq!(required("{ at_least = 1 }"), "at least 1 disk");
        assert_eq!(
            required(
                r#"{ at_least = 2, size_at_least = "400 GB", rotational = false, transport = ["sas", "nvme"], available = true, healthy = true }"#
            ),
            "at least 2 disks, of at least 400 GB each, not rotational, attached by one of nvme, sas, \
             available for data, healthy"
        );
    }
}
