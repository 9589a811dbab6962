//! Whether a function can be given to a virtual machine: what VFIO asks for
//! (`Documentation/driver-api/vfio.rst`) as far as the bus shows it.

use std::collections::BTreeMap;

use muster_model::pci::{Passthrough, PciFunction};

/// Fills `passthrough` of each.
pub(super) fn judge(functions: &mut [PciFunction]) {
    let mut groups: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
    for function in functions.iter() {
        if let Some(group) = function.iommu_group {
            groups.entry(group).or_default().push(Member::of(function));
        }
    }
    for function in functions {
        let mut reasons = Vec::new();
        if is_bridge(function) {
            reasons.push("is a bridge".to_owned());
        } else {
            reasons.extend(own_driver(function));
            reasons.extend(group(function, &groups));
        }
        function.passthrough = Passthrough {
            ready: Some(reasons.is_empty()),
            reasons,
        };
    }
}

struct Member {
    slot: String,
    /// The driver that keeps the whole group from being given away.
    holder: Option<String>,
}

impl Member {
    fn of(function: &PciFunction) -> Self {
        // A group may have members without a driver, and bridges whatever their driver.
        let holder = function.driver.clone().filter(|driver| !gives_away(driver));
        Self {
            slot: function.slot.clone(),
            holder: holder.filter(|_| !is_bridge(function)),
        }
    }
}

fn own_driver(function: &PciFunction) -> Option<String> {
    match &function.driver {
        None => Some("bound to no driver; bind it to vfio-pci".to_owned()),
        Some(driver) if is_vfio(driver) => None,
        Some(driver) => Some(format!("bound to driver {driver}, not to vfio-pci")),
    }
}

fn group(function: &PciFunction, groups: &BTreeMap<u32, Vec<Member>>) -> Vec<String> {
    let Some(group) = function.iommu_group else {
        let reason = if groups.is_empty() {
            "the IOMMU is off: no function is in an IOMMU group"
        } else {
            "is in no IOMMU group"
        };
        return vec![reason.to_owned()];
    };
    let members = groups.get(&group).map(Vec::as_slice).unwrap_or_default();
    let others = members.iter().filter(|member| member.slot != function.slot);
    others
        .filter_map(|member| {
            let (slot, driver) = (&member.slot, member.holder.as_ref()?);
            Some(format!(
                "shares IOMMU group {group} with {slot}, which is bound to driver {driver}"
            ))
        })
        .collect()
}

/// `vfio-pci` and its variants for one kind of device, such as `mlx5_vfio_pci`.
fn is_vfio(driver: &str) -> bool {
    driver == "vfio-pci" || driver.ends_with("-vfio-pci") || driver.ends_with("_vfio_pci")
}

fn gives_away(driver: &str) -> bool {
    is_vfio(driver) || driver == "pci-stub"
}

fn is_bridge(function: &PciFunction) -> bool {
    let class = function.class_code.as_deref().unwrap_or_default();
    class.starts_with("06")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(slot: &str, class: &str, driver: &str, group: Option<u32>) -> PciFunction {
        PciFunction {
            slot: slot.to_owned(),
            class_code: Some(class.to_owned()),
            driver: Some(driver.to_owned()).filter(|driver| !driver.is_empty()),
            iommu_group: group,
            ..PciFunction::default()
        }
    }

    fn judged(mut functions: Vec<PciFunction>) -> Vec<Passthrough> {
        judge(&mut functions);
        functions.into_iter().map(|f| f.passthrough).collect()
    }

    #[test]
    fn ready_with_a_bridge_and_an_unbound_function_beside_it() {
        let found = judged(vec![
            function("0000:00:01.0", "060400", "pcieport", Some(1)),
            function("0000:01:00.0", "030000", "vfio-pci", Some(1)),
            function("0000:01:00.1", "040300", "", Some(1)),
        ]);
        assert_eq!(found[0].reasons, ["is a bridge"]);
        assert_eq!(found[1].ready, Some(true));
        assert_eq!(
            found[2].reasons,
            ["bound to no driver; bind it to vfio-pci"]
        );
    }

    #[test]
    fn says_who_holds_the_group() {
        let found = judged(vec![
            function("0000:01:00.0", "030000", "vfio-pci", Some(1)),
            function("0000:01:00.1", "040300", "snd_hda_intel", Some(1)),
        ]);
        assert_eq!(
            found[0].reasons,
            ["shares IOMMU group 1 with 0000:01:00.1, which is bound to driver snd_hda_intel"]
        );
        assert_eq!(
            found[1].reasons,
            ["bound to driver snd_hda_intel, not to vfio-pci"]
        );
    }

    #[test]
    fn says_that_the_iommu_is_off() {
        let found = judged(vec![function("0000:00:03.0", "020000", "vfio-pci", None)]);
        assert_eq!(found[0].ready, Some(false));
        assert_eq!(
            found[0].reasons,
            ["the IOMMU is off: no function is in an IOMMU group"]
        );
    }
}
