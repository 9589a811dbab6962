//! Watchdogs. Read from sysfs alone: opening the device node would start the watchdog.

use muster_model::peripheral::Watchdog;
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::natural;
use crate::source::Source;

const CLASS: &str = "sys/class/watchdog";

/// Fills `watchdogs`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<Watchdog>> {
    let mut notes = Notes::new("watchdogs");
    let names = notes.keep_list(context.source, CLASS, context.source.list(CLASS));
    let mut names = names.unwrap_or_default();
    names.sort_by(|a, b| natural::compare(a, b));
    let watchdogs: Vec<Watchdog> = names
        .into_iter()
        .map(|name| watchdog(context.source, name, &mut notes))
        .collect();
    let is_bare = |watchdog: &Watchdog| watchdog.identity.is_none() && watchdog.active.is_none();
    if !watchdogs.is_empty() && watchdogs.iter().all(is_bare) {
        let message = "identity, timeout and state are unknown: this kernel is built without \
                       CONFIG_WATCHDOG_SYSFS, and asking the device would start the watchdog";
        notes.warn("watchdogs", WarningKind::Unsupported, message);
    }
    notes.with(watchdogs)
}

/// Attributes by kernel `Documentation/ABI/testing/sysfs-class-watchdog`.
fn watchdog(source: &Source, name: String, notes: &mut Notes) -> Watchdog {
    let directory = source.dir(format!("{CLASS}/{name}"));
    let active = match directory.text("state").as_deref() {
        Ok("active") => Ok(true),
        Ok("inactive") => Ok(false),
        Ok(other) => Err(Fault::Malformed(format!(
            "neither active nor not: {other:.40}"
        ))),
        Err(fault) => Err(fault.clone()),
    };
    Watchdog {
        identity: notes.keep(&name, "identity", directory.text("identity")),
        timeout_s: notes.keep(&name, "timeout", directory.number("timeout")),
        active: notes.keep(&name, "state", active),
        name,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Options;

    fn found(files: &[(&str, &str)]) -> Found<Vec<Watchdog>> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(CLASS)).unwrap();
        for (name, content) in files {
            let path = root.path().join(CLASS).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let source = Source::at_root(root.path()).unwrap();
        probe(&Context::new(&source, &Options::default()))
    }

    #[test]
    fn identity_timeout_and_state() {
        let found = found(&[
            ("watchdog10/identity", "Software Watchdog\n"),
            ("watchdog10/state", "inactive\n"),
            ("watchdog2/identity", "iTCO_wdt\n"),
            ("watchdog2/timeout", "30\n"),
            ("watchdog2/state", "active\n"),
        ]);
        assert!(found.warnings.is_empty());
        let [first, second] = found.value.as_slice() else {
            panic!("two watchdogs");
        };
        assert_eq!(first.name, "watchdog2");
        assert_eq!(first.identity.as_deref(), Some("iTCO_wdt"));
        assert_eq!((first.timeout_s, first.active), (Some(30), Some(true)));
        assert_eq!((second.timeout_s, second.active), (None, Some(false)));
    }

    #[test]
    fn none_is_no_news_but_a_kernel_that_hides_them_is() {
        assert_eq!(found(&[]), Found::default());
        let hidden = found(&[("watchdog0/dev", "10:130\n")]);
        assert_eq!(hidden.value.len(), 1);
        assert_eq!(hidden.warnings.len(), 1);
        assert!(hidden.warnings[0].message.contains("CONFIG_WATCHDOG_SYSFS"));
    }

    #[test]
    fn malformed_parts_cost_themselves_only() {
        let found = found(&[
            ("watchdog0/identity", "x\n"),
            ("watchdog0/timeout", "-1\n"),
            ("watchdog0/state", "asleep\n"),
        ]);
        assert_eq!(found.value[0].identity.as_deref(), Some("x"));
        assert_eq!(found.value[0].timeout_s, None);
        assert_eq!(found.warnings.len(), 2);
    }
}
