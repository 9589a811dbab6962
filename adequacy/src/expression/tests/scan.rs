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
        let least = |work: &mut dyn FnMut()| {
            let times = (0..50).map(|_| {
                let started = Instant::now();
                work();
                started.elapsed()
            });
            times.min().unwrap()
        };
        let expression = Expression::compile(text).unwrap();
        let compile = least(&mut || drop(Expression::compile(text).unwrap()));
        let facts = Facts::new(Machine::new(&metal));
        let first = expression.evaluate(&facts);
        let scan = least(&mut || assert_eq!(expression.evaluate(&facts), first));
        let both = least(&mut || {
            expression.evaluate(&Facts::new(Machine::new(&metal)));
        });
        let answer = format!("{first:?}");
        println!(
            "{text}: compile {compile:?}, lay out {:?}, scan {scan:?}, {} ns an element: {:.40}",
            both.saturating_sub(scan),
            scan.as_nanos() / 4096,
            answer,
        );
    }
}
