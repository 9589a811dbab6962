//! A firewall in memory: a line for each opening in a file, and what the kernel has of them. Without the file nobody keeps packets out.

use super::Model;
use crate::host::HostError;
use crate::host::firewall::{Firewall, Guard, Open};
use crate::value::{HostPath, Opening};

const FILE: &str = "/etc/firewall";
/// How a file begins that is somebody else's.
const RULES: &str = "rules\n";

impl Model {
    pub(super) fn openings(&self) -> Vec<String> {
        let text = self.text(FILE).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Firewall for Model {
    fn guard(&self) -> Result<Guard, HostError> {
        Ok(match self.text(FILE) {
            None => Guard::Nobody,
            Some(text) if text.starts_with(RULES) => Guard::Rules,
            Some(_) => Guard::Firewalld,
        })
    }

    fn is_open(&self, opening: &Opening) -> Result<Open, HostError> {
        let line = opening.to_string();
        let is_guarded = self.guard()? != Guard::Nobody;
        Ok(Open {
            now: !is_guarded || self.kernel.openings.contains(&line),
            at_boot: !is_guarded || self.openings().contains(&line),
        })
    }

    /// As firewalld writes its files: beside, and renamed.
    fn set_open_at_boot(&mut self, opening: &Opening, to: bool) -> Result<(), HostError> {
        let mut lines = self.openings();
        lines.retain(|line| *line != opening.to_string());
        lines.extend(to.then(|| opening.to_string()));
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let path = HostPath::known(FILE);
        self.change(&path, |tree| {
            tree.edit(&path, |content| *content = text.into_bytes())?;
            tree.sync(&path)
        })
    }

    fn set_open_now(&mut self, opening: &Opening, to: bool) -> Result<(), HostError> {
        self.ready()?;
        self.kernel.openings.remove(&opening.to_string());
        if to {
            self.kernel.openings.insert(opening.to_string());
        }
        self.changed()
    }
}
