//! Firmware, and how it starts the system.

use std::fmt;

use muster_model::Section;
use muster_model::host::{BootMode, Host};
use toml_span::{DeserError, Deserialize, Value};

use super::{Check, Finding, Kind, Outcome, parameters, read};
use crate::machine::{Machine, Unknown};
use crate::policy::date::Date;
use crate::policy::values::one_of;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "boot_mode",
        about: "The firmware started the system as `is` says: `efi`, or `bios` (that of a PC, or UEFI \
                in compatibility mode).",
        example: r#"{ is = "efi" }"#,
        read: read::<StartedBy>,
    },
    Kind {
        name: "secure_boot",
        about: "UEFI enforces Secure Boot, or with `is = false` does not.",
        example: "{ is = true }",
        read: read::<SecureBoot>,
    },
    Kind {
        name: "tpm",
        about: "There is a Trusted Platform Module of `at_least` this family, 1.2 or 2.0.",
        example: r#"{ at_least = "2.0" }"#,
        read: read::<Tpm>,
    },
    Kind {
        name: "bios_date",
        about: "The firmware was released on the day `not_before` or later.",
        example: r#"{ not_before = "2023-05-01" }"#,
        read: read::<Released>,
    },
];

parameters! {
    struct StartedBy { is: Mode }
}

/// A boot mode, in a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mode(BootMode);

impl Check for StartedBy {
    fn required(&self) -> String {
        self.is.to_string()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let mode = machine.fact(Section::Host, "boot_mode", host(machine).boot_mode);
        Finding::of(mode, |mode| {
            let mode = Mode(mode);
            Finding::decided(mode == self.is, mode.to_string())
        })
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        const MODES: [Mode; 2] = [Mode(BootMode::Efi), Mode(BootMode::Bios)];
        one_of(value, &["efi", "bios"], &MODES)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            BootMode::Efi => "UEFI",
            BootMode::Bios => "BIOS",
        })
    }
}

parameters! {
    struct SecureBoot { is: bool }
}

impl Check for SecureBoot {
    fn required(&self) -> String {
        format!("Secure Boot {}", enforced(self.is))
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let host = host(machine);
        let is = machine.fact(Section::Host, "secure_boot", host.secure_boot);
        Finding::of(is, |is| {
            let finding = Finding::decided(is == self.is, enforced(is));
            match host.boot_mode {
                Some(BootMode::Bios) if finding.outcome == Outcome::Fail => {
                    finding.because("the system was started by BIOS, which has no Secure Boot")
                }
                _ => finding,
            }
        })
    }
}

fn enforced(is: bool) -> &'static str {
    match is {
        true => "enforced",
        false => "not enforced",
    }
}

parameters! {
    struct Tpm { at_least: Family }
}

/// Of a TPM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    V1_2,
    V2_0,
}

impl Check for Tpm {
    fn required(&self) -> String {
        format!("at least {}", self.at_least)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        const FIELD: &str = "tpm.version";
        let Some(version) = host(machine).tpm.version.as_deref() else {
            return Finding::of(machine.absent(Section::Host, FIELD), |()| {
                Finding::new(Outcome::Fail, "none").because(
                    "the kernel sees no TPM: there is none, firmware has switched it off, or its driver \
                     is not loaded",
                )
            });
        };
        let family = Family::ALL
            .into_iter()
            .find(|family| family.to_string() == version);
        let family = family.ok_or_else(|| Unknown {
            fact: format!("{}.{FIELD}", Section::Host.key()),
            reason: format!("{version} is no family that is known here"),
        });
        Finding::of(family, |family| {
            Finding::decided(family >= self.at_least, version)
        })
    }
}

impl Family {
    const ALL: [Self; 2] = [Self::V1_2, Self::V2_0];
}

impl<'de> Deserialize<'de> for Family {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        one_of(value, &["1.2", "2.0"], &Self::ALL)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V1_2 => "1.2",
            Self::V2_0 => "2.0",
        })
    }
}

parameters! {
    struct Released { not_before: Date }
}

impl Check for Released {
    fn required(&self) -> String {
        format!("{} or later", self.not_before)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Bios]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let date = machine.inventory().bios.date.as_deref();
        let date = machine.fact(Section::Bios, "date", date).and_then(|text| {
            text.parse::<Date>().map_err(|_| Unknown {
                fact: "bios.date".to_owned(),
                reason: format!("{text:?} is no day of the calendar"),
            })
        });
        Finding::of(date, |date| {
            Finding::decided(date >= self.not_before, date.to_string())
        })
    }
}

fn host<'a>(machine: &Machine<'a>) -> &'a Host {
    &machine.inventory().host
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{hold, judged};
    use crate::check::Outcome::{Fail, Pass, Undetermined};

    fn host(field: &str, value: &Value) -> Value {
        json!({"host": {field: value}})
    }

    #[test]
    fn boot_mode() {
        let of = |mode: &str| host("boot_mode", &json!(mode));
        hold(
            "boot_mode",
            &[
                (r#"{ is = "efi" }"#, of("efi"), Pass, Some("UEFI")),
                (r#"{ is = "efi" }"#, of("bios"), Fail, Some("BIOS")),
                (r#"{ is = "bios" }"#, of("bios"), Pass, Some("BIOS")),
                (r#"{ is = "efi" }"#, json!({"host": {}}), Undetermined, None),
                (r#"{ is = "efi" }"#, json!({}), Undetermined, None),
            ],
        );
    }

    #[test]
    fn secure_boot() {
        let of = |is: bool| host("secure_boot", &json!(is));
        let (on, off) = ("{ is = true }", "{ is = false }");
        hold(
            "secure_boot",
            &[
                (on, of(true), Pass, Some("enforced")),
                (on, of(false), Fail, Some("not enforced")),
                (off, of(false), Pass, Some("not enforced")),
                (off, of(true), Fail, Some("enforced")),
                (on, json!({"host": {}}), Undetermined, None),
                (off, json!({"host": {}}), Undetermined, None),
                (on, json!({}), Undetermined, None),
            ],
        );
        let bios = json!({"host": {"boot_mode": "bios", "secure_boot": false}});
        assert!(judged("secure_boot", on, bios).reasons[0].contains("BIOS"));
    }

    #[test]
    fn tpm() {
        let of = |version: &str| host("tpm", &json!({"version": version}));
        let (two, one) = (r#"{ at_least = "2.0" }"#, r#"{ at_least = "1.2" }"#);
        let unread = json!({
            "host": {},
            "warnings": [{
                "probe": "host", "subject": "tpm", "kind": "absent", "message": "this kernel does not tell",
            }],
        });
        let tree = json!({"host": {}, "source": "root"});
        hold(
            "tpm",
            &[
                (two, of("2.0"), Pass, Some("2.0")),
                (one, of("2.0"), Pass, Some("2.0")),
                (two, of("1.2"), Fail, Some("1.2")),
                (two, json!({"host": {}}), Fail, Some("none")),
                (two, of("3.0"), Undetermined, None),
                (two, unread, Undetermined, None),
                (two, tree, Undetermined, None),
                (two, json!({}), Undetermined, None),
            ],
        );
    }

    #[test]
    fn bios_date() {
        let of = |date: &str| json!({"bios": {"date": date}});
        let may = r#"{ not_before = "2023-05-01" }"#;
        hold(
            "bios_date",
            &[
                (may, of("2023-05-01"), Pass, Some("2023-05-01")),
                (may, of("2024-01-31"), Pass, Some("2024-01-31")),
                (may, of("2023-04-30"), Fail, Some("2023-04-30")),
                (may, of("1999-12-31"), Fail, Some("1999-12-31")),
                (may, of("2023-02-31"), Undetermined, None),
                (may, json!({"bios": {}}), Undetermined, None),
                (may, json!({}), Undetermined, None),
            ],
        );
    }
}
