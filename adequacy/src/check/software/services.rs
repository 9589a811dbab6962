//! Services of systemd that must not be there.

use muster_model::Section;
use muster_model::software::Service;

use super::{Check, Finding, Kind, Outcome, Sorted, parameters, read};
use crate::machine::{Fact, Machine};
use crate::policy::software::UnitName;
use crate::policy::values::Set;

pub(super) const KIND: Kind = Kind {
    name: "services_absent",
    about: "systemd has no unit file of `none_of` these services or sockets, or it is masked; \
            `docker` is `docker.service`.",
    example: r#"{ none_of = ["docker", "docker.socket"] }"#,
    read: read::<ServicesAbsent>,
};

parameters! {
    struct ServicesAbsent { none_of: Set<UnitName> }
}

impl Check for ServicesAbsent {
    fn required(&self) -> String {
        format!("none of {}", self.none_of)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Services]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let services = machine.inventory().services.as_deref();
        Finding::of(machine.section(Section::Services, services), |all| {
            let named = |service: &&Service| {
                let mut names = self.none_of.0.iter();
                names.any(|name| name.as_str() == service.name)
            };
            let named: Vec<&Service> = all.iter().filter(named).collect();
            let finding = Sorted::by(
                named.iter().copied(),
                |service| service.name.clone(),
                |service| can_start(machine, service),
            )
            .none();
            match finding.outcome {
                Outcome::Undetermined => finding,
                Outcome::Pass => {
                    let complete = machine.complete(Section::Services, Section::Services.key());
                    Finding::of(complete, |()| finding)
                }
                Outcome::Fail => {
                    let concerns = finding.concerns();
                    let found = named.iter().filter(|it| concerns(&it.name));
                    let reasons = found.map(|service| told(service)).collect();
                    Finding { reasons, ..finding }
                }
            }
        })
    }
}

fn can_start(machine: &Machine<'_>, service: &Service) -> Fact<bool> {
    let masked = service.masked;
    let masked = machine.device_fact(Section::Services, &service.name, "masked", masked);
    masked.map(|masked| !masked)
}

fn told(service: &Service) -> String {
    let name = &service.name;
    match service.enabled {
        Some(true) => format!("{name} is there, and enabled"),
        Some(false) => format!("{name} is there, though not enabled"),
        None => format!("{name} is there; whether it is enabled is unknown"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged, required, with_warning};

    #[test]
    fn services_absent() {
        let service = |name: &str, enabled: Value, masked: Value| json!({"name": name, "enabled": enabled, "masked": masked});
        let machine = json!({"services": [
            service("apache2.service", json!(false), json!(true)),
            service("cups.socket", json!(null), json!(false)),
            service("docker.service", json!(true), json!(false)),
            service("k3s.service", json!(false), json!(false)),
            service("odd.service", json!(false), json!(null)),
        ]});
        let odd = || with_warning(machine.clone(), "services", "services");
        let asked = |names: &str| format!("{{ none_of = [{names}] }}");
        let masked = asked(r#""apache2", "cups""#);
        let there = asked(r#""docker", "k3s", "cups.socket", "odd""#);
        let unclear = asked(r#""odd.service""#);
        hold(
            "services_absent",
            &[
                (&masked, machine.clone(), Pass, Some("none")),
                (&masked, json!({"services": []}), Pass, Some("none")),
                (
                    &there,
                    odd(),
                    Fail,
                    Some("cups.socket, docker.service, k3s.service"),
                ),
                (
                    &unclear,
                    machine.clone(),
                    Undetermined,
                    Some("none for certain"),
                ),
                (&masked, odd(), Undetermined, None),
                (&masked, json!({}), Undetermined, None),
            ],
        );
        assert_eq!(
            judged("services_absent", &there, machine).reasons,
            [
                "cups.socket is there; whether it is enabled is unknown",
                "docker.service is there, and enabled",
                "k3s.service is there, though not enabled",
            ]
        );
        assert_eq!(required("services_absent", &unclear), "none of odd.service");
    }

    #[test]
    fn what_was_not_asked_for_is_said_with_how_to_ask() {
        let finding = judged("services_absent", r#"{ none_of = ["a"] }"#, json!({}));
        assert_eq!(
            finding.reasons,
            [
                "services is unknown: the inventory was made without it; discover the machine again with the \
                 section services: muster discover -s …,services, or muster check on the machine itself"
            ]
        );
    }
}
