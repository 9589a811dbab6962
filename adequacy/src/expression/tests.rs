//! What expressions say of recorded machines, and which faults they have.

use muster_model::{Inventory, Section, Warning, WarningKind};

use super::{Answer, Expression, Facts};
use crate::machine::Machine;

mod faults;
mod hostile;
mod oracle;
mod scan;

fn metal() -> Inventory {
    let text = include_bytes!("../../../tests/fixtures/emulated-metal.json");
    Inventory::from_json(text).unwrap()
}

fn ask(inventory: &Inventory, text: &str) -> Answer {
    let expression =
        Expression::compile(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    assert_eq!(expression.text(), text);
    expression.evaluate(&Facts::new(&Machine::new(inventory)))
}

/// The unknown facts with their reasons.
fn unknown(inventory: &Inventory, text: &str) -> Vec<String> {
    match ask(inventory, text) {
        Answer::Unknown(facts) => facts.iter().map(ToString::to_string).collect(),
        other => panic!("{text}: {other:?}"),
    }
}

fn warning(probe: &str, subject: &str, message: &str) -> Warning {
    Warning {
        probe: probe.to_owned(),
        subject: subject.to_owned(),
        kind: WarningKind::Denied,
        message: message.to_owned(),
        incomplete: None,
    }
}

#[test]
fn what_holds_of_a_machine() {
    let metal = metal();
    for text in [
        "true",
        "cpu.threads >= 4 && pci.exists(p, p.vendor_id == \"10ec\")",
        "host.kernel.architecture == cpu.architecture",
        "memory.total_bytes >= 1 * 1024 * 1024 * 1024",
        "memory.total_bytes / 1048576 == 1455 && memory.total_bytes % 2 == 0",
        "cpu.threads == 8u && cpu.threads < 8.5 && 2.0 == 2 && -1 < 1u",
        "cpu.frequency_mhz.base == 2000",
        "cpu.frequency_mhz.base * 2.0 > 3999.9",
        "disks.size() == 7 && size(disks) == 7",
        "disks.exists_one(d, d.transport == 'nvme')",
        "disks.filter(d, d.rotational).size() == 5",
        "disks.map(d, d.size_bytes).exists(s, s > 16000000000)",
        "disks.map(d, d.rotational, d.name) == ['sda', 'sdb', 'sdd', 'sde', 'vda']",
        "disks[0].name == 'nvme0n1' && disks[0].serial.startsWith('HT')",
        "disks.all(d, d.partitions.all(p, p.type.size() == 36))",
        "'aes' in cpu.flags && !('none' in cpu.flags)",
        "disks[1].transport in ['sas', 'sata']",
        "'meltdown' in cpu.vulnerabilities",
        "has(cpu.vulnerabilities.meltdown) && !has(cpu.vulnerabilities.nonesuch)",
        "cpu.vulnerabilities['meltdown'] == cpu.vulnerabilities.meltdown",
        "cpu.vulnerabilities.all(name, name != '')",
        "host.kernel.release.matches('^6\\\\.1\\\\.') && matches(host.hostname, r'^\\w+$')",
        "host.kernel.command_line.contains('quiet') && host.hostname.endsWith('ccj')",
        "(cpu.threads > 4 ? 'many' : 'few') == 'many'",
        "numa[0].distances == [10, 21] && numa.all(n, n.distances[0] + n.distances[1] == 31)",
        "numa.all(a, numa.all(b, a.id == b.id || a.cpus != b.cpus))",
        "int('12') == 12 && uint(3) == 3u && double('1.5') == 1.5 && string(12) == '12' && bool('true')",
        "int(host.os.version_id) >= 12",
        "iommu.enabled && network.filter(n, has(n.bond) && n.bond.mode == '802.3ad').size() == 1",
        "size('äöü') == 3 && 'ä' + 'ö' == 'äö' && [1] + [2] == [1, 2]",
        "true || 1 / 0 == 1",
    ] {
        assert_eq!(ask(&metal, text), Answer::Yes, "{text}");
        assert_eq!(ask(&metal, &format!("!({text})")), Answer::No, "{text}");
    }
}

#[test]
fn a_list_that_may_lack_something_is_unknown() {
    let mut metal = metal();
    for (list, text) in [
        ("network", "network.exists(n, n.driver == 'e1000e')"),
        (
            "network.addresses",
            "network.exists(n, n.addresses.size() > 0)",
        ),
        ("memory.modules", "memory.modules.size() == 4"),
    ] {
        assert!(!matches!(ask(&metal, text), Answer::Unknown(_)), "{text}");
        let probe = list.split('.').next().unwrap();
        metal.warnings.push(Warning {
            incomplete: Some(list.to_owned()),
            ..warning(probe, list.rsplit('.').next().unwrap(), "some are left out")
        });
        let whys = unknown(&metal, text);
        assert!(whys[0].contains("some are left out"), "{whys:?}");
        metal.warnings.pop();
    }
}

#[test]
fn integers_keep_their_64_bits() {
    let mut metal = metal();
    metal.memory.total_bytes = Some(u64::MAX);
    for text in [
        "memory.total_bytes == 18446744073709551615u",
        "memory.total_bytes > 9223372036854775807",
        "memory.total_bytes > 16 * 1024 * 1024 * 1024",
        "memory.total_bytes < 18446744073709551616.0",
    ] {
        assert_eq!(ask(&metal, text), Answer::Yes, "{text}");
    }
    metal.memory.total_bytes = Some((1 << 53) + 1);
    assert_eq!(
        ask(&metal, "memory.total_bytes > 9007199254740992.0"),
        Answer::Yes
    );
    assert_eq!(
        ask(&metal, "memory.total_bytes == 9007199254740992.0"),
        Answer::No
    );
}

#[test]
fn what_cannot_be_calculated_fails() {
    for (text, message) in [
        ("1 / 0 == 1", "a division by zero"),
        ("cpu.threads % (cpu.threads - 8) == 1", "a division by zero"),
        ("9223372036854775807 + 1 > 0", "an integer beyond 64 bits"),
        ("int('many') == 1", "\"many\" is not written as that type"),
        (
            "uint(-1) == 1u",
            "a number is beyond the type that it is converted to",
        ),
        (
            "disks[7].rotational",
            "an element is asked of a list of 7 by an index beyond them",
        ),
        (
            "disks[-1].rotational",
            "an element is asked of a list of 7 by an index beyond them",
        ),
        (
            "cpu.vulnerabilities['none'] == ''",
            "the machine has no entry \"none\"; ask has(…) first",
        ),
    ] {
        assert_eq!(
            ask(&metal(), text),
            Answer::Failed(message.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn what_is_unknown_is_told_with_its_reason() {
    let mut metal = metal();
    metal
        .warnings
        .push(warning("disks", "sda", "sda did not answer within 2 s"));
    let ecc = "memory errors are not counted: no EDAC driver is loaded for this memory controller";
    assert_eq!(
        unknown(&metal, "memory.ecc.correctable_errors == 0"),
        [format!("memory.ecc.correctable_errors is unknown: {ecc}")]
    );
    assert_eq!(
        unknown(&metal, "bmc.ipv4 != ''"),
        ["bmc.ipv4 is unknown: addresses: none of the controller's channels is a LAN"]
    );
    assert_eq!(
        unknown(
            &metal,
            "disks.all(d, d.health.media_errors == 0 || d.name > 'sdb')"
        ),
        [
            "disks[sda].health.media_errors is unknown: sda did not answer within 2 s",
            "disks[sdb].health.media_errors is unknown: the machine does not say",
        ]
    );
    assert_eq!(
        unknown(
            &metal,
            "memory.modules[0].rank == 2 && network[0].bond.lacp.partner_mac != ''"
        ),
        [
            "memory.modules[DIMM 0].rank is unknown: the machine does not say",
            "network[bond0].bond.lacp.partner_mac is unknown: the machine does not say",
        ]
    );
    assert_eq!(
        unknown(
            &metal,
            "network.exists(n, n.kind == 'dummy' && n.bond.mode == '802.3ad')"
        ),
        ["network[dummy0].bond is unknown: the machine does not say"]
    );
}

#[test]
fn a_section_that_nobody_looked_at_is_unknown() {
    let mut metal = metal();
    metal.undiscovered.insert(Section::Disks);
    let reason = "disks is unknown: the inventory was made without it; discover the machine again with the section disks";
    for text in [
        "disks.all(d, d.removable)",
        "disks.size() == 0",
        "has(disks[0].serial)",
    ] {
        assert_eq!(unknown(&metal, text), [reason], "{text}");
    }
    assert_eq!(unknown(&metal, "has(usage.cpu_percent)").len(), 1);
    let both = unknown(&metal, "disks.size() > 0 && usage.cpu_percent < 50.0");
    assert_eq!(both.len(), 2, "{both:?}");
}

#[test]
fn an_empty_list_may_be_unknown() {
    let mut metal = metal();
    metal.gpus.clear();
    metal.memory.modules.clear();
    metal.cpu.core_kinds.clear();
    assert_eq!(
        ask(
            &metal,
            "gpus.all(g, g.driver == '') && memory.modules.size() == 0"
        ),
        Answer::Yes
    );
    assert_eq!(
        ask(&metal, "gpus.size() + memory.modules.size() == 0"),
        Answer::Yes
    );
    metal
        .warnings
        .push(warning("gpus", "gpus", "it takes root"));
    metal
        .warnings
        .push(warning("memory", "modules", "it takes root, too"));
    assert_eq!(
        unknown(&metal, "gpus.size() == 0"),
        ["gpus is unknown: it takes root"]
    );
    assert_eq!(
        unknown(&metal, "memory.modules.all(m, m.size_bytes > 0)"),
        ["memory.modules is unknown: it takes root, too"]
    );
    assert_eq!(ask(&metal, "cpu.core_kinds.size() == 0"), Answer::Yes);
}

#[test]
fn what_is_unknown_is_absorbed_where_it_does_not_decide() {
    let metal = metal();
    for (text, answer) in [
        ("false && bmc.ipv4 == ''", Answer::No),
        ("bmc.ipv4 == '' && false", Answer::No),
        ("true || bmc.ipv4 == ''", Answer::Yes),
        ("bmc.ipv4 == '' || true", Answer::Yes),
        ("disks.exists(d, d.health.media_errors == 0)", Answer::Yes),
        ("disks.all(d, d.health.temperature_c < 40)", Answer::No),
        ("has(disks[1].health.status)", Answer::No),
        (
            "has(disks[0].health.status) && !has(network[4].bond.lacp.ports)",
            Answer::Yes,
        ),
        ("has(bmc.ipv4) ? bmc.ipv4 != '' : true", Answer::Yes),
        ("1 / 0 == 1 && false", Answer::No),
    ] {
        assert_eq!(ask(&metal, text), answer, "{text}");
    }
    for text in [
        "true && bmc.ipv4 == ''",
        "bmc.ipv4 == '' || false",
        "disks.all(d, d.health.temperature_c < 60)",
        "disks.exists(d, d.health.temperature_c > 60)",
        "disks.exists_one(d, d.health.temperature_c == 31)",
        "disks.filter(d, d.health.temperature_c == 31).size() == 1",
        "has(disks.filter(d, d.health.temperature_c == 31)[0].serial)",
        "bmc.ipv4 == '' ? true : true",
        "1 / 0 == 1 || bmc.ipv4 == ''",
        "bmc.ipv4 == bmc.ipv4",
    ] {
        assert!(matches!(ask(&metal, text), Answer::Unknown(_)), "{text}");
    }
}

#[test]
fn it_is_told_which_sections_are_read() {
    let expression = Expression::compile("disks.all(d, d.removable) || has(cpu.threads)").unwrap();
    assert_eq!(
        expression.sections().iter().copied().collect::<Vec<_>>(),
        [Section::Cpu, Section::Disks]
    );
}

#[test]
fn the_same_facts_serve_many_expressions() {
    let metal = metal();
    let machine = Machine::new(&metal);
    let facts = Facts::new(&machine);
    for index in 0..7 {
        let expression = Expression::compile(&format!(
            "disks[{index}].name == '{}'",
            metal.disks[index].name
        ));
        assert_eq!(expression.unwrap().evaluate(&facts), Answer::Yes);
    }
}
