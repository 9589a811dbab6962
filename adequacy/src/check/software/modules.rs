//! Modules of the kernel.

use muster_model::Section;
use muster_model::software::Modules;

use super::{Check, Finding, Kind, Outcome, parameters, read};
use crate::machine::Machine;
use crate::policy::software::ModuleName;
use crate::policy::values::Set;

pub(super) const KIND: Kind = Kind {
    name: "kernel_modules",
    about: "The kernel has `all_of` these modules: loaded, built in, or on disk to be loaded. `-` and \
            `_` are alike.",
    example: r#"{ all_of = ["overlay", "br_netfilter"] }"#,
    read: read::<KernelModules>,
};

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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{fault, hold, judged, with_warning};

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
}
