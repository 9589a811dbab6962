//! Whether the links of a bond are alike, and lead to different places.

use std::collections::BTreeMap;

use muster_model::Section;
use muster_model::network::{Bond, NetworkInterface};

use super::{
    Check, Finding, Kind, Outcome, fact, has_signal, interfaces, parameters, read, without_signal,
};
use crate::listed::{listed, separated};
use crate::machine::{Fact, Machine, Unknown};
use crate::policy::speed::Speed;

pub(super) const KIND: Kind = Kind {
    name: "network_bonds",
    about: "All links of each bond have a signal and the same speed, and, as far as discovery heard LLDP, \
            no two lead to the same neighbour (by its chassis id), with which they would fail together. A \
            machine without bonds passes; a bond without links is passed over.",
    example: "{}",
    read: read::<Bonds>,
};

parameters! {
    struct Bonds {}
}

impl Check for Bonds {
    fn required(&self) -> String {
        "in each bond, links of one speed to different neighbours".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Network]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(interfaces(machine), |interfaces| {
            let bonds = interfaces
                .iter()
                .filter_map(|interface| Some((interface, interface.bond.as_ref()?)))
                .filter(|(_, bond)| !bond.members.is_empty());
            let judged: Vec<Judged> = bonds
                .map(|(interface, bond)| Judged::new(machine, &interface.name, bond, interfaces))
                .collect();
            together(judged)
        })
    }
}

/// One that fails decides, whatever is unknown of the others.
fn together(bonds: Vec<Judged>) -> Finding {
    if bonds.is_empty() {
        return Finding::new(Outcome::Pass, "no bond");
    }
    let outcome = if bonds.iter().any(|bond| !bond.faults.is_empty()) {
        Outcome::Fail
    } else if bonds.iter().any(|bond| !bond.unknown.is_empty()) {
        Outcome::Undetermined
    } else {
        Outcome::Pass
    };
    let actual = separated(bonds.iter().map(|bond| bond.links.as_str()), "; ");
    let mut finding = Finding::new(outcome, actual);
    for bond in bonds {
        let reasons = match outcome {
            Outcome::Fail => bond.faults,
            Outcome::Undetermined => bond.unknown.iter().map(Unknown::to_string).collect(),
            Outcome::Pass => Vec::new(),
        };
        if outcome == Outcome::Pass || !reasons.is_empty() {
            finding.devices.push(bond.name);
        }
        finding.reasons.extend(reasons);
    }
    finding
}

/// One bond.
struct Judged {
    name: String,
    /// `bond0: eth0 25 Gb/s, eth1 no signal`.
    links: String,
    faults: Vec<String>,
    unknown: Vec<Unknown>,
}

impl Judged {
    fn new(
        machine: &Machine<'_>,
        name: &str,
        bond: &Bond,
        interfaces: &[NetworkInterface],
    ) -> Self {
        let mut judged = Self {
            name: name.to_owned(),
            links: String::new(),
            faults: Vec::new(),
            unknown: Vec::new(),
        };
        let mut links = Vec::new();
        let mut speeds: BTreeMap<u64, &str> = BTreeMap::new();
        let mut neighbours: BTreeMap<&str, Vec<&NetworkInterface>> = BTreeMap::new();
        for member in &bond.members {
            let link = interfaces.iter().find(|link| link.name == *member);
            let state = match link {
                Some(link) => state(machine, link),
                None => Err(machine.unknown(Section::Network, Some(member), "speed_mbps")),
            };
            links.push(format!("{member} {}", in_words(&state)));
            match state {
                Ok(State::Runs(speed)) => {
                    speeds.entry(speed.mbps).or_insert(member);
                }
                Ok(State::Dark(why)) => judged.faults.push(format!("{member} of {name}: {why}")),
                Err(unknown) => judged.unknown.push(unknown),
            }
            if let Some((link, chassis)) = link.and_then(|link| Some((link, chassis(link)?))) {
                neighbours.entry(chassis).or_default().push(link);
            }
        }
        judged.links = format!("{name}: {}", listed(&links));
        judged.compare_speeds(&speeds);
        judged.compare_neighbours(&neighbours);
        judged
    }

    /// One link for each speed that there is.
    fn compare_speeds(&mut self, speeds: &BTreeMap<u64, &str>) {
        if speeds.len() > 1 {
            let texts = speeds
                .iter()
                .map(|(mbps, member)| format!("{member} {}", Speed { mbps: *mbps }));
            let reason = format!("the links of {} differ: {}", self.name, listed(texts));
            self.faults.push(reason);
        }
    }

    fn compare_neighbours(&mut self, neighbours: &BTreeMap<&str, Vec<&NetworkInterface>>) {
        for (chassis, links) in neighbours {
            let [first, _, ..] = links.as_slice() else {
                continue;
            };
            let neighbour = first.neighbour.as_ref();
            let title = neighbour.and_then(|neighbour| neighbour.system_name.as_deref());
            let members = links.iter().map(|link| link.name.as_str());
            self.faults.push(format!(
                "{} of {} lead to the same neighbour, {}",
                separated(members, " and "),
                self.name,
                title.unwrap_or(chassis)
            ));
        }
    }
}

/// How a link of a bond does.
enum State {
    Runs(Speed),
    /// It has no signal, for this reason.
    Dark(&'static str),
}

fn state(machine: &Machine<'_>, link: &NetworkInterface) -> Fact<State> {
    if has_signal(machine, link) == Ok(false) {
        return Ok(State::Dark(without_signal(link)));
    }
    let mbps = fact(machine, link, "speed_mbps", link.speed_mbps)?;
    Ok(State::Runs(Speed { mbps }))
}

fn in_words(state: &Fact<State>) -> String {
    match state {
        Ok(State::Runs(speed)) => speed.to_string(),
        Ok(State::Dark(why)) => (*why).to_owned(),
        Err(_) => "unknown".to_owned(),
    }
}

fn chassis(link: &NetworkInterface) -> Option<&str> {
    link.neighbour.as_ref()?.chassis_id.as_deref()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged};

    fn bond(name: &str, members: &[&str]) -> Value {
        json!({"name": name, "kind": "bond", "bond": {"members": members}})
    }

    fn link(name: &str, speed: Option<u64>, chassis: Option<&str>) -> Value {
        let neighbour =
            chassis.map(|chassis| json!({"chassis_id": chassis, "system_name": "leaf"}));
        json!({"name": name, "kind": "physical", "speed_mbps": speed, "carrier": true,
            "admin_state": "up", "neighbour": neighbour})
    }

    fn machine(interfaces: &[Value]) -> Value {
        json!({"network": interfaces})
    }

    fn pair(one: Value, other: Value) -> Value {
        machine(&[bond("bond0", &["eth0", "eth1"]), one, other])
    }

    #[test]
    fn network_bonds() {
        let fast = |name, chassis| link(name, Some(25_000), chassis);
        let dark =
            json!({"name": "eth1", "kind": "physical", "carrier": false, "admin_state": "up"});
        let off = json!({"name": "eth1", "kind": "physical", "admin_state": "down"});
        let alike = Some("bond0: eth0 25 Gb/s, eth1 25 Gb/s");
        let plain = || fast("eth0", None);
        let second = |name: &str| {
            let members = [bond(name, &["eth2", "eth3"]), link("eth2", None, None)];
            let slow = [
                link("eth3", Some(1000), None),
                bond("bond0", &["eth0", "eth1"]),
            ];
            machine(&[&members[..], &slow, &[plain(), fast("eth1", None)]].concat())
        };
        hold(
            "network_bonds",
            &[
                ("{}", machine(&[plain()]), Pass, Some("no bond")),
                ("{}", machine(&[bond("bond0", &[])]), Pass, Some("no bond")),
                ("{}", pair(plain(), fast("eth1", None)), Pass, alike),
                (
                    "{}",
                    pair(fast("eth0", Some("a")), fast("eth1", Some("b"))),
                    Pass,
                    alike,
                ),
                (
                    "{}",
                    pair(fast("eth0", Some("a")), fast("eth1", None)),
                    Pass,
                    alike,
                ),
                (
                    "{}",
                    pair(fast("eth0", Some("a")), fast("eth1", Some("a"))),
                    Fail,
                    alike,
                ),
                (
                    "{}",
                    pair(plain(), link("eth1", Some(10_000), None)),
                    Fail,
                    Some("bond0: eth0 25 Gb/s, eth1 10 Gb/s"),
                ),
                (
                    "{}",
                    pair(plain(), dark),
                    Fail,
                    Some("bond0: eth0 25 Gb/s, eth1 no signal"),
                ),
                (
                    "{}",
                    pair(plain(), off),
                    Fail,
                    Some("bond0: eth0 25 Gb/s, eth1 switched off"),
                ),
                (
                    "{}",
                    pair(plain(), link("eth1", None, None)),
                    Undetermined,
                    Some("bond0: eth0 25 Gb/s, eth1 unknown"),
                ),
                (
                    "{}",
                    machine(&[bond("bond0", &["eth9"])]),
                    Undetermined,
                    Some("bond0: eth9 unknown"),
                ),
                (
                    "{}",
                    second("bond1"),
                    Undetermined,
                    Some("bond1: eth2 unknown, eth3 1 Gb/s; bond0: eth0 25 Gb/s, eth1 25 Gb/s"),
                ),
                ("{}", json!({}), Undetermined, None),
            ],
        );
        assert_eq!(
            judged("network_bonds", "{}", second("bond1")).devices,
            ["bond1"]
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let slow = link("eth1", Some(10_000), Some("a"));
        let finding = judged(
            "network_bonds",
            "{}",
            pair(link("eth0", Some(25_000), Some("a")), slow),
        );
        assert_eq!(
            finding.reasons,
            [
                "the links of bond0 differ: eth1 10 Gb/s, eth0 25 Gb/s",
                "eth0 and eth1 of bond0 lead to the same neighbour, leaf",
            ]
        );
        assert_eq!(finding.devices, ["bond0"]);
    }
}
