//! Whether PCI Express links run at the width and speed that their devices are made for.

use muster_model::Section;
use muster_model::pci::{PciFunction, PciLink};

use super::{Check, Finding, Kind, Outcome, PciPattern, Set, fits, functions, parameters, read};
use crate::check::finding::{Sorted, both};
use crate::listed::listed;
use crate::machine::{Fact, Machine};

pub(super) const KIND: Kind = Kind {
    name: "pci_full_link",
    about: "The PCI Express links of the functions that are `any_of` these (written as for \
            pci_present), else of all, have all lanes and the speed that the device is made for. \
            Bridges are passed over unless they are named by class, because the slots below most are \
            wider than the cards in them; so are virtual functions. Many GPUs slow their link down \
            while they are idle.",
    example: r#"{ any_of = ["class:0302", "15b3:*"] }"#,
    read: read::<FullLink>,
};

/// Base class of bridges (PCI Code and ID Assignment, appendix D).
const BRIDGE: &str = "06";
/// Base classes of displays and of processing accelerators (ibid.).
const GPU: [&str; 2] = ["03", "12"];

parameters! {
    struct FullLink {}
    optional { any_of: Set<PciPattern> }
}

impl Check for FullLink {
    fn required(&self) -> String {
        match &self.any_of {
            Some(any_of) => format!("full PCI Express width and speed of {any_of}"),
            None => "full PCI Express width and speed of all devices".to_owned(),
        }
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Pci]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(functions(machine), |functions| {
            let mut sorted = Sorted::default();
            let mut behind: Vec<&PciFunction> = Vec::new();
            for function in functions.iter().filter(|function| has_link(function)) {
                let means = self.means(machine, function);
                if means == Ok(false) {
                    continue;
                }
                let is_behind = both(means, is_slow(machine, function));
                if is_behind == Ok(true) {
                    behind.push(function);
                }
                sorted.add(|| function.slot.clone(), is_behind);
            }
            let full = sorted.no;
            let finding = sorted.none();
            match finding.outcome {
                Outcome::Undetermined => finding,
                Outcome::Pass if full == 0 => Finding::new(Outcome::Pass, "no such device"),
                Outcome::Pass => Finding::new(Outcome::Pass, format!("all {full}")),
                Outcome::Fail => slow(finding, &behind),
            }
        })
    }
}

impl FullLink {
    /// Whether the link of a function is to be judged.
    fn means(&self, machine: &Machine<'_>, function: &PciFunction) -> Fact<bool> {
        let class = function.class_code.as_deref();
        let is_bridge = class.is_some_and(|class| class.starts_with(BRIDGE));
        match &self.any_of {
            None => Ok(!is_bridge),
            Some(any_of) => {
                let is_meant =
                    |pattern: &&PciPattern| !is_bridge || matches!(pattern, PciPattern::Class(_));
                fits(machine, any_of.0.iter().filter(is_meant), function)
            }
        }
    }
}

/// Whether a function has a link of its own: those that are part of the chipset have none, and
/// virtual functions have that of their physical one.
fn has_link(function: &PciFunction) -> bool {
    let is_virtual = function
        .sriov
        .as_ref()
        .is_some_and(|sriov| sriov.physical_function.is_some());
    function.link != PciLink::default() && !is_virtual
}

/// Whether the link lacks lanes or speed.
fn is_slow(machine: &Machine<'_>, function: &PciFunction) -> Fact<bool> {
    let link = &function.link;
    let unknown = |field: &str| machine.unknown(Section::Pci, Some(&function.slot), field);
    let is_narrow = match (link.width, link.max_width) {
        (Some(width), Some(most)) => Ok(width < most),
        (None, _) => Err(unknown("link.width")),
        (_, None) => Err(unknown("link.max_width")),
    };
    let is_behind = match (link.speed_gts, link.max_speed_gts) {
        (Some(speed), Some(most)) => Ok(speed < most),
        (None, _) => Err(unknown("link.speed_gts")),
        (_, None) => Err(unknown("link.max_speed_gts")),
    };
    // Either suffices.
    both(is_narrow.map(|is| !is), is_behind.map(|is| !is)).map(|is_full| !is_full)
}

fn slow(finding: Finding, behind: &[&PciFunction]) -> Finding {
    let actual = listed(behind.iter().map(|function| {
        let link = &function.link;
        format!("{} {}", function.slot, lanes(link.width, link.speed_gts))
    }));
    let finding = finding.because_of(behind, |function| why(function));
    Finding {
        actual: Some(actual),
        ..finding
    }
}

fn why(function: &PciFunction) -> String {
    let link = &function.link;
    let made_for = lanes(link.max_width, link.max_speed_gts);
    let name = function.device.as_deref().unwrap_or("the device");
    let text = format!("{}: {name} is made for {made_for}", function.slot);
    let class = function.class_code.as_deref().unwrap_or_default();
    let is_gpu = GPU.iter().any(|base| class.starts_with(base));
    let is_behind = link.speed_gts < link.max_speed_gts;
    if is_gpu && is_behind {
        format!("{text}; many GPUs slow their link down while they are idle")
    } else {
        text
    }
}

/// `x16 at 32 GT/s`.
fn lanes(width: Option<u32>, speed_gts: Option<f64>) -> String {
    let width = width.map_or_else(|| "x?".to_owned(), |width| format!("x{width}"));
    match speed_gts {
        Some(speed) => format!("{width} at {speed} GT/s"),
        None => width,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged};

    /// Width and speed, then the most of both.
    type Link = (Option<u32>, Option<f64>, Option<u32>, Option<f64>);

    fn function(slot: &str, id: (&str, &str), class: &str, link: Link) -> Value {
        let (width, speed, max_width, max_speed) = link;
        json!({
            "slot": slot, "vendor_id": id.0, "device_id": id.1, "class_code": class,
            "link": {"width": width, "speed_gts": speed,
                "max_width": max_width, "max_speed_gts": max_speed},
        })
    }

    fn link(width: u32, speed: f64) -> Link {
        (Some(width), Some(speed), Some(16), Some(32.0))
    }

    fn machine(functions: &[&Value]) -> Value {
        json!({"pci": functions})
    }

    #[test]
    fn pci_full_link() {
        let gpu = ("10de", "2330");
        let port = function("p", ("8086", "352a"), "060400", link(4, 8.0));
        let full = function("a", gpu, "030200", link(16, 32.0));
        let narrow = function("b", gpu, "030200", link(8, 32.0));
        let late = function("c", ("15b3", "1021"), "020000", link(16, 16.0));
        let chipset = function("d", gpu, "030200", (None, None, None, None));
        let dark = function("e", gpu, "030200", (None, None, Some(16), Some(32.0)));
        let half_dark = function("f", gpu, "030200", (Some(8), None, Some(16), None));
        let mut part = function("v", gpu, "030200", (None, None, Some(16), Some(32.0)));
        part["sriov"] = json!({"physical_function": "a"});
        hold(
            "pci_full_link",
            &[
                ("{}", machine(&[]), Pass, Some("no such device")),
                (
                    "{}",
                    machine(&[&port, &full, &chipset, &part]),
                    Pass,
                    Some("all 1"),
                ),
                (
                    "{}",
                    machine(&[&full, &narrow]),
                    Fail,
                    Some("b x8 at 32 GT/s"),
                ),
                (
                    "{}",
                    machine(&[&narrow, &late]),
                    Fail,
                    Some("b x8 at 32 GT/s, c x16 at 16 GT/s"),
                ),
                // What is known of the width decides.
                ("{}", machine(&[&half_dark]), Fail, Some("f x8")),
                (
                    "{}",
                    machine(&[&full, &dark]),
                    Undetermined,
                    Some("none for certain"),
                ),
                (
                    r#"{ any_of = ["10de:*"] }"#,
                    machine(&[&full, &late]),
                    Pass,
                    Some("all 1"),
                ),
                (
                    r#"{ any_of = ["8086:*"] }"#,
                    machine(&[&port, &narrow]),
                    Pass,
                    Some("no such device"),
                ),
                (
                    r#"{ any_of = ["class:0604"] }"#,
                    machine(&[&port, &narrow]),
                    Fail,
                    Some("p x4 at 8 GT/s"),
                ),
                ("{}", json!({}), Undetermined, None),
            ],
        );
    }

    #[test]
    fn an_idle_gpu_may_be_why() {
        let gpu = function("b", ("10de", "2330"), "030200", link(16, 2.5));
        let narrow = function("c", ("15b3", "1021"), "020000", link(8, 2.5));
        let finding = judged("pci_full_link", "{}", machine(&[&gpu, &narrow]));
        assert_eq!(
            finding.reasons,
            [
                "b: the device is made for x16 at 32 GT/s; many GPUs slow their link down while they are idle",
                "c: the device is made for x16 at 32 GT/s",
            ]
        );
        assert_eq!(finding.devices, ["b", "c"]);
    }
}
