//! What a policy may well ask of each of many devices is within the limit of steps.

use muster_model::pci::PciFunction;

use super::*;

/// The metal with as many PCI functions as one has.
fn largest() -> Inventory {
    let mut metal = metal();
    let mut function = metal.pci[0].clone();
    function.driver = Some("ahci".to_owned());
    let slot = |index: usize| {
        let (bus, device, function) = (index / 256, index / 8 % 32, index % 8);
        format!("0000:{bus:02x}:{device:02x}.{function}")
    };
    let functions = (0..4096).map(|index| PciFunction {
        slot: slot(index),
        ..function.clone()
    });
    metal.pci = functions.collect();
    metal
}

#[test]
fn scans_of_a_large_machine_have_an_answer() {
    let machine = largest();
    for text in [
        "pci.all(p, p.vendor_id != \"1234\")",
        "pci.all(p, p.link.width == p.link.max_width || p.class != 'x')",
        "pci.filter(p, p.vendor_id == '8086' && p.driver in ['a', 'b']).size() == 0",
        "pci.all(p, !p.slot.matches('^ffff:'))",
        "pci.exists_one(p, p.slot == '0000:0f:1f.7')",
        "!pci.exists(p, pci[0].slot == p.slot && p.slot != '0000:00:00.0')",
    ] {
        assert_eq!(ask(&machine, text), Answer::Yes, "{text}");
    }
}
