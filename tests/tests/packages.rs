//! The packages of Debian on a machine under systemd: they install, the service joins and runs workloads, an upgrade disturbs none of
//! these, and a purge leaves the machine as it was.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::fs;
use std::path::Path;

use muster_tests::loopback::POLICY;
use muster_tests::nodes::{Lab, Node, give_firmware};
use muster_tests::packages::packages;

/// In tables of the firmware, which are root's.
const SERIAL: &str = "S3CR3T-0815";

const WORK: &str = "\
[Service]
Slice=muster-workload.slice
ExecStart=/bin/sleep infinity
";

/// It takes until somebody makes a file.
const SLOW: &str = r#"
schema = "muster.profile/v1"
name = "slow"
version = "1"

[[steps]]
id = "gate"
why = "It takes as long as it takes."
command = { run = ["/usr/bin/sh", "-c", "until test -e /run/go; do sleep 0.05; done; touch /srv/gone"], check = ["/usr/bin/test", "-e", "/srv/gone"], undo = ["/usr/bin/rm", "/srv/gone"] }
"#;

/// What Debian itself changes and keeps when a package comes and goes.
const KEPT: [&str; 8] = [
    // The package manager's own records, logs and caches.
    "/var/lib/dpkg",
    "/var/log",
    "/var/cache",
    // The time at which systemd's timers ran last, and its random seed.
    "/var/lib/systemd",
    // Users and groups stay: files of theirs may be anywhere.
    "/etc/group",
    "/etc/gshadow",
    "/etc/passwd",
    "/etc/shadow",
];

/// Every file of the machine: kind, mode, owner, target, content.
fn tree(node: &Node<'_>) -> Vec<String> {
    let pruned =
        "-path /proc -o -path /sys -o -path /run -o -path /dev -o -path /tmp -o -path /evidence";
    let listed = node.succeed(&format!(
        "find / \\( {pruned} \\) -prune -o ! -type f -printf '%p %y %m %U:%G %l\\n' -o -type f -printf '%p %y %m %U:%G ' \
         -exec sha256sum -b {{}} \\; | sed 's/ \\*.*//' | sort"
    ));
    let is_kept = |line: &&str| !KEPT.iter().any(|kept| line.starts_with(kept));
    listed.lines().filter(is_kept).map(str::to_owned).collect()
}

fn install(node: &Node<'_>) {
    node.succeed("DEBIAN_FRONTEND=noninteractive dpkg -i /packages/*.deb >/evidence/dpkg 2>&1 || { cat /evidence/dpkg >&2; exit 1; }");
}

fn main_process(node: &Node<'_>, unit: &str) -> String {
    node.succeed(&format!("systemctl show --value -p MainPID {unit}"))
}

/// The machine is its own controller's only node.
fn join(node: &Node<'_>) {
    node.succeed("install -d -m 700 /etc/credstore && muster-controller tokens create --auto-accept >/etc/credstore/muster-token");
    node.succeed("install -d /etc/muster && printf 'controllers = [\"127.0.0.1:7443\"]\\nname = \"n1\"\\n[page]\\nlisten = \"0.0.0.0:8443\"\\n' >/etc/muster/config.toml");
    node.succeed("systemctl add-wants -q muster-workload.target work.service && systemctl restart muster-agent.service");
    node.wait_for("muster status -o json | grep -q '\"status\": *\"active\"'");
    node.wait_for("systemctl is-active -q work.service");
}

/// An installation that is begun, and not finished before somebody makes a file.
fn begin_to_install(node: &Node<'_>) {
    node.succeed("systemctl is-enabled -q muster-install.service");
    node.succeed("journalctl --list-catalog | grep -q 'muster: A step failed'");
    node.succeed("muster install --yes --profile /etc/slow.toml >/dev/null 2>&1 &");
    node.wait_for("grep -q '\"record\":\"begun\"' /var/lib/muster-install/journal");
}

#[test]
fn a_machine_is_installed_upgraded_and_left_as_it_was() {
    let Some(lab) = Lab::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let built = packages(folder.path());
    let [controller, muster] = built.as_slice() else {
        panic!("{built:?}")
    };
    let inside = |package: &Path| Path::new("/packages").join(package.file_name().unwrap());
    let outside = [controller, muster].map(|package| (package.clone(), inside(package)));
    let files = [
        ("/etc/systemd/system/work.service", WORK),
        (
            "/etc/default/muster-controller",
            "MUSTER_CONTROLLER_POLICY=/etc/policy.toml\n",
        ),
        ("/etc/policy.toml", POLICY),
        ("/etc/slow.toml", SLOW),
    ];
    let node = Node::boot_with(&lab, 1, &outside, &files);
    let before = tree(&node);
    give_firmware(&node, SERIAL);

    installed_and_joined(&node);
    state_of_root_is_taken_over(&node);
    upgraded(&node);
    purged(&node, &before);
}

fn installed_and_joined(node: &Node<'_>) {
    install(node);
    for unit in ["muster-controller.service", "muster-agent.service"] {
        node.wait_for(&format!("systemctl is-active -q {unit}"));
        node.succeed(&format!("systemctl is-enabled -q {unit}"));
    }
    // No token yet: it waits, says so, and is not started again and again.
    node.wait_for("muster doctor -o json | grep -q 'was started without a join token'");
    assert_eq!(
        node.succeed("systemctl show --value -p NRestarts muster-agent.service"),
        "0\n"
    );
    node.succeed("test \"$(stat -c %G /run/muster/agent.sock)\" = muster");
    node.succeed("getent group muster && test -s /usr/share/man/man1/muster-discover.1.gz");
    join(node);
    node.succeed(&format!(
        "muster-controller nodes show n1 --inventory | grep -q '\"serial\": *\"{SERIAL}\"'"
    ));
    // It has no rights itself.
    node.succeed(
        "test $(ps -o user= -p $(systemctl show --value -p MainPID muster-agent)) = muster",
    );
    page_is_served(node);
}

/// A process without any right serves it; the code is where agetty(8) looks, and shows who has it what only root can read.
fn page_is_served(node: &Node<'_>) {
    let page = "https://127.0.0.1:8443";
    node.wait_for(&format!(
        "curl -qsk -o /dev/null -w '%{{http_code}}\\n' {page}/installer | grep -qx 303"
    ));
    node.wait_for("grep -q '^One-time code: ' /etc/issue.d/muster.issue");
    let sign_in = format!(
        "code=$(sed -n 's/^One-time code: *//p' /etc/issue.d/muster.issue)
         curl -qfsk -H 'Content-Type: application/json' -d '{{\"code\":\"'$code'\"}}' {page}/api/v1/session"
    );
    let session: serde_json::Value = serde_json::from_str(&node.succeed(&sign_in)).unwrap();
    let token = session["token"].as_str().unwrap();
    let inventory = node.succeed(&format!(
        "curl -qfsk -H 'Authorization: Bearer {token}' {page}/api/v1/inventory"
    ));
    assert!(inventory.contains(SERIAL), "{inventory}");
}

/// As a version whose agent ran as root left it.
fn state_of_root_is_taken_over(node: &Node<'_>) {
    let id = node.succeed("cat /var/lib/muster/node-id");
    node.succeed(
        "systemctl stop muster-agent.service && chown -R root:root /var/lib/muster /run/muster \
         && systemctl start muster-agent.service",
    );
    node.wait_for("muster status -o json | grep -q '\"status\": *\"active\"'");
    node.succeed("test -z \"$(find /var/lib/muster ! -user muster -o ! -group muster)\"");
    assert_eq!(node.succeed("cat /var/lib/muster/node-id"), id);
    node.succeed("systemctl is-active -q work.service");
}

/// A new agent and a new controller, and the same workload, guard and installation as before.
fn upgraded(node: &Node<'_>) {
    begin_to_install(node);
    let units = [
        "work",
        "muster-fence",
        "muster-install",
        "muster-agent",
        "muster-controller",
    ];
    let ran = units.map(|unit| main_process(node, unit));
    install(node);
    node.wait_for("muster status -o json | grep -q '\"status\": *\"active\"'");
    let runs = units.map(|unit| main_process(node, unit));
    assert_eq!(
        ran[..3],
        runs[..3],
        "workloads, guard and installation are left alone"
    );
    assert!(ran[3] != runs[3] && ran[4] != runs[4], "{ran:?} {runs:?}");
    assert_ne!(ran[2], "0\n");
    node.succeed("touch /run/go");
    node.wait_for(
        "test $(systemctl is-active muster-install.service) = inactive && test -e /srv/gone",
    );
    node.succeed("muster uninstall --yes 2>&1");
}

/// What the administrator made goes with the administrator.
fn purged(node: &Node<'_>, before: &[String]) {
    node.succeed("dpkg --purge muster muster-controller >/evidence/purge 2>&1 || { cat /evidence/purge >&2; exit 1; }");
    assert_ne!(
        node.succeed("systemctl is-active work.service || true"),
        "active\n"
    );
    node.succeed("! pgrep -ax 'muster|muster-controller' >&2");
    // systemd removes what its services had in a process of its own.
    node.wait_for("! ls -d /var/tmp/systemd-private-*-muster-* >/dev/null 2>&1");
    node.succeed("rm -r /etc/muster /etc/credstore /etc/systemd/system/muster-workload.target.wants && systemctl daemon-reload");
    let after = tree(node);
    let gone: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
    let left: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(
        gone.is_empty() && left.is_empty(),
        "gone: {gone:#?}\nleft: {left:#?}"
    );
    assert!(
        before.len() > 3000,
        "too little was compared: {}",
        before.len()
    );
}

#[test]
fn the_same_programs_make_the_same_packages() {
    let made = [0, 1].map(|_| {
        let folder = tempfile::tempdir().unwrap();
        packages(folder.path())
            .iter()
            .map(|package| fs::read(package).unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(made[0].len(), 2);
    assert!(made[0] == made[1], "the bytes differ");
}
