//! What a host's kernel can do, which ports are taken, and which services it has. Their sections are
//! in an inventory only where they were asked for.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use muster_model::Section;
use muster_model::software::{Listener, Modules, Service, TransportProtocol};
use toml_span::{DeserError, Deserialize, Value};

use super::finding::Sorted;
use super::{Check, Finding, Kind, Outcome, parameters, read};
use crate::listed::listed;
use crate::machine::{Fact, Machine};
use crate::policy::software::{ModuleName, Port, UnitName};
use crate::policy::values::{Set, wrong};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "kernel_modules",
        about: "The kernel has `all_of` these modules: loaded, built in, or on disk to be loaded. `-` and \
                `_` are alike.",
        example: r#"{ all_of = ["overlay", "br_netfilter"] }"#,
        read: read::<KernelModules>,
    },
    Kind {
        name: "ports_free",
        about: "None of these ports of `tcp` or `udp` is taken, on any address. What is judged is the \
                network namespace in which the machine was discovered.",
        example: "{ tcp = [6443, 10250], udp = [8472] }",
        read: read::<PortsFree>,
    },
    Kind {
        name: "services_absent",
        about: "systemd has no unit file of `none_of` these services or sockets, or it is masked; \
                `docker` is `docker.service`.",
        example: r#"{ none_of = ["docker", "docker.socket"] }"#,
        read: read::<ServicesAbsent>,
    },
];

parameters! {
    struct KernelModules { all_of: Set<ModuleName> }
}

impl Check for KernelModules {
    fn required(&self) -> String {
        self.all_of.to_string()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Modules]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let modules = machine.inventory().modules.as_ref();
        Finding::of(machine.section(Section::Modules, modules), |modules| {
            self.look_for(machine, modules)
        })
    }
}

impl KernelModules {
    fn look_for(&self, machine: &Machine<'_>, modules: &Modules) -> Finding {
        let lists = [
            ("loaded", "loaded", &modules.loaded),
            ("built_in", "built in", &modules.built_in),
            ("loadable", "loadable", &modules.loadable),
        ];
        let (mut found, mut lacking) = (Vec::new(), Vec::new());
        for wanted in &self.all_of.0 {
            let name = wanted.in_kernel();
            let mut lists = lists.iter();
            match lists.find(|(_, _, list)| list.as_ref().is_some_and(|it| it.contains(&name))) {
                Some((_, how, _)) => found.push(format!("{wanted} ({how})")),
                None => lacking.push(wanted.to_string()),
            }
        }
        if lacking.is_empty() {
            return Finding::new(Outcome::Pass, found.join(", "));
        }
        let all_known = lists.iter().try_for_each(|(field, _, list)| {
            machine.fact(Section::Modules, field, list.as_ref())?;
            machine.complete(Section::Modules, field)
        });
        let finding = Finding::of(all_known, |()| {
            let lacking = lacking.join(", ");
            Finding::new(Outcome::Fail, format!("not {lacking}")).because(format!(
                "this kernel has {lacking} neither loaded nor built in, and no file to load"
            ))
        });
        finding.with_devices(lacking)
    }
}

parameters! {
    struct Ports {}
    optional { tcp: Set<Port>, udp: Set<Port> }
}

/// What is asked for: at least one of both.
#[derive(Debug)]
struct PortsFree(Ports);

impl<'de> Deserialize<'de> for PortsFree {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let ports = Ports::deserialize(value)?;
        if ports.tcp.is_none() && ports.udp.is_none() {
            let message = "say which ports: tcp = [6443], udp = [8472], or both";
            return Err(wrong(span, message).into());
        }
        Ok(Self(ports))
    }
}

impl Check for PortsFree {
    fn required(&self) -> String {
        let lists = [("tcp", &self.0.tcp), ("udp", &self.0.udp)];
        let lists = lists.iter().filter_map(|(protocol, ports)| {
            let ports = ports.as_ref()?;
            Some(format!("{protocol} {ports}"))
        });
        let lists: Vec<String> = lists.collect();
        format!("{} free", lists.join(" and "))
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Listeners]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let listeners = machine.inventory().listeners.as_deref();
        Finding::of(machine.section(Section::Listeners, listeners), |all| {
            let takes = |listener: &Listener| self.takes(machine, listener);
            let sorted = Sorted::by(all, in_words, takes);
            if sorted.yes.is_empty() && sorted.unknown.is_empty() {
                let complete = machine.complete(Section::Listeners, Section::Listeners.key());
                return Finding::of(complete, |()| Finding::new(Outcome::Pass, "all free"));
            }
            let finding = sorted.none();
            if finding.outcome != Outcome::Fail {
                return finding;
            }
            let taken = all.iter().filter(|it| takes(it) == Ok(true));
            let ports: BTreeSet<(Option<TransportProtocol>, u16)> =
                taken.map(|it| (it.protocol, it.port)).collect();
            let ports = ports.into_iter();
            let ports = ports.map(|(protocol, port)| format!("{} {port}", word(protocol)));
            let reasons = finding.devices.iter();
            let reasons = reasons.map(|address| format!("{address} is taken"));
            Finding {
                actual: Some(format!("{} taken", listed(ports))),
                reasons: reasons.collect(),
                ..finding
            }
        })
    }
}

impl PortsFree {
    /// Whether a socket has a port that has to be free.
    fn takes(&self, machine: &Machine<'_>, listener: &Listener) -> Fact<bool> {
        let is_in = |ports: &Option<Set<Port>>| {
            let mut ports = ports.iter();
            ports.any(|ports| ports.0.contains(&Port(listener.port)))
        };
        match (is_in(&self.0.tcp), is_in(&self.0.udp)) {
            (false, false) => Ok(false),
            (true, true) => Ok(true),
            (tcp, _) => {
                let (section, device) = (Section::Listeners, in_words(listener));
                let protocol = listener.protocol;
                let protocol = machine.device_fact(section, &device, "protocol", protocol)?;
                Ok((protocol == TransportProtocol::Tcp) == tcp)
            }
        }
    }
}

/// Such as `tcp 0.0.0.0:22` and `tcp [::]:22`.
fn in_words(listener: &Listener) -> String {
    let Listener { address, port, .. } = listener;
    let protocol = word(listener.protocol);
    match address.parse::<IpAddr>() {
        Ok(address) => format!("{protocol} {}", SocketAddr::new(address, *port)),
        Err(_) => format!("{protocol} {address}:{port}"),
    }
}

fn word(protocol: Option<TransportProtocol>) -> &'static str {
    match protocol {
        Some(TransportProtocol::Tcp) => "tcp",
        Some(TransportProtocol::Udp) => "udp",
        None => "port",
    }
}

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
    use crate::check::testing::{fault, hold, judged, required};

    fn with_warning(mut sections: Value, probe: &str, subject: &str) -> Value {
        let warning = json!({"probe": probe, "subject": subject, "kind": "denied", "message": "proc: denied"});
        sections["warnings"] = json!([warning]);
        sections
    }

    #[test]
    fn kernel_modules() {
        let modules = |built_in: Value, loadable: Value| json!({"modules": {"loaded": ["overlay", "br_netfilter"], "built_in": built_in, "loadable": loadable}});
        let all = || modules(json!(["ext4"]), json!(["overlay", "vfio_pci"]));
        let asked = r#"{ all_of = ["vfio-pci", "overlay", "ext4", "br-netfilter"] }"#;
        let loaded = r#"{ all_of = ["overlay"] }"#;
        let absent = r#"{ all_of = ["overlay", "vxlan"] }"#;
        let partly = || modules(json!(["ext4"]), Value::Null);
        let ways = "br-netfilter (loaded), ext4 (built in), overlay (loaded), vfio-pci (loadable)";
        let odd = with_warning(all(), "modules", "loadable");
        hold(
            "kernel_modules",
            &[
                (asked, all(), Pass, Some(ways)),
                (loaded, partly(), Pass, Some("overlay (loaded)")),
                (loaded, odd.clone(), Pass, Some("overlay (loaded)")),
                (absent, all(), Fail, Some("not vxlan")),
                (absent, partly(), Undetermined, None),
                // A list that was read in part may lack it.
                (absent, odd, Undetermined, None),
                (absent, json!({}), Undetermined, None),
            ],
        );
        let finding = judged("kernel_modules", absent, all());
        assert_eq!(finding.devices, ["vxlan"]);
        assert_eq!(
            finding.reasons,
            ["this kernel has vxlan neither loaded nor built in, and no file to load"]
        );
        let denied = with_warning(partly(), "modules", "loadable");
        assert_eq!(
            judged("kernel_modules", absent, denied).reasons,
            ["modules.loadable is unknown: proc: denied"]
        );
        assert!(fault("kernel_modules", r#"{ all_of = ["nvme.ko"] }"#).contains("lsmod(8)"));
    }

    #[test]
    fn ports_free() {
        let listener = |protocol: &str, address: &str, port: u16| json!({"protocol": protocol, "address": address, "port": port});
        let machine = json!({"listeners": [
            listener("tcp", "0.0.0.0", 22), listener("tcp", "::", 22), listener("udp", "127.0.0.1", 53),
            {"address": "10.0.0.1", "port": 80},
        ]});
        let odd = || with_warning(machine.clone(), "listeners", "listeners");
        let lost = with_warning(json!({"listeners": null}), "listeners", "listeners");
        hold(
            "ports_free",
            &[
                (
                    "{ tcp = [53], udp = [22] }",
                    machine.clone(),
                    Pass,
                    Some("all free"),
                ),
                (
                    "{ tcp = [443] }",
                    json!({"listeners": []}),
                    Pass,
                    Some("all free"),
                ),
                (
                    "{ udp = [53, 54] }",
                    machine.clone(),
                    Fail,
                    Some("udp 53 taken"),
                ),
                (
                    "{ tcp = [22], udp = [53] }",
                    odd(),
                    Fail,
                    Some("tcp 22, udp 53 taken"),
                ),
                (
                    "{ tcp = [80], udp = [80] }",
                    machine.clone(),
                    Fail,
                    Some("port 80 taken"),
                ),
                (
                    "{ tcp = [80] }",
                    machine.clone(),
                    Undetermined,
                    Some("none for certain"),
                ),
                ("{ tcp = [443] }", odd(), Undetermined, None),
                ("{ tcp = [443] }", lost.clone(), Undetermined, None),
                ("{ tcp = [443] }", json!({}), Undetermined, None),
            ],
        );
        let finding = judged("ports_free", "{ tcp = [22] }", machine);
        assert_eq!(finding.devices, ["tcp 0.0.0.0:22", "tcp [::]:22"]);
        assert_eq!(
            finding.reasons,
            ["tcp 0.0.0.0:22 is taken", "tcp [::]:22 is taken"]
        );
        assert_eq!(
            judged("ports_free", "{ tcp = [22] }", lost).reasons,
            ["listeners is unknown: proc: denied"]
        );
        assert_eq!(
            required("ports_free", "{ tcp = [6443, 22], udp = [53] }"),
            "tcp 22, 6443 and udp 53 free"
        );
        assert!(fault("ports_free", "{}").contains("say which ports"));
        for wrong in ["0", "65536", "\"22\""] {
            let parameters = format!("{{ tcp = [{wrong}] }}");
            assert!(fault("ports_free", &parameters).contains("1 to 65535"));
        }
    }

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
