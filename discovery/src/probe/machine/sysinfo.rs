//! `/proc/sysinfo` of s390: the answer of the instruction STSI as `name: value` lines.

use super::Facts;
use crate::parse::placeholder::{Screened, screen};
use crate::parse::smbios::Identity;
use crate::source::Source;

/// `None` on other machines.
pub(super) fn read(source: &Source) -> Option<Facts> {
    let content = source.text("proc/sysinfo").ok()?;
    let value = |name: &str| -> Screened {
        let mut lines = content.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| screen(value))
            .unwrap_or_default()
    };
    Some(Facts {
        identity: Identity {
            vendor: value("Manufacturer"),
            product: value("Type"),
            version: value("Model"),
            serial: value("Sequence Code"),
            ..Identity::default()
        },
        ..Facts::default()
    })
}
