//! `muster install` on a real node under systemd: with all that only a machine that runs has, killed in the middle, and undone.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::collections::BTreeSet;

use muster_tests::nodes::{Lab, Node};

const OLD: &str =
    "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n";

const PROFILE: &str = r#"
schema = "muster.profile/v1"
name = "node"
version = "1"

[[steps]]
id = "user"
why = "A service of its own has a user of its own."
user = { name = "work", description = "Runs work" }

[[steps]]
id = "folder"
why = "Its data is its own."
directory = { path = "/srv/work", owner = "work", group = "work", mode = "0700" }

[[steps]]
id = "config"
why = "It is read from there."
file = { path = "/srv/work/config", content = "a = 1\n", owner = "work", mode = "0400" }

[[steps]]
id = "hostname"
why = "It has to be called something."
hostname = { name = "node-1" }

[[steps]]
id = "forward"
why = "It passes packets on."
sysctl = { name = "net.ipv4.ip_forward", value = "1" }

[[steps]]
id = "old"
why = "It is in the way."
unit = { name = "old.service", at_boot = "masked", active = false }

[[steps]]
id = "service"
why = "This is what all of it is for."

[steps.unit]
name = "work.service"
at_boot = "enabled"
active = true
content = """
[Service]
User=work
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""

[[steps]]
id = "flag"
why = "Nothing else does it."
command = { run = ["/usr/bin/touch", "/srv/flag"], check = ["/usr/bin/test", "-e", "/srv/flag"], undo = ["/usr/bin/rm", "/srv/flag"] }
"#;

/// All files with their kinds, modes, owners, links and contents; then what only the kernel and systemd know. What the running system
/// writes by itself is left out, and the backups and the lock of the programs that change users.
const LOOK: &str = r"
set -e
cd /
find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./evidence -o -path ./var/log \
    -o -path ./var/tmp -o -path ./var/lib/systemd -o -path ./etc/.pwd.lock -o -path './etc/*-' -o -path ./usr/bin/muster \) -prune \
    -o -printf '%p %y %m %U:%G %l\n' | sort
find ./etc ./srv ./var/lib -xdev -type f ! -path './etc/*-' ! -path ./etc/.pwd.lock ! -path './var/lib/systemd/*' -exec md5sum {} + | sort -k 2
hostname
cat /proc/sys/net/ipv4/ip_forward
systemctl list-unit-files --no-legend --no-pager | sort
systemctl is-active old.service work.service || true
";

/// As many as the journal of an installation has, about.
const RECORDS: usize = 18;

/// Begins an installation, and kills its service with all that it runs when its journal has so many records, if it has not ended before.
fn kill_at(node: &Node<'_>, records: usize) {
    node.succeed(&format!(
        "muster install --yes --profile /etc/mine.toml 2>/dev/null >/dev/null & pid=$!
         while kill -0 $pid 2>/dev/null && [ $(wc -l < /var/lib/muster-install/journal 2>/dev/null || echo 0) -lt {records} ]; do :; done
         kill -9 $(cat /sys/fs/cgroup/*/system.slice/muster-install.service/cgroup.procs \
             /sys/fs/cgroup/system.slice/muster-install.service/cgroup.procs 2>/dev/null) 2>/dev/null || true
         wait $pid || true"
    ));
}

fn records(node: &Node<'_>) -> String {
    let count = "wc -l < /var/lib/muster-install/journal 2>/dev/null || echo none";
    node.succeed(count).trim().to_owned()
}

/// Fails with the lines that are not in both.
fn assert_same(before: &str, after: &str, told: &str) {
    let [before, after]: [BTreeSet<&str>; 2] = [before.lines().collect(), after.lines().collect()];
    let gone: Vec<_> = before.difference(&after).collect();
    let new: Vec<_> = after.difference(&before).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "{told}: gone {gone:#?}, new {new:#?}"
    );
}

#[test]
fn a_node_is_installed_killed_completed_and_as_it_was_again() {
    let Some(lab) = Lab::start() else {
        return;
    };
    let node = Node::boot(
        &lab,
        1,
        &[
            ("/etc/mine.toml", PROFILE),
            ("/usr/lib/systemd/system/old.service", OLD),
        ],
    );
    node.succeed("systemctl daemon-reload && systemctl enable --now old.service 2>&1");
    let before = node.succeed(LOOK);
    installed_as_a_service(&node);
    node.succeed("muster uninstall --yes 2>&1");
    assert_same(&before, &node.succeed(LOOK), "installed and uninstalled");
    let mut seen = BTreeSet::new();
    // On a machine that is busy, the kill comes late: some are tried again.
    for (round, at) in (1..=RECORDS).cycle().take(4 * RECORDS).enumerate() {
        if round >= RECORDS && seen.len() > 6 {
            break;
        }
        kill_at(&node, at);
        seen.insert(records(&node));
        let told = format!("killed at record {at}, with {}", records(&node));
        // Every other time it is completed first, and every other one put back at once.
        match at % 2 {
            0 => {
                node.succeed("muster install --resume 2>&1 || muster install --yes --profile /etc/mine.toml 2>&1");
                assert_installed(&node);
                node.succeed("muster uninstall --yes 2>&1");
            }
            _ => drop(
                node.succeed("muster install --cancel 2>&1 || muster uninstall --yes 2>&1 || true"),
            ),
        }
        assert_same(&before, &node.succeed(LOOK), &told);
    }
    assert!(seen.len() > 6, "{seen:?}");
}

/// With its log in the journal, a line a step, each with its fields.
fn installed_as_a_service(node: &Node<'_>) {
    node.succeed(
        "muster install --yes --profile /etc/mine.toml \
         || { journalctl --sync; journalctl -u muster-install -o cat >&2; false; }",
    );
    assert_installed(node);
    let log = node.succeed("journalctl --sync; journalctl -u muster-install -o cat MUSTER_STEP=service MUSTER_STATE=done");
    assert!(
        log.contains("Install, enable and start the unit work.service: done"),
        "{log}"
    );
    let plan = node
        .succeed("journalctl -u muster-install -o json MUSTER_STEP=config | grep -c MUSTER_PLAN");
    assert_eq!(plan.trim(), "2");
}

fn assert_installed(node: &Node<'_>) {
    node.succeed("muster plan --profile /etc/mine.toml | grep -q '^Nothing to do'");
    node.succeed("test $(hostname) = node-1 && test $(stat -c %U:%a /srv/work/config) = work:400");
    node.succeed(
        "systemctl is-active work.service && systemctl is-enabled work.service && id work",
    );
    assert_eq!(
        node.succeed("cat /proc/sys/net/ipv4/ip_forward").trim(),
        "1"
    );
    assert_eq!(
        node.succeed("systemctl is-enabled old.service || true")
            .trim(),
        "masked"
    );
}
