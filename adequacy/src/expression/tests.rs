//! What expressions say of recorded machines, and which faults they have.

use muster_model::{Inventory, Section, Warning, WarningKind};

use super::{Answer, Expression, ExpressionFault, Facts};
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
    expression.evaluate(&Facts::new(Machine::new(inventory)))
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
    }
}

#[test]
fn what_holds_of_a_machine() {
    let metal = metal();
    for (text, answer) in [
        ("cpu.threads >= 4 && cpu.threads == 4", true),
        ("host.kernel.architecture == cpu.architecture", true),
        ("true", true),
    ] {
        let expected = if answer { Answer::Yes } else { Answer::No };
        assert_eq!(ask(&metal, text), expected, "{text}");
    }
}
