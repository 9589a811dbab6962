//! Golden texts of a rich, made-up machine, and of the hardest ones.

use muster_model::{Inventory, Section, Warning, WarningKind};

use super::report::{self, Layout};
use super::{Document, json, table, wide, yaml};

fn rich() -> Inventory {
    serde_json::from_str(include_str!("../../../tests/golden/rich.json")).unwrap()
}

fn whole(inventory: &Inventory) -> Document<'_> {
    Document {
        inventory,
        sections: Section::ALL.to_vec(),
    }
}

fn layout(width: usize) -> Layout {
    Layout {
        width,
        explain: true,
        root_sees_more: true,
        in_full: false,
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn report_fits_its_width() {
    let rich = rich();
    for width in [60, 80, 140] {
        let text = plain(&report::render(&whole(&rich), layout(width)));
        for line in text.lines() {
            let taken = unicode_width::UnicodeWidthStr::width(line);
            assert!(taken <= width, "{taken} > {width}: {line}");
        }
        insta::assert_snapshot!(format!("report_{width}"), text);
    }
}

#[test]
fn report_in_colour() {
    let rich = rich();
    let text = report::render(&whole(&rich), layout(80));
    insta::assert_snapshot!("report_colour", text.replace('\x1b', "␛"));
}

#[test]
fn report_of_chosen_sections_is_in_full() {
    let rich = rich();
    let document = Document {
        inventory: &rich,
        sections: vec![
            Section::Cpu,
            Section::Memory,
            Section::Network,
            Section::Disks,
            Section::Pci,
        ],
    };
    let layout = Layout {
        in_full: true,
        ..layout(100)
    };
    insta::assert_snapshot!("report_in_full", plain(&report::render(&document, layout)));
}

#[test]
fn report_of_nothing_known() {
    let empty = Inventory::default();
    insta::assert_snapshot!(
        "report_empty",
        plain(&report::render(&whole(&empty), layout(80)))
    );
}

#[test]
fn quiet_report_has_no_warnings() {
    let rich = rich();
    let quiet = Layout {
        explain: false,
        ..layout(80)
    };
    let text = plain(&report::render(&whole(&rich), quiet));
    assert!(!text.contains("warning") && !text.contains("[1]"), "{text}");
}

#[test]
fn tables() {
    let rich = rich();
    insta::assert_snapshot!("table", plain(&table(&whole(&rich)).unwrap()));
    insta::assert_snapshot!("wide", plain(&wide(&whole(&rich)).unwrap()));
}

#[test]
fn documents() {
    let rich = rich();
    insta::assert_snapshot!("yaml", yaml(&whole(&rich)).unwrap());
    let text = json(&whole(&rich)).unwrap();
    let back: Inventory = serde_json::from_str(&text).unwrap();
    assert_eq!(back, rich);
    let parts = Document {
        inventory: &rich,
        sections: vec![Section::Bmc, Section::Iommu],
    };
    insta::assert_snapshot!("json_sections", json(&parts).unwrap());
}

#[test]
fn yaml_strings_stay_strings() {
    let awkward = [
        "no",
        "Off",
        "y",
        "null",
        "~",
        "0x10",
        "0o17",
        "12e3",
        "1_000",
        "1:30",
        "+1",
        ".5",
        ".inf",
        "2026-03-14",
        "",
        " lead",
        "trail ",
        "a: b",
        "a #b",
        "- a",
        "? a",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "'a'",
        "\"a\"",
        "[a",
        "{a",
        "a\tb",
        "a\nb",
        "a\u{85}b",
        "\u{1b}[31m",
        "---",
        "...",
        "<<",
        "=",
        "012",
        "1e3",
        "naïve",
        "\u{feff}a",
        "\u{2028}",
        "\u{0}",
    ];
    for text in awkward {
        let mut inventory = Inventory::default();
        inventory.host.hostname = Some(text.to_owned());
        let document = yaml(&whole(&inventory)).unwrap();
        let back: serde_json::Value = serde_saphyr::from_str(&document).unwrap();
        let hostname = &back["host"]["hostname"];
        assert_eq!(hostname.as_str(), Some(text), "{document:.300}");
    }
}

#[test]
fn hostile_names_never_reach_a_terminal() {
    let mut inventory = rich();
    let hostile = "x\x1b]0;owned\x07\x1b[2J\r\n\u{9b}31m\u{202e}";
    inventory.host.hostname = Some(hostile.to_owned());
    inventory.system.product = Some(hostile.to_owned());
    inventory.sensors[0].chip = hostile.to_owned();
    inventory.sensors[0].unit = Some(hostile.to_owned());
    for disk in &mut inventory.disks {
        disk.model = Some(hostile.to_owned());
        disk.name = hostile.to_owned();
        disk.unavailable_reasons = vec![hostile.to_owned()];
    }
    for interface in &mut inventory.network {
        interface.name = hostile.to_owned();
    }
    inventory
        .cpu
        .vulnerabilities
        .insert(hostile.to_owned(), hostile.to_owned());
    inventory.warnings.push(Warning {
        probe: hostile.to_owned(),
        subject: hostile.to_owned(),
        kind: WarningKind::Malformed,
        message: hostile.to_owned(),
        incomplete: None,
    });
    let full = Layout {
        in_full: true,
        ..layout(80)
    };
    let document = whole(&inventory);
    let texts = [
        report::render(&document, layout(80)),
        report::render(&document, full),
        table(&document).unwrap(),
        wide(&document).unwrap(),
    ];
    for text in texts {
        let text = plain(&text);
        let found = text
            .chars()
            .find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
        assert_eq!(found, None);
        assert!(text.contains("x\\x1b]0;owned\\x07\\x1b[2J"));
    }
}

#[test]
fn the_picture_in_the_readme_is_the_report() {
    // The same machine with fewer devices, so that the picture is not a wall.
    let mut machine = rich();
    let shown = [
        "eno1",
        "eno2",
        "ens1f0np0",
        "nvme0n1",
        "nvme1n1",
        "sda",
        "sdb",
    ];
    machine
        .network
        .retain(|device| shown.contains(&device.name.as_str()));
    machine
        .disks
        .retain(|device| shown.contains(&device.name.as_str()));
    machine
        .warnings
        .retain(|warning| shown.contains(&warning.subject.as_str()));
    let document = Document {
        inventory: &machine,
        sections: vec![
            Section::Host,
            Section::System,
            Section::Bios,
            Section::Bmc,
            Section::Cpu,
            Section::Memory,
            Section::Network,
            Section::Disks,
        ],
    };
    let text = report::render(&document, layout(94));
    let svg = anstyle_svg::Term::new()
        .palette(anstyle_svg::WIN10_CONSOLE)
        .render_svg(&text);
    hold("../docs/discover.svg", &svg);
}

/// Holds a committed file to what it has to be; `MUSTER_BLESS=1` writes it.
#[allow(clippy::disallowed_methods, reason = "a committed file, not the host")]
fn hold(path: &str, content: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("MUSTER_BLESS").is_some() {
        std::fs::write(&path, content).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == content,
        "{} is stale: run with MUSTER_BLESS=1",
        path.display()
    );
}
