//! Ports that have to be free.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use muster_model::Section;
use muster_model::software::{Listener, TransportProtocol};
use toml_span::{DeserError, Deserialize, Value};

use super::{Check, Finding, Kind, Outcome, Sorted, parameters, read};
use crate::listed::listed;
use crate::machine::{Fact, Machine};
use crate::policy::software::Port;
use crate::policy::values::{Set, wrong};

pub(super) const KIND: Kind = Kind {
    name: "ports_free",
    about: "None of these ports of `tcp` or `udp` is taken, on any address. What is judged is the \
            network namespace in which the machine was discovered.",
    example: "{ tcp = [6443, 10250], udp = [8472] }",
    read: read::<PortsFree>,
};

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{fault, hold, judged, required, with_warning};

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
}
