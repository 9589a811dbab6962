//! Keeps account of facts compared with a second opinion, and holds the table in `docs/fidelity/`.

use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::PathBuf;

/// The account of one machine.
pub struct Ledger {
    machine: String,
    compared: usize,
    equal: usize,
    explained: Vec<String>,
    wrong: Vec<String>,
}

impl Ledger {
    /// An empty account for a machine, named as its dump.
    pub fn new(machine: &str) -> Self {
        Self {
            machine: machine.to_owned(),
            compared: 0,
            equal: 0,
            explained: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// A fact that has to be the same.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers hand over what they made"
    )]
    pub fn same<T: PartialEq + Debug>(&mut self, fact: &str, ours: T, theirs: T) {
        self.compared += 1;
        if ours == theirs {
            self.equal += 1;
        } else {
            self.wrong
                .push(format!("{fact}: ours {ours:?}, theirs {theirs:?}"));
        }
    }

    /// A fact that is known to differ, and why. It is a fault if it does not differ any more.
    #[allow(clippy::needless_pass_by_value, reason = "as `same`")]
    pub fn differs<T: PartialEq + Debug>(&mut self, fact: &str, ours: T, theirs: T, why: &str) {
        self.compared += 1;
        if ours == theirs {
            self.wrong
                .push(format!("{fact}: no longer differs ({why})"));
        } else {
            self.explained.push(format!("{fact}: {why}"));
        }
    }

    /// Whether every fact is the same or explained.
    ///
    /// # Errors
    /// The faults, a line each.
    pub fn verdict(&self) -> Result<(), String> {
        if self.compared == 0 {
            return Err(format!("{}: nothing was compared", self.machine));
        }
        if self.wrong.is_empty() {
            return Ok(());
        }
        Err(format!("{}:\n  {}", self.machine, self.wrong.join("\n  ")))
    }

    /// The row of the table: machine, compared, equal, different and why.
    ///
    /// # Panics
    /// When a fact differs without a reason, or nothing was compared.
    pub fn row(self) -> String {
        if let Err(wrong) = self.verdict() {
            panic!("{wrong}");
        }
        let why = if self.explained.is_empty() {
            "–".to_owned()
        } else {
            self.explained.join("; ")
        };
        format!(
            "| {} | {} | {} | {} |",
            self.machine, self.compared, self.equal, why
        )
    }
}

/// Holds `docs/fidelity/NAME.md` to these rows; `MUSTER_BLESS=1` writes it.
///
/// # Panics
/// When the committed table says something else.
pub fn hold_table(name: &str, intro: &str, rows: &[String]) {
    let mut table = format!("# Fidelity: {name}\n\n{intro}\n\n");
    table.push_str("| machine | facts compared | equal | different and why |\n");
    table.push_str("| --- | --- | --- | --- |\n");
    for row in rows {
        let _ = writeln!(table, "{row}");
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/fidelity")
        .join(format!("{name}.md"));
    if std::env::var_os("MUSTER_BLESS").is_some() {
        fs::write(&path, table).expect("the table can be written");
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        committed,
        table,
        "{} is stale: run the test with MUSTER_BLESS=1",
        path.display()
    );
}
