//! How many links of a sort there are.

use muster_model::Section;
use muster_model::network::{InterfaceKind, NetworkInterface};

use super::counting::{self, Lack, asked};
use super::{
    Check, Finding, Kind, fact, has_signal, interfaces, is_of_kind, parameters, read,
    without_signal,
};
use crate::machine::Machine;
use crate::policy::speed::Speed;
use crate::policy::values::{Count, Set, Text};

pub(super) const KIND: Kind = Kind {
    name: "network_links",
    about: "There are `at_least` so many ports of network cards, counting those alone that run at \
            `speed_at_least`, have a `carrier` or not, and have one of the `drivers`. Virtual \
            functions, bonds and other interfaces made by software, wireless and InfiniBand are not \
            counted; a port that leads over USB to the management controller is, unless speed or \
            driver tell it apart.",
    example: r#"{ at_least = 2, speed_at_least = "25 Gb/s", carrier = true, drivers = ["ice", "mlx5_core"] }"#,
    read: read::<Links>,
};

parameters! {
    struct Links { at_least: Count }
    optional { speed_at_least: Speed, carrier: bool, drivers: Set<Text> }
}

impl Check for Links {
    fn required(&self) -> String {
        let criteria = [
            self.speed_at_least
                .map(|speed| format!("of at least {speed} each")),
            self.carrier.map(|wanted| match wanted {
                true => "with a signal".to_owned(),
                false => "without a signal".to_owned(),
            }),
            self.drivers
                .as_ref()
                .map(|drivers| format!("with driver {}", drivers.choice())),
        ];
        counting::required(self.at_least, "link", criteria)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Network]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(interfaces(machine), |interfaces| {
            counting::at_least(
                self.at_least,
                interfaces.iter().filter(|interface| may_be_port(interface)),
                |interface| interface.name.as_str(),
                |interface| self.lack(machine, interface),
            )
        })
    }
}

impl Links {
    /// What keeps a port from being counted.
    fn lack(&self, machine: &Machine<'_>, interface: &NetworkInterface) -> Lack {
        let of_kind = is_of_kind(machine, interface, &[InterfaceKind::Physical])
            .map(|is| (!is).then(|| "no port of a network card".to_owned()));
        let of_signal = asked(self.carrier.as_ref(), |wanted| {
            Ok(match (has_signal(machine, interface)?, *wanted) {
                (true, false) => Some("it has a signal".to_owned()),
                (false, true) => Some(without_signal(interface).to_owned()),
                (true, true) | (false, false) => None,
            })
        });
        let of_speed = asked(self.speed_at_least.as_ref(), |least| {
            too_slow(machine, interface, *least)
        });
        let of_driver = asked(self.drivers.as_ref(), |wanted| {
            let driver = fact(machine, interface, "driver", interface.driver.as_deref())?;
            let is_wanted = wanted.0.contains(&Text(driver.to_owned()));
            Ok((!is_wanted).then(|| format!("with driver {driver}")))
        });
        counting::all([of_kind, of_signal, of_speed, of_driver])
    }
}

/// A link without a signal has no speed, whatever its driver remembers.
fn too_slow(machine: &Machine<'_>, interface: &NetworkInterface, least: Speed) -> Lack {
    if has_signal(machine, interface) == Ok(false) {
        return Ok(Some(without_signal(interface).to_owned()));
    }
    let mbps = fact(machine, interface, "speed_mbps", interface.speed_mbps)?;
    Ok((mbps < least.mbps).then(|| format!("only {}", least.beside(mbps))))
}

/// Whether it is a port, as far as is known. A virtual function is part of one.
fn may_be_port(interface: &NetworkInterface) -> bool {
    let sriov = interface.sriov.as_ref();
    let is_part = sriov.is_some_and(|sriov| sriov.physical_function.is_some());
    let kind = interface.kind;
    !is_part && kind.is_none_or(|kind| kind == InterfaceKind::Physical)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged, required};

    fn port(name: &str, speed: Option<u64>, carrier: Option<bool>) -> Value {
        json!({"name": name, "kind": "physical", "driver": "ice", "speed_mbps": speed,
            "carrier": carrier, "admin_state": "up"})
    }

    fn machine(interfaces: &[&Value]) -> Value {
        json!({"network": interfaces})
    }

    fn switched_off() -> Value {
        json!({"name": "eth2", "kind": "physical", "driver": "igb", "admin_state": "down"})
    }

    #[test]
    fn network_links() {
        let fast = port("eth0", Some(25_000), Some(true));
        let slow = port("eth1", Some(1000), Some(true));
        let off = switched_off();
        let stale = port("eth3", Some(25_000), Some(false));
        let vague = port("eth4", None, None);
        let bond = json!({"name": "bond0", "kind": "bond", "speed_mbps": 50_000, "carrier": true});
        let odd = json!({"name": "odd"});
        let part = json!({"name": "eth0v0", "kind": "physical", "driver": "iavf",
            "sriov": {"physical_function": "0000:3b:00.0"}});
        hold(
            "network_links",
            &[
                (
                    "{ at_least = 2 }",
                    machine(&[&fast, &slow]),
                    Pass,
                    Some("2"),
                ),
                (
                    "{ at_least = 2 }",
                    machine(&[&fast, &bond, &part]),
                    Fail,
                    Some("1"),
                ),
                ("{ at_least = 1 }", machine(&[]), Fail, Some("0")),
                ("{ at_least = 1 }", machine(&[&vague]), Pass, Some("1")),
                (
                    "{ at_least = 1 }",
                    machine(&[&odd]),
                    Undetermined,
                    Some("0"),
                ),
                (
                    r#"{ at_least = 1, speed_at_least = "25 Gb/s" }"#,
                    machine(&[&fast, &slow]),
                    Pass,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 2, speed_at_least = "25 Gb/s" }"#,
                    machine(&[&fast, &slow, &off, &stale]),
                    Fail,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 2, speed_at_least = "25 Gb/s" }"#,
                    machine(&[&fast, &vague]),
                    Undetermined,
                    Some("1"),
                ),
                (
                    "{ at_least = 2, carrier = true }",
                    machine(&[&fast, &slow, &off]),
                    Pass,
                    Some("2"),
                ),
                (
                    "{ at_least = 1, carrier = false }",
                    machine(&[&off]),
                    Pass,
                    Some("1"),
                ),
                (
                    "{ at_least = 1, carrier = true }",
                    machine(&[&stale]),
                    Fail,
                    Some("0"),
                ),
                (
                    "{ at_least = 1, carrier = true }",
                    machine(&[&vague]),
                    Undetermined,
                    Some("0"),
                ),
                (
                    r#"{ at_least = 2, drivers = ["ice", "i40e"] }"#,
                    machine(&[&fast, &slow, &off]),
                    Pass,
                    Some("2"),
                ),
                (
                    r#"{ at_least = 3, drivers = ["ice"] }"#,
                    machine(&[&fast, &slow, &off]),
                    Fail,
                    Some("2"),
                ),
                ("{ at_least = 1 }", json!({}), Undetermined, None),
            ],
        );
    }

    #[test]
    fn what_lacks_is_said() {
        let parameters = r#"{ at_least = 9, speed_at_least = "25 Gb/s", drivers = ["mlx5_core"] }"#;
        let [slow, fast] = [
            port("eth0", Some(1000), Some(true)),
            port("eth1", Some(25_000), Some(true)),
        ];
        let dark = port("eth3", None, Some(false));
        let ports = [&slow, &fast, &switched_off(), &dark];
        let finding = judged("network_links", parameters, machine(&ports));
        assert_eq!(
            finding.reasons,
            [
                "eth0: only 1 Gb/s, with driver ice",
                "eth1: with driver ice",
                "eth2: switched off, with driver igb",
                "eth3: no signal, with driver ice",
            ]
        );
        assert_eq!(
            required("network_links", parameters),
            "at least 9 links, of at least 25 Gb/s each, with driver mlx5_core"
        );
    }
}
