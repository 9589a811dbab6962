//! Golden texts of verdicts on made-up machines.

use muster_adequacy::compare::{Options, compare};
use muster_adequacy::verdict::{RuleStatus, Standing};
use muster_adequacy::{Policy, Verdict, judge};
use muster_model::{Inventory, Role, Warning, WarningKind};

use super::{Judged, Layout, Weighing, explain, junit, report, sarif, sentence_alone, table};

const POLICY: &str = r#"
schema = "muster.policy/v1"
name = "lab"
version = "2"
roles = ["control", "worker"]

[[rules]]
id = "architecture"
title = "A processor that the software is built for"
severity = "required"
check.cpu_architecture = { one_of = ["x86_64", "aarch64"] }
remedy = "Use a machine with a 64-bit x86 or Arm processor."

[[rules]]
id = "memory-total"
title = "Enough memory for the database"
severity = "required"
roles = ["control"]
check.memory_total = { at_least = "64 TiB" }
remedy = "Add memory modules, in the slots that are empty and in the order that the board's manual gives."

[[rules]]
id = "data-disks"
title = "Disks for data"
severity = "required"
check.disks = { at_least = 2, available = true }
remedy = "Add disks, or empty those that are there."

[[rules]]
id = "cores"
title = "Enough cores"
severity = "recommended"
roles = ["worker"]
check.cpu_cores = { at_least = 512 }
remedy = "Use a machine with more cores."
"#;

fn rich() -> Inventory {
    serde_json::from_str(include_str!("../../../../tests/golden/rich.json")).unwrap()
}

/// The rich machine as somebody saw it who may not read what decides.
fn denied() -> Inventory {
    let mut inventory = rich();
    for disk in &mut inventory.disks {
        disk.available = None;
    }
    inventory.warnings.push(Warning {
        probe: "disks".to_owned(),
        subject: "disks".to_owned(),
        kind: WarningKind::Denied,
        message: "only root may read what is on a disk".to_owned(),
        incomplete: None,
    });
    inventory
}

/// Renders the verdict on a machine.
fn with<T>(
    inventory: &Inventory,
    weighing: Weighing,
    role: Option<Role>,
    render: impl Fn(&Judged<'_>) -> T,
) -> T {
    let policy = Policy::parse(POLICY).unwrap();
    let mut verdict = judge(&policy, inventory);
    if weighing == Weighing::Strict {
        verdict = verdict.strictly();
    }
    if let Some(role) = role {
        verdict = verdict.only(role).unwrap();
    }
    render(&Judged {
        verdict: &verdict,
        policy: &policy,
        inventory,
        weighing,
    })
}

fn layout(width: usize) -> Layout<'static> {
    Layout {
        width,
        policy_origin: "/etc/muster/policies/lab.toml",
        machine_origin: "this machine",
        baseline_origin: None,
        in_full: false,
        when_denied: Some("Run as root to see what was denied: sudo muster check"),
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn both(inventory: &Inventory, layout: Layout<'_>) -> String {
    with(inventory, Weighing::Required, None, |judged| {
        report(judged, layout)
    })
}

#[test]
fn report_fits_its_width() {
    for (name, inventory) in [("rich", rich()), ("denied", denied())] {
        for width in [50, 80, 140] {
            let text = plain(&both(&inventory, layout(width)));
            for line in text.lines() {
                let taken = unicode_width::UnicodeWidthStr::width(line);
                assert!(taken <= width, "{taken} > {width}: {line}");
            }
            insta::assert_snapshot!(format!("{name}_{width}"), text);
        }
    }
}

#[test]
fn report_in_colour() {
    let text = both(&rich(), layout(80));
    insta::assert_snapshot!("colour", text.replace('\x1b', "␛"));
}

#[test]
fn report_in_full() {
    let in_full = Layout {
        in_full: true,
        ..layout(80)
    };
    insta::assert_snapshot!("in_full", plain(&both(&rich(), in_full)));
}

/// The rich machine judged some days after it had more memory and another BIOS.
fn with_baseline<T>(weighing: Weighing, render: impl Fn(&Judged<'_>) -> T) -> T {
    let mut before = rich();
    before.captured_at = Some("2026-01-01T00:00:00Z".to_owned());
    before.memory.total_bytes = before.memory.total_bytes.map(|bytes| bytes * 2);
    before.bios.version = Some("0.1".to_owned());
    with(&rich(), weighing, None, |judged| {
        let mut verdict = judged.verdict.clone();
        verdict.baseline = Some(compare(&before, &rich(), &Options::default()));
        if weighing == Weighing::Strict {
            verdict = verdict.strictly();
        }
        render(&Judged {
            verdict: &verdict,
            ..*judged
        })
    })
}

#[test]
fn what_changed_comes_after_the_verdict() {
    let since = |width| Layout {
        baseline_origin: Some("before.json"),
        ..layout(width)
    };
    for width in [50, 80] {
        let text = with_baseline(Weighing::Required, |judged| report(judged, since(width)));
        let text = plain(&text);
        for line in text.lines() {
            let taken = unicode_width::UnicodeWidthStr::width(line);
            assert!(taken <= width, "{taken} > {width}: {line}");
        }
        insta::assert_snapshot!(format!("baseline_{width}"), text);
    }
    let strict = with_baseline(Weighing::Strict, |judged| sentence_alone(judged, 120));
    insta::assert_snapshot!("baseline_strict", plain(&strict));
}

#[test]
fn only_root_is_told_of_where_something_was_denied() {
    let advice = "Run as root";
    assert!(both(&denied(), layout(80)).contains(advice));
    assert!(!both(&rich(), layout(80)).contains(advice));
}

#[test]
fn strictly_recommended_rules_fail_too() {
    let render = |weighing| {
        with(&rich(), weighing, Some(Role::Worker), |judged| {
            plain(&report(judged, layout(80)))
        })
    };
    assert!(render(Weighing::Required).contains("\nRecommended\n  ✗ FAIL cores"));
    let strict = render(Weighing::Strict);
    assert!(strict.contains("\nFails\n"), "{strict}");
    assert!(!strict.contains("\nRecommended\n"), "{strict}");
}

#[test]
fn sentences() {
    use RuleStatus::{Fail, Pass, Undetermined};
    let told = |control: RuleStatus, worker: RuleStatus| {
        let inventory = rich();
        let policy = Policy::parse(POLICY).unwrap();
        let mut verdict = judge(&policy, &inventory);
        for (role, status) in [(0, control), (1, worker)] {
            force(&mut verdict, role, status);
        }
        let judged = Judged {
            verdict: &verdict,
            policy: &policy,
            inventory: &inventory,
            weighing: Weighing::Required,
        };
        plain(&sentence_alone(&judged, 120))
    };
    let all = [
        told(Pass, Pass),
        told(Pass, Fail),
        told(Fail, Pass),
        told(Fail, Fail),
        told(Fail, Undetermined),
        told(Undetermined, Pass),
        told(Undetermined, Undetermined),
    ];
    insta::assert_snapshot!("sentences", all.concat());
}

/// Makes every rule of a role come out so, and its standing follow.
fn force(verdict: &mut Verdict, role: usize, status: RuleStatus) {
    let judged = &mut verdict.roles[role];
    for rule in &mut judged.rules {
        rule.status = status;
    }
    judged.standing = match status {
        RuleStatus::Fail => Standing::Inadequate,
        RuleStatus::Undetermined => Standing::Undetermined,
        _ => Standing::Adequate,
    };
}

#[test]
fn a_table_has_a_line_a_rule() {
    let text = with(&rich(), Weighing::Required, None, table);
    insta::assert_snapshot!("table", plain(&text));
}

#[test]
fn one_rule_explained() {
    for (inventory, rule) in [
        (rich(), "data-disks"),
        (denied(), "data-disks"),
        (rich(), "memory-total"),
    ] {
        let text = with(&inventory, Weighing::Required, None, |judged| {
            plain(&explain(judged, rule, 90).unwrap())
        });
        let name = match inventory.disks[0].available {
            None => format!("explained_{rule}_denied"),
            Some(_) => format!("explained_{rule}"),
        };
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn documents_for_other_programs() {
    let text = with(&denied(), Weighing::Required, None, |judged| {
        junit(judged).unwrap()
    });
    insta::assert_snapshot!("junit", text);
    let text = with(&denied(), Weighing::Required, None, |judged| {
        sarif(judged).unwrap()
    });
    insta::assert_snapshot!("sarif", text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn hostile_names_never_reach_a_terminal() {
    let hostile = "x\x1b]0;owned\x07\x1b[2J\r\n\u{9b}31m\u{202e}";
    let mut inventory = denied();
    inventory.host.hostname = Some(hostile.to_owned());
    inventory.cpu.architecture = Some(hostile.to_owned());
    for disk in &mut inventory.disks {
        disk.name = hostile.to_owned();
        disk.model = Some(hostile.to_owned());
    }
    let texts = with(&inventory, Weighing::Required, None, |judged| {
        [
            report(judged, layout(80)),
            table(judged),
            explain(judged, "data-disks", 80).unwrap(),
            explain(judged, "architecture", 80).unwrap(),
        ]
    });
    for text in texts {
        let text = plain(&text);
        let found = text
            .chars()
            .find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
        assert_eq!(found, None);
        assert!(text.contains("x\\x1b]0;owned"), "{text}");
    }
    let xml = with(&inventory, Weighing::Required, None, |judged| {
        junit(judged).unwrap()
    });
    assert!(!xml.contains('\x1b'));
}

#[test]
fn an_explanation_of_thousands_of_devices_can_be_read() {
    let policy = Policy::parse(POLICY).unwrap();
    let inventory = rich();
    let mut verdict = judge(&policy, &inventory);
    for rule in verdict.roles.iter_mut().flat_map(|role| &mut role.rules) {
        rule.devices = (0..4096).map(|number| format!("sd{number}")).collect();
        rule.reasons = rule
            .devices
            .iter()
            .map(|it| format!("{it} is old"))
            .collect();
    }
    let judged = Judged {
        verdict: &verdict,
        policy: &policy,
        inventory: &inventory,
        weighing: Weighing::Required,
    };
    let told = plain(&explain(&judged, "data-disks", 80).unwrap());
    assert!(told.contains(" and 4090 more"), "{told}");
    assert!(
        told.contains("and 4072 more; -o json has them all"),
        "{told}"
    );
    assert!(told.lines().count() < 100, "{told}");
}
