//! The management controller.

use std::net::{Ipv4Addr, Ipv6Addr};

use muster_model::Section;
use muster_model::peripheral::Bmc;

use super::{Check, Finding, Kind, Outcome, parameters, read};
use crate::machine::Machine;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "bmc",
    about: "There is a management controller, and it has an address on its network; one that is valid \
            on its own link only (169.254.0.0/16, fe80::/10) does not count.",
    example: "{}",
    read: read::<Reachable>,
}];

parameters! {
    struct Reachable {}
}

impl Check for Reachable {
    fn required(&self) -> String {
        "a management controller with an address".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Bmc]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let bmc = &machine.inventory().bmc;
        Finding::of(
            machine.fact(Section::Bmc, "present", bmc.present),
            |present| match present {
                true => addressed(machine, bmc),
                false => Finding::new(Outcome::Fail, "no management controller")
                    .because("neither the firmware's tables nor a driver name one"),
            },
        )
    }
}

fn addressed(machine: &Machine<'_>, bmc: &Bmc) -> Finding {
    let ipv4 = bmc.ipv4.as_deref().filter(|text| !is_local_v4(text));
    let ipv6 = bmc.ipv6.as_deref().filter(|text| !is_local_v6(text));
    if let Some(address) = ipv4.or(ipv6) {
        return Finding::new(Outcome::Pass, address);
    }
    if let Some(local) = bmc.ipv4.as_deref().or(bmc.ipv6.as_deref()) {
        return Finding::new(Outcome::Fail, local).because(format!(
            "{local} is valid on its own link only: no address is set, and DHCP gave none"
        ));
    }
    // The controller gives its hardware address along with the others: without that it was not asked.
    let key = Section::Bmc.key();
    let mut warnings = machine.inventory().warnings.iter();
    if bmc.mac.is_none() || warnings.any(|warning| warning.probe == key) {
        return Finding::unknown(&machine.unknown(Section::Bmc, None, "ipv4"));
    }
    Finding::new(Outcome::Fail, "no address")
        .because("its network is not set up, or DHCP gave no address")
}

fn is_local_v4(text: &str) -> bool {
    text.parse()
        .is_ok_and(|address: Ipv4Addr| address.is_link_local())
}

fn is_local_v6(text: &str) -> bool {
    text.parse()
        .is_ok_and(|address: Ipv6Addr| address.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged};

    const MAC: &str = "02:00:00:00:00:01";

    fn bmc(ipv4: Option<&str>, ipv6: Option<&str>, mac: Option<&str>) -> Value {
        json!({"bmc": {"present": true, "ipv4": ipv4, "ipv6": ipv6, "mac": mac}})
    }

    #[test]
    fn bmc_has_an_address() {
        let (public, local) = (Some("2001:db8::9"), Some("fe80::1"));
        let absent = json!({"bmc": {"present": false}});
        hold(
            "bmc",
            &[
                (
                    "{}",
                    bmc(Some("192.0.2.9"), local, None),
                    Pass,
                    Some("192.0.2.9"),
                ),
                ("{}", bmc(None, public, Some(MAC)), Pass, public),
                (
                    "{}",
                    bmc(Some("169.254.3.4"), public, Some(MAC)),
                    Pass,
                    public,
                ),
                ("{}", bmc(None, local, Some(MAC)), Fail, local),
                (
                    "{}",
                    bmc(Some("169.254.3.4"), local, Some(MAC)),
                    Fail,
                    Some("169.254.3.4"),
                ),
                ("{}", bmc(None, None, Some(MAC)), Fail, Some("no address")),
                ("{}", absent, Fail, Some("no management controller")),
                ("{}", bmc(None, None, None), Undetermined, None),
                ("{}", json!({"bmc": {}}), Undetermined, None),
                ("{}", json!({}), Undetermined, None),
            ],
        );
    }

    #[test]
    fn a_controller_that_could_not_be_asked_may_have_one() {
        let mut machine = bmc(None, None, Some(MAC));
        machine["warnings"] = json!([{"probe": "bmc", "subject": "bmc", "kind": "timed_out", "message": "ipv4: late"}]);
        let finding = judged("bmc", "{}", machine);
        assert_eq!(finding.outcome, Undetermined);
        assert_eq!(finding.reasons, ["bmc.ipv4 is unknown: ipv4: late"]);
    }
}
