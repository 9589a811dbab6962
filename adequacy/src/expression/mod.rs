//! Expressions over an inventory, in [CEL](https://cel.dev), for what no ready-made check asks.
//!
//! ```text
//! cpu.threads >= 4 && pci.exists(p, p.vendor_id == "10de")
//! ```
//!
//! The variables are the inventory's sections, the fields those of its JSON. Integers of the
//! inventory are `int`; numbers of every type compare, and do not calculate, with each other. A
//! fact that is null is unknown, and makes unknown whatever it decides: CEL's way with errors, where
//! `false && unknown` is false and one true is enough for `exists`. `has(disks[0].serial)` asks
//! whether a fact is known. A section that was not discovered is unknown as a whole.
//!
//! Of the language there are its operators on bool, int, uint, double, string and list; `has`,
//! `all`, `exists`, `exists_one`, `filter`, `map`, `in`, `size`, `contains`, `startsWith`,
//! `endsWith`, `matches` (with a literal pattern, whose classes are of ASCII as in RE2); and `bool`, `int`, `uint`, `double`, `string`
//! to convert. Absent: bytes, times, maps and messages as literals, `null`, `dyn`, `type`.
//!
//! Map: `parse` makes a tree of the text (the crate `cel` does), `check` a `plan` of the tree, with
//! its parts `operators` and `functions`; `shape` has the inventory's types. `evaluate` carries out
//! the plan, with its parts `lookup`, `loops` and `calculate`, on `facts`, which an `arena` holds.
//!
//! Limits: 4 KiB of text, 24 brackets and 64 operators within each other, a pattern of 32 KiB when
//! compiled, two million steps an evaluation. Why not cel's own evaluation: it takes 300 ns for
//! each of 4,096 PCI functions, and twenty rules that ask them all would take more than 20 ms.

use std::collections::BTreeSet;

use muster_model::Section;

use self::evaluate::{MAX_STEPS, Stop};
use self::plan::Plan;
use crate::machine::Unknown;

mod arena;
mod calculate;
mod check;
mod evaluate;
mod facts;
mod functions;
mod lookup;
mod loops;
mod operators;
mod parse;
mod plan;
mod shape;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use facts::Facts;

/// A condition on an inventory, ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Expression {
    text: String,
    plan: Plan,
    sections: BTreeSet<Section>,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpressionFault {
    /// In bytes, where in the text.
    pub(crate) offset: Option<usize>,
    /// What is wrong, and what would be right.
    pub(crate) message: String,
}

/// What a machine says to an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// The facts, at least one, without which it cannot be said; 32 at most.
    Unknown(Vec<Unknown>),
    /// Why the expression has no value on this machine: a division by zero, an index too large.
    Failed(String),
}

impl Expression {
    /// Reads and checks `text`. All faults of types are told at once, in the order of the text.
    ///
    /// # Errors
    /// The faults: at least one.
    pub(crate) fn compile(text: &str) -> Result<Self, Vec<ExpressionFault>> {
        let checked = parse::parse_with(text, check::check)?;
        Ok(Self {
            text: text.to_owned(),
            plan: checked.plan,
            sections: checked.sections,
        })
    }

    /// Asks a machine.
    pub(crate) fn evaluate(&self, machine: &Facts<'_>) -> Answer {
        match evaluate::evaluate(&self.plan, machine, MAX_STEPS) {
            Ok(true) => Answer::Yes,
            Ok(false) => Answer::No,
            Err(Stop::Unknown(missing)) => {
                let explained = missing.into_iter().map(|missing| machine.explain(missing));
                Answer::Unknown(explained.collect())
            }
            Err(Stop::Failed(message)) => Answer::Failed(message),
            Err(Stop::TooExpensive) => Answer::Failed(format!(
                "{} is too expensive: it takes more than {MAX_STEPS} steps; do not nest one list's \
                 elements in another's",
                self.text
            )),
        }
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The sections that it reads.
    pub(crate) fn sections(&self) -> &BTreeSet<Section> {
        &self.sections
    }
}
