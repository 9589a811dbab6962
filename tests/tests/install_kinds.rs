//! The kinds of steps that only a machine with its services and tools can prove, on one real node: what `muster install` does is there, and
//! `muster uninstall` leaves nothing of it.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use muster_tests::nodes::{Lab, Node};

/// A service that stands for one that keeps the time: no container may set its clock.
const NTP_SERVICE: &str =
    "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n";

const TIME: &str = r#"
schema = "muster.profile/v1"
name = "time"
version = "1"

[[steps]]
id = "time"
why = "Logs of all nodes are read side by side."
time = { zone = "Europe/Zurich", ntp = true }
"#;

#[test]
fn what_only_a_running_machine_has_is_installed_and_undone() {
    let Some(lab) = Lab::start() else {
        return;
    };
    let files = [
        ("/etc/time.toml", TIME),
        ("/usr/lib/systemd/system/lab-ntp.service", NTP_SERVICE),
        (
            "/usr/lib/systemd/ntp-units.d/50-lab.list",
            "lab-ntp.service\n",
        ),
    ];
    let node = Node::boot(&lab, 1, &files);
    time_is_set_and_put_back(&node);
}

fn time_is_set_and_put_back(node: &Node<'_>) {
    const LOOK: &str = "ls -l --time-style=+ /etc/localtime | cut -d ' ' -f 1-4,6-; cat /etc/timezone; \
         timedatectl show -p Timezone -p NTP; systemctl is-enabled lab-ntp || true";
    let before = node.succeed(LOOK);
    assert!(
        before.contains("NTP=no") && !before.contains("Zurich"),
        "{before}"
    );
    install(node, "time");
    let after = node.succeed(LOOK);
    for told in [
        "Timezone=Europe/Zurich",
        "NTP=yes",
        "\nEurope/Zurich\n",
        "\nenabled",
    ] {
        assert!(after.contains(told), "{told}: {after}");
    }
    assert_eq!(uninstalled(node, LOOK), before);
}

/// Installs `/etc/NAME.toml`. Planned once more, there is nothing to do.
fn install(node: &Node<'_>, name: &str) {
    node.succeed(&format!(
        "muster install --yes --profile /etc/{name}.toml >/evidence/out 2>&1 || {{ cat /evidence/out >&2; false; }}
         muster plan --profile /etc/{name}.toml >/evidence/out 2>&1; grep -q '^Nothing to do' /evidence/out || {{ cat /evidence/out >&2; false; }}"
    ));
}

/// What `look` tells when all is undone.
fn uninstalled(node: &Node<'_>, look: &str) -> String {
    node.succeed("muster uninstall --yes >/evidence/out 2>&1 || { cat /evidence/out >&2; false; }");
    node.succeed(look)
}
