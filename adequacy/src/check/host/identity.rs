//! The names that tell one machine from another.

use std::net::IpAddr;

use muster_model::{Section, WarningKind};

use super::{Check, Finding, Outcome, host, parameters};
use crate::machine::Machine;

parameters! {
    pub(super) struct Hostname {}
}

impl Check for Hostname {
    fn required(&self) -> String {
        "a host name of its own".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        match host(machine).hostname.as_deref() {
            Some(name) => match fault_of(name) {
                None => Finding::new(Outcome::Pass, name),
                Some(fault) => {
                    Finding::new(Outcome::Fail, name).because(format!("{name}: {fault}"))
                }
            },
            // Discovery warns when it cannot read the name; a name that is not set has no warning.
            None => Finding::of(machine.absent(Section::Host, "hostname"), |()| {
                Finding::new(Outcome::Fail, "none").because("no host name is set")
            }),
        }
    }
}

/// What is wrong with a host name, by RFC 1123, 2.1 (which says what changed against RFC 952) and RFC
/// 1035, 2.3.4 (lengths).
fn fault_of(name: &str) -> Option<&'static str> {
    let is_word = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        label.bytes().all(allowed) && !label.starts_with('-') && !label.ends_with('-')
    };
    let lower = name.to_ascii_lowercase();
    let first = lower.split('.').next().unwrap_or_default();
    if name.len() > 253 {
        Some("it is longer than the 253 characters of a host name")
    } else if name.parse::<IpAddr>().is_ok() {
        Some("it is an address, not a name")
    } else if name.split('.').any(str::is_empty) {
        Some("a part between dots is empty")
    } else if name.split('.').any(|label| label.len() > 63) {
        Some("a part between dots is longer than 63 characters")
    } else if !name.split('.').all(is_word) {
        Some("a host name has letters, digits and hyphens, no hyphen first or last")
    } else if DEFAULT_NAMES.contains(&first) {
        Some("installers and live systems give this name to every machine")
    } else {
        None
    }
}

/// What a machine is called that nobody has named: by installers, live systems, container and cloud
/// images; up to the first dot.
const DEFAULT_NAMES: &[&str] = &[
    "localhost",
    "localhost4",
    "localhost6",
    "none",
    "unknown",
    "hostname",
    "linux",
    "debian",
    "ubuntu",
    "ubuntu-server",
    "fedora",
    "kali",
    "archlinux",
    "archiso",
    "alpine",
    "gentoo",
    "livecd",
    "nixos",
    "raspberrypi",
    "buildroot",
    "openwrt",
];

parameters! {
    pub(super) struct MachineId {}
}

impl Check for MachineId {
    fn required(&self) -> String {
        "a machine-id of its own".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Host]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        const FIELD: &str = "machine_id";
        let host = host(machine);
        let Some(id) = host.machine_id.as_deref() else {
            // A file that is empty or not there has no warning. A tree without a system has no such
            // file.
            let told = machine.told(Section::Host, None, FIELD);
            return match told {
                Some(warning) if warning.kind == WarningKind::Malformed => {
                    Finding::new(Outcome::Fail, "none that is valid").because(&warning.message)
                }
                None if host.os.id.is_some() => Finding::new(Outcome::Fail, "none").because(
                    "/etc/machine-id is missing, empty or uninitialized, as before a first boot",
                ),
                _ => Finding::unknown(&machine.unknown(Section::Host, None, FIELD)),
            };
        };
        match fault_of_id(id) {
            None => Finding::new(Outcome::Pass, id),
            Some(fault) => Finding::new(Outcome::Fail, id).because(fault),
        }
    }
}

fn fault_of_id(id: &str) -> Option<&'static str> {
    let mut digits = id.bytes();
    let first = digits.next();
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Some("a machine-id is 32 hexadecimal digits")
    } else if digits.all(|digit| Some(digit) == first) {
        Some("the machine-id is one digit repeated, which stands for none")
    } else if CLONED_IDS.contains(&id.to_ascii_lowercase().as_str()) {
        Some("the machine-id is that of an image, which every machine made from it has")
    } else {
        None
    }
}

/// Machine-ids that were published in images.
const CLONED_IDS: &[&str] = &[
    // Debian 8.1 for OpenStack: github.com/hartwork/image-bootstrap, issue 13.
    "cdb7f92199c748a7a20d33ab52974cbb",
    // Ubuntu for Raspberry Pi 4: github.com/TheRemote/Ubuntu-Server-raspi4-unofficial, issue 74.
    "1c4ad377574c4263adbb7c624b6a3429",
    // What examples are made of.
    "0123456789abcdef0123456789abcdef",
    "0123456789abcdeffedcba9876543210",
];
