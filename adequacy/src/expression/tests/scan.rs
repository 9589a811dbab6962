//! How long a scan takes: told, not held.

use std::time::Instant;

use super::*;

/// `cargo test --release -p muster-adequacy scan -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, for a release build on a quiet machine"]
fn nanoseconds_per_element() {
    let mut metal = metal();
    let function = metal.pci[0].clone();
    metal.pci = (0..4096)
        .map(|index| muster_model::pci::PciFunction {
            slot: format!(
                "0000:{:02x}:{:02x}.{}",
                index / 256,
                index / 8 % 32,
                index % 8
            ),
            ..function.clone()
        })
        .collect();
    for text in [
        "pci.all(p, p.vendor_id != \"1234\")",
        "pci.all(p, p.link.width == p.link.max_width || p.class != 'x')",
        "pci.filter(p, p.vendor_id == '8086' && p.driver in ['a', 'b']).size() == 0",
        "pci.all(p, p.numa_node == 0)",
        "pci.all(p, !p.slot.matches('^ffff:'))",
    ] {
        let started = Instant::now();
        let expression = Expression::compile(text).unwrap();
        let compiled = started.elapsed();
        let facts = Facts::new(Machine::new(&metal));
        let started = Instant::now();
        let first = expression.evaluate(&facts);
        let laid_out = started.elapsed();
        let started = Instant::now();
        for _ in 0..10 {
            assert_eq!(expression.evaluate(&facts), first);
        }
        let scan = started.elapsed() / 10;
        let answer = format!("{first:?}");
        println!(
            "{text}: compile {compiled:?}, first {laid_out:?}, then {scan:?}, {} ns an element: {:.40}",
            scan.as_nanos() / 4096,
            answer,
        );
    }
}
