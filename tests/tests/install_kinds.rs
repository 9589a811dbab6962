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

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use muster_tests::nodes::{Lab, Node, succeed};

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

const PACKAGES: &str = r#"
schema = "muster.profile/v1"
name = "packages"
version = "1"

[[steps]]
id = "packages"
why = "Work needs it."
packages = { names = ["lab-app"] }
"#;

const ARTIFACT: &str = r#"
schema = "muster.profile/v1"
name = "artifact"
version = "1"

[[steps]]
id = "tool"
why = "Work is done with it."
artifact = { source = "/srv/tool", sha256 = "DIGEST", path = "/usr/local/bin/tool", mode = "0755" }
"#;

#[test]
fn what_only_a_running_machine_has_is_installed_and_undone() {
    let Some(lab) = Lab::start() else {
        return;
    };
    let files = [
        ("/etc/time.toml", TIME),
        ("/etc/packages.toml", PACKAGES),
        ("/usr/lib/systemd/system/lab-ntp.service", NTP_SERVICE),
        (
            "/usr/lib/systemd/ntp-units.d/50-lab.list",
            "lab-ntp.service\n",
        ),
    ];
    let node = Node::boot(&lab, 1, &files);
    time_is_set_and_put_back(&node);
    packages_come_and_go(&node);
    an_artifact_comes_and_goes(&node);
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

/// From a file that somebody has put there, with a beginning that a crash left damaged.
fn an_artifact_comes_and_goes(node: &Node<'_>) {
    const LOOK: &str = "ls -ln --time-style=+ /usr/local/bin";
    let before = node.succeed(LOOK);
    node.succeed("echo damaged >/usr/local/bin/tool.muster-unfinished; cp /usr/bin/true /srv/tool");
    let digest = node.succeed("sha256sum /srv/tool");
    let digest = digest.split(' ').next().unwrap();
    fs::write(
        node.evidence("artifact.toml"),
        ARTIFACT.replace("DIGEST", digest),
    )
    .unwrap();
    node.succeed("cp /evidence/artifact.toml /etc/artifact.toml");
    install(node, "artifact");
    node.succeed("/usr/local/bin/tool && cmp /srv/tool /usr/local/bin/tool && rm /srv/tool");
    assert_eq!(uninstalled(node, LOOK), before);
}

/// From a repository in a folder: `lab-app`, which needs `lab-lib`, and `lab-other`, which does, too.
fn packages_come_and_go(node: &Node<'_>) {
    const LOOK: &str = "dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n'; find /usr/share/lab /etc/lab /var/lib/muster-install 2>/dev/null || true";
    repository(&node.evidence("repository"));
    node.succeed(
        "echo 'deb [trusted=yes] file:/evidence/repository ./' >/etc/apt/sources.list && apt-get -q update 2>&1",
    );
    let before = node.succeed(LOOK);
    let planned = node.succeed("muster plan --profile /etc/packages.toml 2>&1");
    assert!(planned.contains("lab-lib: no → yes"), "{planned}");
    assert_eq!(node.succeed(LOOK), before);
    // Killed in the middle of unpacking, dpkg is gone on with.
    node.succeed(
        "muster install --yes --profile /etc/packages.toml >/evidence/out 2>&1 & \
         until grep -q 'half\\|unpacked' /var/lib/dpkg/status; do :; done
         kill -9 $(cat /sys/fs/cgroup/*/system.slice/muster-install.service/cgroup.procs \
             /sys/fs/cgroup/system.slice/muster-install.service/cgroup.procs 2>/dev/null) && wait || true",
    );
    let killed = node.succeed(LOOK);
    assert!(!killed.contains("ii  lab-app"), "{killed}");
    node.succeed(
        "muster install --resume >/evidence/out 2>&1 || { cat /evidence/out >&2; false; }",
    );
    let after = node.succeed(LOOK);
    assert!(
        after.contains("ii  lab-app") && after.contains("ii  lab-lib"),
        "{after}"
    );
    // Of what came, stays what is needed by what somebody installed since.
    node.succeed("apt-get -q -y install lab-other 2>&1");
    let told = uninstalled(node, "cat /evidence/out");
    assert!(
        told.contains("the package lab-lib stays: lab-other needs it"),
        "{told}"
    );
    let kept = node.succeed(LOOK);
    assert!(
        kept.contains("ii  lab-lib") && !kept.contains("lab-app"),
        "{kept}"
    );
    node.succeed("dpkg --purge lab-other lab-lib 2>&1");
    install(node, "packages");
    assert_eq!(uninstalled(node, LOOK), before);
}

/// Three packages that somebody made, and their list. `lab-app` takes long to be configured.
fn repository(folder: &Path) {
    const SLOW: &str = "#!/bin/sh\nsleep 1\n";
    let mut list = String::new();
    for (name, needs, script) in [
        ("lab-lib", "", None),
        ("lab-app", "Depends: lab-lib\n", Some(SLOW)),
        ("lab-other", "Depends: lab-lib\n", None),
    ] {
        let tree = folder.join(name);
        fs::create_dir_all(tree.join("DEBIAN")).unwrap();
        fs::create_dir_all(tree.join("etc/lab")).unwrap();
        fs::write(tree.join("etc/lab").join(name), "as it came\n").unwrap();
        let control = format!(
            "Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Lab <lab@example.org>\n{needs}Description: of the lab\n"
        );
        fs::write(tree.join("DEBIAN/control"), &control).unwrap();
        fs::write(tree.join("DEBIAN/conffiles"), format!("/etc/lab/{name}\n")).unwrap();
        if let Some(script) = script {
            let path = tree.join("DEBIAN/postinst");
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let file = folder.join(format!("{name}.deb"));
        let words = [
            Path::new("--root-owner-group"),
            Path::new("--build"),
            &tree,
            &file,
        ];
        succeed(Command::new("dpkg-deb").args(words));
        let size = fs::metadata(&file).unwrap().len();
        let digest = sha256(&file);
        list += &format!("{control}Filename: ./{name}.deb\nSize: {size}\nSHA256: {digest}\n\n");
    }
    fs::write(folder.join("Packages"), list).unwrap();
}

fn sha256(file: &Path) -> String {
    let told = succeed(Command::new("sha256sum").arg(file));
    told.split(' ').next().unwrap_or_default().to_owned()
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
