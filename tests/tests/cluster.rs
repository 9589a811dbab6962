//! A controller and an agent as two processes over real TLS on loopback: a machine joins, lives, and is fenced.

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
use std::time::Duration;

use muster_tests::loopback::{Loopback, POLICY};
use muster_tests::program;

#[test]
fn a_machine_joins_lives_is_fenced_and_comes_back() {
    // A lease that a busy machine keeps: only what is killed here is to be fenced.
    let mut cluster = Loopback::start(&["--interval", "1s"]);
    let agent = cluster.newcomer();
    let secret = cluster.read("token").trim().to_owned();
    let candidate = cluster.wait_for("candidate");
    assert_eq!(candidate["name"], "node1");
    assert_eq!(candidate["offline"], false);

    let secret_part = secret.split('.').nth(2).unwrap();
    the_secrets_are_kept(&cluster, agent.id(), secret_part);

    let accepted = cluster.admin(&["nodes", "accept", "node1", "--role", "worker"]);
    assert_eq!(
        (accepted.code, accepted.data.as_str()),
        (Some(0), "node1 is approved\n")
    );
    let active = cluster.wait_for("active");
    assert_eq!(active["role"], "worker");

    let workloads = cluster.admin_json(&["nodes", "workloads", "node1"]);
    assert_eq!(workloads["schema"], "muster.workloads/v1");
    assert!(workloads["services"].is_array(), "{workloads}");

    // Killed, it is fenced; back again, it proves that nothing of before runs.
    drop(agent);
    let fenced = cluster.wait_for("fenced");
    assert_eq!(fenced["offline"], true);
    let silent = cluster.admin(&["nodes", "workloads", "node1"]);
    assert_eq!(silent.code, Some(3));
    assert!(
        silent.told.contains("node1 is not heard"),
        "{}",
        silent.told
    );
    let agent = cluster.returning();
    cluster.wait_for("active");

    // A controller that is started again knows its nodes, and fences none.
    cluster.kill_controller();
    std::thread::sleep(Duration::from_secs(3));
    cluster.restart_controller();
    let known = cluster.wait_for("active");
    assert_eq!(known["id"], active["id"]);
    let events = cluster.events();
    let fenced = events
        .iter()
        .filter(|event| event["message"].as_str().unwrap().starts_with("fenced"));
    assert_eq!(fenced.count(), 1, "{events:#?}");

    the_secrets_are_not_told(&cluster, secret_part);
    drop(agent);
}

fn the_secrets_are_kept(cluster: &Loopback, agent: u32, secret: &str) {
    let arguments = fs::read(format!("/proc/{agent}/cmdline")).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains(secret));
    let key = fs::metadata(cluster.path("agent").join("key.pem")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

fn the_secrets_are_not_told(cluster: &Loopback, secret: &str) {
    for (who, log) in [("agent", "agent.log"), ("controller", "controller.log")] {
        let told = cluster.read(log);
        assert!(!told.is_empty(), "the {who} told nothing");
        assert!(!told.contains(secret), "the {who} told the token");
        assert!(!told.contains("PRIVATE KEY"), "the {who} told a key");
    }
}

#[test]
fn an_inadequate_machine_is_listed_with_its_reason_and_cannot_be_accepted() {
    let mut cluster = Loopback::new();
    let policy = POLICY.replace("at_least = 1", "at_least = 100_000");
    fs::write(cluster.path("policy.toml"), policy).unwrap();
    cluster.serve(&[]);
    let _agent = cluster.newcomer();
    let node = cluster.wait_for("inadequate");
    assert_eq!(node["reason"], "fails cpu-threads");
    let refused = cluster.admin(&["nodes", "accept", "node1"]);
    assert_eq!(refused.code, Some(3));
    assert_eq!(
        refused.told,
        "muster-controller: a node that is inadequate cannot be accepted, only one that is candidate\n"
    );
    let unconfirmed = cluster.admin(&["nodes", "delete", "node1"]);
    assert!(
        unconfirmed.told.contains("confirm it with --confirm node1"),
        "{}",
        unconfirmed.told
    );
    let deleted = cluster.admin(&["nodes", "delete", "node1", "--confirm", "node1"]);
    assert_eq!(deleted.data, "node1 is deleted\n");
}

#[test]
fn errors_have_their_remedy() {
    let nowhere = Path::new("/nonexistent/admin.sock");
    let mut command = Command::new(program::controller());
    let ran = program::run(command.arg("--socket").arg(nowhere).args(["nodes", "list"]));
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.told
            .contains("Start the controller with `muster-controller serve`"),
        "{}",
        ran.told
    );
}
