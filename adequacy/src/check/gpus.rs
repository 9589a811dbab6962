//! GPUs and accelerators.

use muster_model::Section;
use muster_model::pci::Gpu;

use super::counting::{self, Lack, asked};
use super::{Check, Finding, Kind, parameters, read};
use crate::machine::{Fact, Machine};
use crate::policy::size::Size;
use crate::policy::values::{Count, Text};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "gpus",
    about: "There are `at_least` so many GPUs or accelerators, counting those alone that have \
            `memory_at_least` so much memory each, whose vendor's name has the word `vendor` in it, and \
            that are bound to the kernel `driver`. Adapters that only show a console, of management \
            controllers and of virtual machines, are not counted.",
    example: r#"{ at_least = 8, memory_at_least = "79 GiB", vendor = "NVIDIA", driver = "nvidia" }"#,
    read: read::<Gpus>,
}];

/// Makers of adapters that show a console and compute nothing: of management controllers, then of
/// emulated machines. Names as in the PCI ID database begin with these.
const CONSOLE_MAKERS: &[&str] = &[
    "ASPEED",
    "Matrox",
    "Silicon Motion",
    "XGI",
    "Cirrus Logic",
    "InnoTek",
    "Red Hat",
    "VMware",
];
/// Their drivers, where the maker makes GPUs too, or has no name.
const CONSOLE_DRIVERS: &[&str] = &["bochs-drm", "hibmc-drm", "hyperv_drm"];

parameters! {
    struct Gpus { at_least: Count }
    optional { memory_at_least: Size, vendor: Text, driver: Text }
}

impl Check for Gpus {
    fn required(&self) -> String {
        let memory = self.memory_at_least;
        let criteria = [
            memory.map(|size| format!("of at least {size} memory each")),
            self.vendor.as_ref().map(|vendor| format!("by {vendor}")),
            self.driver
                .as_ref()
                .map(|driver| format!("bound to driver {driver}")),
        ];
        counting::required(self.at_least, "GPU", criteria)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Gpus]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let gpus = machine.list(Section::Gpus, &machine.inventory().gpus);
        Finding::of(gpus, |gpus| {
            counting::at_least(self.at_least, gpus, name, |gpu| self.lack(machine, gpu))
        })
    }
}

impl Gpus {
    /// What keeps a GPU from being counted.
    fn lack(&self, machine: &Machine<'_>, gpu: &Gpu) -> Lack {
        if shows_console(gpu) {
            return Ok(Some("it only shows a console".to_owned()));
        }
        let of_memory = asked(self.memory_at_least.as_ref(), |least| {
            let bytes = fact(machine, gpu, "memory_bytes", gpu.memory_bytes)?;
            let lacks = || format!("only {} memory", least.beside(bytes));
            Ok((bytes < least.bytes).then(lacks))
        });
        let of_vendor = asked(self.vendor.as_ref(), |wanted| {
            let vendor = fact(machine, gpu, "vendor", gpu.vendor.as_deref())?;
            let word = wanted.0.to_lowercase();
            let is = vendor.to_lowercase().contains(&word);
            Ok((!is).then(|| format!("by {vendor}")))
        });
        // Discovery leaves out GPUs that it could not read: one without a driver has none.
        let of_driver = asked(self.driver.as_ref(), |wanted| {
            Ok(match gpu.driver.as_deref() {
                Some(driver) if driver == wanted.0 => None,
                Some(driver) => Some(format!("bound to driver {driver}")),
                None => Some("bound to no driver".to_owned()),
            })
        });
        counting::all([of_memory, of_vendor, of_driver])
    }
}

fn shows_console(gpu: &Gpu) -> bool {
    let vendor = gpu.vendor.as_deref().unwrap_or_default();
    let driver = gpu.driver.as_deref().unwrap_or_default();
    CONSOLE_MAKERS.iter().any(|maker| vendor.starts_with(maker))
        || CONSOLE_DRIVERS.contains(&driver)
}

fn fact<T>(machine: &Machine<'_>, gpu: &Gpu, field: &str, value: Option<T>) -> Fact<T> {
    machine.device_fact(Section::Gpus, name(gpu), field, value)
}

fn name(gpu: &Gpu) -> &str {
    gpu.pci_slot.as_deref().unwrap_or("a GPU without a slot")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged, required};

    const H100: u64 = 81_559 << 20;

    fn gpu(slot: &str, vendor: Option<&str>, driver: Option<&str>, memory: Option<u64>) -> Value {
        json!({"pci_slot": slot, "vendor": vendor, "driver": driver, "memory_bytes": memory})
    }

    fn machine(gpus: &[&Value]) -> Value {
        json!({"gpus": gpus})
    }

    #[test]
    fn gpus() {
        let nvidia = Some("NVIDIA Corporation");
        let h100 = gpu("a", nvidia, Some("nvidia"), Some(H100));
        let idle = gpu("b", nvidia, None, None);
        let amd = gpu(
            "c",
            Some("Advanced Micro Devices, Inc."),
            Some("amdgpu"),
            Some(1 << 30),
        );
        let bmc = gpu("d", Some("ASPEED Technology, Inc."), Some("ast"), None);
        let emulated = gpu("e", None, Some("bochs-drm"), None);
        let nameless = gpu("f", None, None, None);
        hold(
            "gpus",
            &[
                (
                    "{ at_least = 2 }",
                    machine(&[&h100, &idle, &bmc]),
                    Pass,
                    Some("2"),
                ),
                (
                    "{ at_least = 1 }",
                    machine(&[&bmc, &emulated]),
                    Fail,
                    Some("0"),
                ),
                ("{ at_least = 1 }", machine(&[]), Fail, Some("0")),
                ("{ at_least = 1 }", machine(&[&nameless]), Pass, Some("1")),
                (
                    r#"{ at_least = 1, memory_at_least = "79 GiB" }"#,
                    machine(&[&h100, &idle]),
                    Pass,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 2, memory_at_least = "79 GiB" }"#,
                    machine(&[&h100, &idle, &amd]),
                    Undetermined,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 2, memory_at_least = "79 GiB" }"#,
                    machine(&[&h100, &amd]),
                    Fail,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 1, vendor = "nvidia" }"#,
                    machine(&[&h100]),
                    Pass,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 1, vendor = "nvidia" }"#,
                    machine(&[&amd]),
                    Fail,
                    Some("0"),
                ),
                (
                    r#"{ at_least = 1, vendor = "nvidia" }"#,
                    machine(&[&nameless]),
                    Undetermined,
                    Some("0"),
                ),
                (
                    r#"{ at_least = 1, driver = "nvidia" }"#,
                    machine(&[&h100]),
                    Pass,
                    Some("1"),
                ),
                (
                    r#"{ at_least = 1, driver = "nvidia" }"#,
                    machine(&[&idle, &amd]),
                    Fail,
                    Some("0"),
                ),
                ("{ at_least = 1 }", json!({}), Undetermined, None),
            ],
        );
    }

    #[test]
    fn what_lacks_is_said() {
        let gpus = [
            gpu("a", Some("ASPEED Technology, Inc."), None, None),
            gpu("b", None, None, Some((1 << 30) - 1)),
            gpu("c", None, None, Some(2 << 30)),
        ];
        let parameters = r#"{ at_least = 2, memory_at_least = "1 GiB", driver = "nvidia" }"#;
        let finding = judged("gpus", parameters, json!({"gpus": gpus}));
        assert_eq!(
            finding.reasons,
            [
                "a: it only shows a console",
                "b: only 1 GiB less 1 B memory, bound to no driver",
                "c: bound to no driver",
            ]
        );
        assert_eq!(
            required("gpus", parameters),
            "at least 2 GPUs, of at least 1 GiB memory each, bound to driver nvidia"
        );
    }
}
