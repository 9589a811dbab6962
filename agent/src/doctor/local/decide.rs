//! Names what is wrong with this machine. Pure.

use crate::daemon::StateError;
use crate::daemon::config::Fault;
use crate::daemon::connect::chain;
use crate::daemon::look::{Certificate, Link, Seen};
use crate::doctor::Outcome;
use crate::helper::client::HelperError;

/// Less is as good as nothing: a state file with the one that it replaces, and a log.
const LEAST_BYTES: u64 = 16 << 20;
const LEAST_FILES: u64 = 64;
/// The agent renews long before.
const CERTIFICATE_SOON_S: i64 = 7 * 24 * 3600;

/// What is left of a file system.
pub(super) struct Space {
    pub(super) available_bytes: u64,
    /// None where they are not counted.
    pub(super) available_files: Option<u64>,
}

pub(super) fn configuration(faults: &[Fault]) -> Outcome {
    match faults {
        [] => Outcome::Well,
        [first, rest @ ..] => Outcome::problem(
            match rest.len() {
                0 => format!("the configuration is faulty: {first}"),
                more => format!("the configuration is faulty: {first}; and {more} more"),
            },
            "correct it; `muster config validate` tells all mistakes",
        ),
    }
}

pub(super) fn other_version() -> Outcome {
    Outcome::problem(
        "the agent that runs is of another version than this program",
        "restart it: `systemctl restart muster-agent`",
    )
}

pub(super) fn silent(told: &str) -> Outcome {
    Outcome::problem(
        format!("the agent does not answer: {told}"),
        "see `journalctl -u muster-agent`, and restart it: `systemctl restart muster-agent`",
    )
}

pub(super) fn not_running(seen: &Seen) -> Outcome {
    match &seen.agent {
        None => Outcome::problem(
            "the agent was never started here",
            "start it: `systemctl enable --now muster-agent`, or see `muster agent --help`",
        ),
        Some(agent) if agent.running => Outcome::problem(
            "the agent runs, and does not listen on its socket",
            "its log says why: `journalctl -u muster-agent`",
        ),
        Some(_) => Outcome::problem(
            "the agent does not run",
            "start it: `systemctl start muster-agent`; `journalctl -u muster-agent` says why it ended",
        ),
    }
}

/// Whether what takes root is done.
pub(super) fn helper(answered: Result<&(), &HelperError>) -> Outcome {
    match answered {
        Ok(()) => Outcome::Well,
        Err(error) => Outcome::problem(
            format!(
                "what takes root is not done for the agent: {}",
                chain(error)
            ),
            "see `journalctl -u muster-helper -u dbus`; where the bus does not know it, `busctl call org.freedesktop.DBus / \
             org.freedesktop.DBus ReloadConfig`, else install the package again",
        ),
    }
}

/// What the controllers say, or that none does.
pub(super) fn link(seen: &Seen) -> Outcome {
    match seen.agent.as_ref().map(|agent| &agent.link) {
        Some(Link::NoToken) => Outcome::problem(
            "this machine is not enrolled, and the agent was started without a join token",
            "put one (`muster-controller tokens create`) into /etc/credstore/muster-token, readable by root alone, and run \
             `systemctl restart muster-agent`",
        ),
        Some(Link::Pending { reason, .. }) => pending(reason),
        Some(Link::Refused { reason, .. }) => refused(reason),
        Some(Link::Lost { reason }) if reason.contains("old data") => Outcome::problem(
            format!("a controller answers with less than this node has heard before: {reason}"),
            "it was put back from an old copy, or is another cluster's: have the administrator look; `muster reset` joins anew",
        ),
        // Why none answers is what the contact with each of them tells.
        _ => Outcome::Well,
    }
}

fn pending(reason: &str) -> Outcome {
    let same = |what: &str| reason.contains(&format!("same {what}"));
    let (cause, remedy) = if same("machine id") {
        (
            "another node has this machine's /etc/machine-id",
            "a cloned image keeps it: `rm /etc/machine-id && systemd-machine-id-setup`, reboot, then `muster reset` and join again",
        )
    } else if same("hardware fingerprint") {
        (
            "this machine's hardware is known as another node's",
            "it joined before under another id: remove that record with `muster-controller nodes`, or accept this one",
        )
    } else if same("name") {
        (
            "another node has this name",
            "give this one another: `hostnamectl hostname NAME`, or name = \"NAME\" in the configuration",
        )
    } else if same("MAC address") {
        (
            "another node has one of this machine's MAC addresses",
            "a cloned virtual machine keeps it: give this one its own",
        )
    } else {
        (
            "the controller has not admitted this machine yet",
            "have the administrator look: `muster-controller nodes list`, then `muster-controller nodes accept NAME`",
        )
    };
    Outcome::problem(format!("{cause} (the controller says: {reason})"), remedy)
}

fn refused(reason: &str) -> Outcome {
    let (cause, remedy) = if reason.contains("token") {
        (
            "the join token does not admit this machine",
            "have another made: `muster-controller tokens create`",
        )
    } else if reason.contains("another machine is known under this node id") {
        (
            "another machine has this node's id: its state was copied",
            "`muster reset`, and join with a new token",
        )
    } else if reason.contains("removed") {
        (
            "this node was removed from the cluster",
            "`muster reset`, and join with a new token",
        )
    } else {
        (
            "the controller refuses to enrol this machine",
            "see the controller's log",
        )
    };
    Outcome::problem(format!("{cause} (the controller says: {reason})"), remedy)
}

pub(super) fn state(looked: Result<bool, StateError>) -> Outcome {
    match looked {
        Ok(false) => Outcome::Well,
        Ok(true) => Outcome::problem(
            "a reset was begun and not finished",
            "run `muster reset --yes` again, or start the agent, which finishes it",
        ),
        Err(StateError::File { source, path, .. })
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            Outcome::unchecked(format!(
                "{} is not for you; run this as root",
                path.display()
            ))
        }
        Err(error) => Outcome::problem(
            chain(&error),
            "the agent does not start so; it says what to do, or `muster reset` makes this a new machine",
        ),
    }
}

pub(super) fn certificate(certificate: Option<&Certificate>, now_unix_s: i64) -> Outcome {
    let Some(certificate) = certificate else {
        return Outcome::Well;
    };
    let (from, to) = (
        certificate.not_before.as_second(),
        certificate.not_after.as_second(),
    );
    match now_unix_s {
        now if now < from => Outcome::problem(
            format!(
                "this node's certificate is good from {} on: this machine's clock is behind",
                certificate.not_before
            ),
            "set the clock: `timedatectl set-ntp true`, or chrony",
        ),
        now if now > to => Outcome::problem(
            format!("this node's certificate ended {}", certificate.not_after),
            "if the clock is right: join again with a token (`muster agent --token-file FILE`); the node keeps its id and key",
        ),
        now if to - now < CERTIFICATE_SOON_S => Outcome::problem(
            format!(
                "this node's certificate ends {}, and was not renewed",
                certificate.not_after
            ),
            "the agent renews it when it is connected; otherwise join again with a token before",
        ),
        _ => Outcome::Well,
    }
}

pub(super) fn machine_id(text: Option<&str>) -> Outcome {
    const REMEDY: &str = "make one: `systemd-machine-id-setup`";
    match text {
        None | Some("") => Outcome::problem("this machine has no /etc/machine-id", REMEDY),
        Some("uninitialized") => Outcome::problem(
            "/etc/machine-id is not made yet: the first boot has not ended",
            REMEDY,
        ),
        Some(id) if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Outcome::problem("/etc/machine-id is no machine id", REMEDY)
        }
        Some(_) => Outcome::Well,
    }
}

/// The name that the kernel has, and the one that is to be.
pub(super) fn hostname(now: Option<&str>, wanted: Option<&str>) -> Outcome {
    match (now, wanted) {
        (Some("localhost" | "(none)" | "localhost.localdomain"), _) => Outcome::problem(
            "this machine has no name of its own",
            "give it one: `hostnamectl hostname NAME`",
        ),
        (Some(now), Some(wanted)) if !wanted.is_empty() && now != wanted => Outcome::problem(
            format!(
                "this machine is called {now}, and will be {wanted} (/etc/hostname) after a restart"
            ),
            format!("make them the same: `hostnamectl hostname {now}`, or {wanted}"),
        ),
        (None, _) => Outcome::unchecked("the kernel does not say what this machine is called"),
        _ => Outcome::Well,
    }
}

pub(super) fn space(space: &Space) -> Outcome {
    const REMEDY: &str = "make room: `df -h`, `df -i`, `journalctl --vacuum-size=200M`";
    if space.available_bytes < LEAST_BYTES {
        let left = space.available_bytes >> 10;
        return Outcome::problem(
            format!("the file system is full: {left} KiB are left"),
            REMEDY,
        );
    }
    match space.available_files {
        Some(left) if left < LEAST_FILES => Outcome::problem(
            format!("the file system takes no more files: {left} inodes are left"),
            REMEDY,
        ),
        _ => Outcome::Well,
    }
}

/// A device's file in `/run/NetworkManager/devices` says `managed=full` or `managed=true` when it is.
pub(super) fn network_manager_has(text: &str) -> bool {
    text.lines()
        .any(|line| matches!(line.trim(), "managed=full" | "managed=true"))
}

/// A link's file in `/run/systemd/netif/links` says so by its state.
pub(super) fn networkd_has(text: &str) -> bool {
    let states = ["ADMIN_STATE=configured", "ADMIN_STATE=configuring"];
    text.lines().any(|line| states.contains(&line.trim()))
}

pub(super) fn two_managers(interface: &str) -> Outcome {
    Outcome::problem(
        format!(
            "NetworkManager and systemd-networkd both configure {interface}: each undoes what the other does"
        ),
        format!(
            "leave it to one: `nmcli device set {interface} managed no`, or take it out of /etc/systemd/network"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcome: Outcome) -> String {
        match outcome {
            Outcome::Problem { cause, remedy } => format!("{cause}: {remedy}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_the_controller_says_has_a_cause() {
        let cases = [
            (
                "same machine id as the node n1 (77)",
                "systemd-machine-id-setup",
            ),
            ("same name as the node n1 (77)", "hostnamectl"),
            (
                "same hardware fingerprint as the node n1 (77)",
                "under another id",
            ),
            ("same MAC address as the node n1 (77)", "cloned"),
            ("waits to be accepted", "nodes accept"),
        ];
        for (reason, words) in cases {
            let outcome = told(pending(reason));
            assert!(
                outcome.contains(words) && outcome.contains(reason),
                "{outcome}"
            );
        }
        let cases = [
            ("the join token has expired; ask", "tokens create"),
            (
                "another machine is known under this node id; run",
                "state was copied",
            ),
            (
                "this node was removed from the cluster; run",
                "muster reset",
            ),
            ("no", "controller's log"),
        ];
        for (reason, words) in cases {
            let outcome = told(refused(reason));
            assert!(outcome.contains(words), "{outcome}");
        }
    }

    #[test]
    fn certificates_are_good_for_a_time() {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        let life = Certificate {
            not_before: at(1_000_000),
            not_after: at(3_000_000),
            expired: false,
        };
        let outcome = |now| certificate(Some(&life), now);
        assert!(told(outcome(999_999)).contains("clock is behind"));
        assert_eq!(outcome(1_000_000), Outcome::Well);
        assert!(told(outcome(3_000_000 - 3600)).contains("not renewed"));
        assert!(told(outcome(3_000_001)).contains("ended"));
        assert_eq!(certificate(None, 0), Outcome::Well);
    }

    #[test]
    fn a_full_disk_is_one_without_bytes_or_without_files() {
        let outcome = |available_bytes, available_files| {
            told(space(&Space {
                available_bytes,
                available_files,
            }))
        };
        assert!(outcome(4096, None).contains("4 KiB are left"));
        assert!(outcome(1 << 40, Some(3)).contains("3 inodes"));
        assert_eq!(outcome(1 << 40, None), "Well");
        assert_eq!(outcome(1 << 40, Some(1_000)), "Well");
    }

    #[test]
    fn names_and_ids() {
        assert!(told(machine_id(None)).contains("no /etc/machine-id"));
        assert!(told(machine_id(Some("uninitialized"))).contains("first boot"));
        assert!(told(machine_id(Some("xyz"))).contains("no machine id"));
        assert_eq!(
            machine_id(Some("0123456789abcdef0123456789abcdef")),
            Outcome::Well
        );
        assert!(told(hostname(Some("localhost"), None)).contains("no name of its own"));
        assert!(told(hostname(Some("a"), Some("b"))).contains("called a, and will be b"));
        assert_eq!(hostname(Some("a"), Some("a")), Outcome::Well);
        assert_eq!(hostname(Some("a"), None), Outcome::Well);
    }

    #[test]
    fn an_interface_has_one_manager() {
        assert!(network_manager_has("[device]\nmanaged=full\n"));
        assert!(!network_manager_has("[device]\nmanaged=unmanaged\n"));
        assert!(networkd_has(
            "ADMIN_STATE=configured\nOPER_STATE=routable\n"
        ));
        assert!(!networkd_has("ADMIN_STATE=unmanaged\n"));
        assert!(told(two_managers("eth0")).contains("nmcli device set eth0 managed no"));
    }
}
