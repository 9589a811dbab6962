//! `muster install` as `muster-install.service` on a real node: it goes on without the command line, is followed from elsewhere, tells the
//! journal what it does, and goes on after a loss of power.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use muster_tests::nodes::{Lab, Node};
use serde_json::Value;

const CATALOG: &str = include_str!("../../systemd/catalog/muster.catalog");

/// In the middle it waits until somebody makes a file.
const PROFILE: &str = r#"
schema = "muster.profile/v1"
name = "slow"
version = "1"

[[steps]]
id = "first"
why = "Something is first."
file = { path = "/srv/first", content = "a\n" }

[[steps]]
id = "gate"
why = "It takes as long as it takes."
command = { run = ["/usr/bin/sh", "-c", "until test -e /srv/go; do sleep 0.05; done; touch /srv/gone"], check = ["/usr/bin/test", "-e", "/srv/gone"], undo = ["/usr/bin/rm", "/srv/gone"] }

[[steps]]
id = "last"
why = "Something is last."
file = { path = "/srv/last", content = "b\n" }
"#;

/// Its second step never does what it is for.
const FAILING: &str = r#"
schema = "muster.profile/v1"
name = "failing"
version = "1"

[[steps]]
id = "good"
why = "It goes well."
file = { path = "/srv/good", content = "a\n" }

[[steps]]
id = "bad"
why = "It does not."
command = { run = ["/usr/bin/ls", "/srv/nowhere"], check = ["/usr/bin/test", "-e", "/srv/nowhere"], undo = ["/usr/bin/true"] }
"#;

/// As the package has it enabled.
const AT_BOOT: (&str, &str) = (
    "/etc/systemd/system/multi-user.target.d/install.conf",
    "[Unit]\nWants=muster-install.service\n",
);

fn boot<'a>(lab: &'a Lab, files: &[(&str, &str)]) -> Node<'a> {
    boot_keeping(lab, files, &[])
}

fn boot_keeping<'a>(lab: &'a Lab, files: &[(&str, &str)], folders: &[&str]) -> Node<'a> {
    let mut all = vec![
        ("/etc/slow.toml", PROFILE),
        ("/etc/failing.toml", FAILING),
        ("/usr/lib/systemd/catalog/muster.catalog", CATALOG),
        AT_BOOT,
    ];
    all.extend(files);
    Node::boot_keeping(lab, 1, &all, folders)
}

/// Begins, and returns when the step that waits is being done. The command line's process id is in `/run/pid`.
fn begin(node: &Node<'_>) {
    node.succeed(
        "{ muster install --yes --profile /etc/slow.toml & echo $! >/run/pid; } >/evidence/told 2>&1",
    );
    let is_begun = "grep -q '\"record\":\"begun\",\"step\":1' /var/lib/muster-install/journal";
    node.wait_for(&format!("{is_begun} || ! kill -0 $(cat /run/pid)"));
    let told = node.succeed(&format!("cat /evidence/told; {is_begun} || echo ended"));
    assert!(
        !told.contains("muster:") && !told.contains("ended"),
        "{told}{}",
        node.journal()
    );
}

fn entries(node: &Node<'_>, matches: &str) -> Vec<Value> {
    let json = node.succeed(&format!(
        "journalctl --sync; journalctl -u muster-install -o json _COMM=muster {matches}"
    ));
    json.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn an_installation_goes_on_without_its_command_line() {
    let Some(lab) = Lab::start() else { return };
    let node = boot(&lab, &[]);
    let said = node.succeed("muster install --follow");
    assert!(
        said.starts_with("nothing is being changed on this host right now\n"),
        "{said}"
    );
    begin(&node);
    node.succeed("kill -KILL $(cat /run/pid)");
    node.succeed("muster install --follow -o json >/evidence/lines 2>&1 & muster install --follow >/evidence/shown 2>&1 &");
    node.wait_for("grep -q first /evidence/lines && grep -q '1/3.*: done' /evidence/shown");
    assert_eq!(
        node.succeed("systemctl is-active muster-install.service || true"),
        "activating\n"
    );
    node.succeed("touch /srv/go");
    node.wait_for("tail -n 1 /evidence/lines | grep -q '\"event\":\"result\"'");
    node.wait_for("grep -q '^installed; ' /evidence/shown");
    let lines = node.succeed("cat /evidence/lines");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps = lines.iter().filter(|line| line["event"] == "step");
    let done: Vec<&str> = steps
        .filter(|line| line["state"] == "done")
        .filter_map(|line| line["id"].as_str())
        .collect();
    assert_eq!(done, ["first", "gate", "last"]);
    assert_eq!(lines.last().unwrap()["outcome"], "installed");
    assert!(
        node.succeed("muster install --follow")
            .contains(": installed"),
        "how it ended is known"
    );
    the_journal_tells(&node, lines[0]["plan"].as_str().unwrap());
    node.succeed(
        "muster uninstall --yes && test ! -e /srv/first && test ! -e /var/lib/muster-install",
    );
}

/// With fields and ids, a line a step, and what it means.
fn the_journal_tells(node: &Node<'_>, plan: &str) {
    let all = entries(node, &format!("MUSTER_PLAN={plan}"));
    let told: Vec<(&str, &str)> = all
        .iter()
        .map(|entry| {
            let step = entry["MUSTER_STEP"].as_str().unwrap_or_default();
            (step, entry["MUSTER_STATE"].as_str().unwrap())
        })
        .collect();
    let expected = [
        ("", "installing"),
        ("first", "begun"),
        ("first", "done"),
        ("gate", "begun"),
        ("gate", "done"),
        ("last", "begun"),
        ("last", "done"),
        ("", "installed"),
    ];
    assert_eq!(told, expected);
    for entry in &all {
        let id = entry["MESSAGE_ID"].as_str().unwrap();
        assert!(CATALOG.contains(&format!("-- {id}\n")), "{entry}");
    }
    let shown = node.succeed("muster logs install -n 1000");
    let steps: Vec<&str> = shown.lines().filter(|line| line.contains("/3] ")).collect();
    assert_eq!(steps.len(), 3, "{shown}");
    assert!(
        steps.iter().all(|line| line.contains(": done in ")),
        "{shown}"
    );
}

#[test]
fn ctrl_c_leaves_an_installation_alone_and_says_how_to_go_on() {
    let Some(lab) = Lab::start() else { return };
    let node = boot(&lab, &[]);
    begin(&node);
    node.succeed("kill -INT $(cat /run/pid); kill -INT $(cat /run/pid)");
    node.wait_for("! kill -0 $(cat /run/pid) 2>/dev/null");
    let told = node.succeed("cat /evidence/told");
    for said in ["--follow", "--cancel", "goes on"] {
        assert!(told.contains(said), "{told}");
    }
    let again = node.succeed("! muster install --resume 2>&1");
    assert!(again.contains("is at work on this host"), "{again}");
    let another = node.succeed("! muster install --yes --profile /etc/failing.toml 2>&1");
    assert!(
        another.contains("is at work on this host: `muster install --follow`"),
        "{another}"
    );
    node.succeed("muster install --cancel && touch /srv/go");
    node.wait_for(
        "test $(systemctl is-active muster-install.service) = inactive && test ! -e /var/lib/muster-install",
    );
    assert!(
        node.succeed("muster install --follow")
            .contains(": put back"),
        "how it ended is known"
    );
    node.succeed("test ! -e /srv/first && test ! -e /srv/gone && test ! -e /srv/last");
}

#[test]
fn a_failure_is_explained_with_its_remedy() {
    let Some(lab) = Lab::start() else { return };
    let node = boot(&lab, &[]);
    let told =
        node.succeed("muster install --yes --profile /etc/failing.toml 2>&1; echo exit code $?");
    assert!(
        told.contains("muster: not finished: ")
            && told.contains("step bad failed: ")
            && told.ends_with("exit code 1\n"),
        "{told}"
    );
    let last = entries(&node, "").pop().unwrap();
    let message = last["MESSAGE"].as_str().unwrap();
    assert!(message.contains("step bad failed: "), "{message}");
    node.succeed("journalctl --update-catalog");
    let explained = node.succeed("journalctl -x -u muster-install MUSTER_STEP=bad");
    for said in [
        "A step failed: bad",
        "muster install --resume",
        "muster install --cancel",
        "/srv/nowhere",
    ] {
        assert!(explained.contains(said), "{explained}");
    }
    // It waits for somebody to decide, and what was done before it can be put back.
    assert!(
        node.succeed("muster install --status -o json")
            .contains("\"goes_on_at_boot\": false")
    );
    node.succeed("muster install --cancel && test ! -e /srv/good");
}

#[test]
fn a_node_that_loses_its_power_goes_on_when_it_is_up_again() {
    let Some(lab) = Lab::start() else { return };
    let records = ["/var/lib/muster-install"];
    let node = boot_keeping(&lab, &[], &records);
    begin(&node);
    drop(node);
    // Of its root directory nothing else is left, and what was done is done again.
    let node = boot_keeping(&lab, &[("/srv/go", "")], &records);
    node.wait_for("test ! -e /var/lib/muster-install/journal && test $(systemctl is-active muster-install.service) = inactive");
    let found = node.succeed("cd /srv; ls; journalctl -b -u muster-install -o short-precise");
    assert!(found.starts_with("first\ngo\ngone\nlast\n"), "{found}");
    assert!(
        node.succeed("muster install --follow")
            .contains(": installed"),
        "how it ended is known"
    );
    node.succeed("muster uninstall --yes");
}
