//! Which drivers network interfaces have.

use std::collections::BTreeSet;

use muster_model::Section;
use muster_model::network::{InterfaceKind, NetworkInterface};
use toml_span::{DeserError, Deserialize, Value};

use super::finding::{Sorted, both};
use super::{Check, Finding, Kind, Outcome, fact, interfaces, is_of_kind, parameters, read};
use crate::listed::listed;
use crate::machine::{Fact, Machine};
use crate::policy::values::{Set, Text, wrong};

pub(super) const KIND: Kind = Kind {
    name: "network_drivers",
    about: "Every network device (Ethernet, InfiniBand, wireless, cellular; virtual functions too) has one \
            of the drivers that `allow` lists, if it does, and none of those that `deny` lists. A machine \
            without network devices passes.",
    example: r#"{ allow = ["ice", "i40e", "mlx5_core"], deny = ["r8169"] }"#,
    read: read::<Drivers>,
};

/// What may have a device, and so a driver.
const DEVICES: &[InterfaceKind] = &[
    InterfaceKind::Physical,
    InterfaceKind::Infiniband,
    InterfaceKind::Wireless,
    InterfaceKind::Wwan,
];

parameters! {
    struct Lists {}
    optional { allow: Set<Text>, deny: Set<Text> }
}

/// What is allowed and denied: at least one of both.
#[derive(Debug)]
struct Drivers(Lists);

impl<'de> Deserialize<'de> for Drivers {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let lists = Lists::deserialize(value)?;
        if lists.allow.is_none() && lists.deny.is_none() {
            let message = "say which drivers: allow = [\"ice\"], deny = [\"r8169\"], or both";
            return Err(wrong(span, message).into());
        }
        Ok(Self(lists))
    }
}

impl Check for Drivers {
    fn required(&self) -> String {
        let allowed = self.0.allow.as_ref().map(Set::choice);
        let denied = self.0.deny.as_ref().map(|deny| format!("none of {deny}"));
        let asked: Vec<String> = allowed.into_iter().chain(denied).collect();
        asked.join(" and ")
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Network]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(interfaces(machine), |interfaces| {
            let may_be_device =
                |one: &&NetworkInterface| is_of_kind(machine, one, DEVICES) != Ok(false);
            let devices: Vec<&NetworkInterface> = interfaces.iter().filter(may_be_device).collect();
            self.decide(machine, &devices)
        })
    }
}

impl Drivers {
    fn decide(&self, machine: &Machine<'_>, devices: &[&NetworkInterface]) -> Finding {
        let sorted = Sorted::by(
            devices.iter().copied(),
            |device| device.name.clone(),
            |device| {
                let is_device = is_of_kind(machine, device, DEVICES);
                both(is_device, self.is_refused(machine, device))
            },
        );
        let finding = sorted.none();
        match finding.outcome {
            Outcome::Undetermined => finding,
            Outcome::Pass => Finding::new(Outcome::Pass, names(devices.iter().copied())),
            Outcome::Fail => {
                let concerns = finding.concerns();
                let refused = devices.iter().filter(|device| concerns(&device.name));
                let reasons = refused.clone().filter_map(|device| {
                    let driver = device.driver.as_deref()?;
                    Some(format!("{}: its driver is {driver}", device.name))
                });
                Finding {
                    actual: Some(names(refused.clone().copied())),
                    reasons: reasons.collect(),
                    ..finding
                }
            }
        }
    }

    fn is_refused(&self, machine: &Machine<'_>, device: &NetworkInterface) -> Fact<bool> {
        let driver = fact(machine, device, "driver", device.driver.clone()).map(Text)?;
        let Lists { allow, deny } = &self.0;
        let is_allowed = allow.as_ref().is_none_or(|allow| allow.0.contains(&driver));
        let is_denied = deny.as_ref().is_some_and(|deny| deny.0.contains(&driver));
        Ok(!is_allowed || is_denied)
    }
}

/// Each driver once.
fn names<'a>(interfaces: impl Iterator<Item = &'a NetworkInterface>) -> String {
    let drivers = interfaces.filter_map(|interface| interface.driver.as_deref());
    let drivers: BTreeSet<&str> = drivers.collect();
    if drivers.is_empty() {
        return "no network device".to_owned();
    }
    listed(drivers)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{fault, hold, judged, required};

    fn device(name: &str, kind: Option<&str>, driver: Option<&str>) -> Value {
        json!({"name": name, "kind": kind, "driver": driver})
    }

    fn machine(interfaces: &[&Value]) -> Value {
        json!({"network": interfaces})
    }

    #[test]
    fn network_drivers() {
        let ice = device("eth0", Some("physical"), Some("ice"));
        let cheap = device("eth1", Some("physical"), Some("r8169"));
        let fabric = device("ib0", Some("infiniband"), Some("mlx5_core"));
        let bond = device("bond0", Some("bond"), None);
        let vague = device("eth2", Some("physical"), None);
        let odd = |driver| device("odd", None, Some(driver));
        let allow = r#"{ allow = ["ice", "mlx5_core"] }"#;
        let deny = r#"{ deny = ["r8169"] }"#;
        hold(
            "network_drivers",
            &[
                (
                    allow,
                    machine(&[&ice, &fabric, &bond]),
                    Pass,
                    Some("ice, mlx5_core"),
                ),
                (allow, machine(&[&ice, &cheap]), Fail, Some("r8169")),
                (allow, machine(&[&bond]), Pass, Some("no network device")),
                (allow, machine(&[]), Pass, Some("no network device")),
                (
                    deny,
                    machine(&[&ice, &fabric]),
                    Pass,
                    Some("ice, mlx5_core"),
                ),
                (deny, machine(&[&ice, &vague, &cheap]), Fail, Some("r8169")),
                (
                    deny,
                    machine(&[&ice, &vague]),
                    Undetermined,
                    Some("none for certain"),
                ),
                // What is right whatever the interface is, is right.
                (deny, machine(&[&odd("ice")]), Pass, Some("ice")),
                (
                    deny,
                    machine(&[&odd("r8169")]),
                    Undetermined,
                    Some("none for certain"),
                ),
                (
                    r#"{ allow = ["ice", "r8169"], deny = ["r8169"] }"#,
                    machine(&[&cheap]),
                    Fail,
                    Some("r8169"),
                ),
                (deny, json!({}), Undetermined, None),
            ],
        );
        let finding = judged("network_drivers", deny, machine(&[&ice, &cheap]));
        assert_eq!(finding.reasons, ["eth1: its driver is r8169"]);
        assert_eq!(finding.devices, ["eth1"]);
    }

    #[test]
    fn parameters_say_which() {
        assert_eq!(
            required(
                "network_drivers",
                r#"{ allow = ["ice", "igb"], deny = ["r8169"] }"#
            ),
            "one of ice, igb and none of r8169"
        );
        assert_eq!(
            fault("network_drivers", "{}"),
            "say which drivers: allow = [\"ice\"], deny = [\"r8169\"], or both"
        );
    }
}
