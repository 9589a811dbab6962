//! Collects the warnings of one probe.

use muster_model::{Found, Warning, WarningKind};

use crate::Fault;
use crate::source::Source;

/// What helps where permission was denied.
pub(crate) const RUN_AS_ROOT: &str = "run as root to read it";
/// The same where it was denied to root.
const DENIED_TO_ROOT: &str = "this is root, so a container or a sandbox forbids it";

/// Advises root no longer to become root.
pub(crate) fn advise_root(warnings: &mut [Warning]) {
    for warning in warnings {
        if let Some(what) = warning.message.strip_suffix(RUN_AS_ROOT) {
            warning.message = format!("{what}{DENIED_TO_ROOT}");
        }
    }
}

/// The warnings of one probe, in the making.
pub(crate) struct Notes {
    probe: &'static str,
    warnings: Vec<Warning>,
}

impl Notes {
    /// For the probe that fills the section `probe`.
    pub(crate) fn new(probe: &'static str) -> Self {
        Self {
            probe,
            warnings: Vec::new(),
        }
    }

    /// The value, or a warning. An absent or unsupported one is silent: most attributes are
    /// optional in the kernel. Use [`Notes::require`] for those that are not.
    pub(crate) fn keep<T>(
        &mut self,
        subject: &str,
        what: &str,
        got: Result<T, Fault>,
    ) -> Option<T> {
        match got {
            Err(Fault::Absent | Fault::Unsupported(_) | Fault::NotAsked) => None,
            other => self.require(subject, what, other),
        }
    }

    /// The value, or a warning whatever the fault, but for a machine that may not be asked: that
    /// one is said once for the whole document.
    pub(crate) fn require<T>(
        &mut self,
        subject: &str,
        what: &str,
        got: Result<T, Fault>,
    ) -> Option<T> {
        match got {
            Ok(value) => Some(value),
            Err(Fault::NotAsked) => None,
            Err(Fault::Denied) => {
                let message = format!("{what}: permission denied; {RUN_AS_ROOT}");
                self.warn(subject, WarningKind::Denied, message);
                None
            }
            Err(fault) => {
                self.warn(subject, fault.kind(), format!("{what}: {fault}"));
                None
            }
        }
    }

    /// The devices that the kernel lists at `path`. One that lacks the list has no such devices; of
    /// another root that cannot be said, for who recorded it may have left the list out.
    pub(crate) fn keep_list<T>(
        &mut self,
        source: &Source,
        path: &str,
        got: Result<T, Fault>,
    ) -> Option<T> {
        if source.is_files_only() {
            self.require(self.probe, path, got)
        } else {
            self.keep(self.probe, path, got)
        }
    }

    /// The same for what is opt-in: a capture that was made without it says so.
    pub(crate) fn require_recorded<T>(
        &mut self,
        subject: &str,
        what: &str,
        got: Result<T, Fault>,
    ) -> Option<T> {
        if matches!(got, Err(Fault::NotAsked)) {
            let message = format!("{what}: this capture was made without it");
            self.warn(subject, WarningKind::Unsupported, message);
        }
        self.require(subject, what, got)
    }

    /// The same of one of several parts of the section's list, which may lack devices without it.
    pub(crate) fn require_part<T>(&mut self, what: &str, got: Result<T, Fault>) -> Option<T> {
        let before = self.warnings.len();
        let part = self.require(self.probe, what, got);
        for warning in self.warnings.iter_mut().skip(before) {
            warning.incomplete = Some(self.probe.to_owned());
        }
        part
    }

    /// Tells of lines of a table that were not understood: `list`, a path in the document, may lack what
    /// they say.
    pub(crate) fn odd_lines(&mut self, list: &str, path: &str, count: usize) {
        if count > 0 {
            let lines = if count == 1 { "line" } else { "lines" };
            let message = format!("{path}: {count} {lines} of it cannot be understood");
            let subject = list.rsplit('.').next().unwrap_or(list);
            self.lacks(list, subject, WarningKind::Malformed, message);
        }
    }

    /// Adds a warning because of which `list`, a path in the document, may lack elements.
    pub(crate) fn lacks(
        &mut self,
        list: &str,
        subject: &str,
        kind: WarningKind,
        message: impl Into<String>,
    ) {
        self.warnings.push(Warning {
            probe: self.probe.to_owned(),
            subject: subject.to_owned(),
            kind,
            message: message.into(),
            incomplete: Some(list.to_owned()),
        });
    }

    /// Adds one warning.
    pub(crate) fn warn(&mut self, subject: &str, kind: WarningKind, message: impl Into<String>) {
        self.warnings.push(Warning {
            probe: self.probe.to_owned(),
            subject: subject.to_owned(),
            kind,
            message: message.into(),
            incomplete: None,
        });
    }

    /// Hands over the value with what was noted.
    pub(crate) fn with<T>(self, value: T) -> Found<T> {
        Found {
            value,
            warnings: self.warnings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_another_root_lacks_is_doubtful() {
        let folder = tempfile::tempdir().unwrap();
        let warnings = |source: &Source| {
            let mut notes = Notes::new("pci");
            notes.keep_list(source, "sys/bus/pci/devices", Err::<(), _>(Fault::Absent));
            notes.with(()).warnings
        };
        assert_eq!(warnings(&Source::live().unwrap()), []);
        let told = warnings(&Source::at_root(folder.path()).unwrap());
        assert_eq!(told[0].message, "sys/bus/pci/devices: not there");
        assert_eq!(
            (told[0].probe.as_str(), told[0].subject.as_str()),
            ("pci", "pci")
        );
    }

    #[test]
    fn root_is_not_told_to_become_root() {
        let mut notes = Notes::new("host");
        notes.require("time", "the clock", Err::<(), _>(Fault::Denied));
        let mut warnings = notes.with(()).warnings;
        assert_eq!(
            warnings[0].message,
            "the clock: permission denied; run as root to read it"
        );
        advise_root(&mut warnings);
        assert_eq!(
            warnings[0].message,
            "the clock: permission denied; this is root, so a container or a sandbox forbids it"
        );
    }
}
