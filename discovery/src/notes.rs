//! Collects the warnings of one probe.

use muster_model::{Found, Warning, WarningKind};

use crate::Fault;

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
                let message = format!("{what}: permission denied; run as root to read it");
                self.warn(subject, WarningKind::Denied, message);
                None
            }
            Err(fault) => {
                self.warn(subject, fault.kind(), format!("{what}: {fault}"));
                None
            }
        }
    }

    /// Adds one warning.
    pub(crate) fn warn(&mut self, subject: &str, kind: WarningKind, message: impl Into<String>) {
        self.warnings.push(Warning {
            probe: self.probe.to_owned(),
            subject: subject.to_owned(),
            kind,
            message: message.into(),
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
