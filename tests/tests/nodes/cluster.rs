//! The way of a node into the lab's cluster, and what its workloads tell.

use std::fs;

use muster_tests::nodes::{CONTROLLER, Lab, Node};

use crate::controller::Controller;

/// A workload that ends when it is asked to.
const WORK: &str = r#"
[Service]
Slice=muster-workload.slice
ExecStart=/bin/sh -c 'while :; do date +%%s%%3N >>/evidence/work; sleep 0.05; done'
"#;

/// One that has to be killed.
const STUBBORN: &str = r#"
[Service]
Slice=muster-workload.slice
KillMode=process
ExecStart=/bin/sh -c 'trap "" TERM; while :; do date +%%s%%3N >>/evidence/stubborn; sleep 0.05; done'
"#;

/// A node that is active, and whose workloads run.
pub(crate) fn enrolled<'a>(lab: &'a Lab, controller: &Controller<'_>, number: u8) -> Node<'a> {
    let made = controller.ask(&["tokens", "create"]);
    assert_eq!(made.code, Some(0), "{}", made.told);
    fs::write(lab.path(&format!("n{number}.token")), &made.data).unwrap();
    let token = [("/etc/credstore/muster-token", made.data.as_str())];
    let node = booted(lab, number, &token);
    controller.wait_for(&node, "candidate");
    assert!(
        last(&node, "work").is_none(),
        "workloads run before they may"
    );
    let accepted = controller.ask(&["nodes", "accept", node.name(), "--role", "worker"]);
    assert_eq!(accepted.code, Some(0), "{}", accepted.told);
    controller.wait_for(&node, "active");
    node.wait_for("test -s /evidence/work && test -s /evidence/stubborn");
    // The journal has fields to search by, and no secret.
    node.wait_for(
        "journalctl -b -u muster-agent.service MUSTER_STATUS=active | grep -q 'this node is to be'",
    );
    node.succeed("! journalctl -b | grep -qF \"$(cut -d. -f3 /etc/credstore/muster-token)\"");
    node.succeed(
        "muster workloads --services | grep -q '^service  work.service .* muster-workload.slice'",
    );
    node
}

/// A node on which the agent runs, and that has workloads to run when it may.
pub(crate) fn booted<'a>(lab: &'a Lab, number: u8, more: &[(&str, &str)]) -> Node<'a> {
    let config =
        format!("controllers = ['{CONTROLLER}:7443']\nname = 'n{number}'\nrole = 'worker'\n");
    let files = [
        ("/etc/muster/config.toml", config.as_str()),
        ("/etc/systemd/system/work.service", WORK),
        ("/etc/systemd/system/stubborn.service", STUBBORN),
    ];
    let node = Node::boot(lab, number, &[&files, more].concat());
    node.succeed("systemctl add-wants -q muster-workload.target work.service stubborn.service");
    node.succeed("systemctl start muster-agent.service");
    node
}

/// What the workload told last, in milliseconds since 1970; none before it ran.
pub(crate) fn last(node: &Node<'_>, workload: &str) -> Option<i64> {
    let told = fs::read_to_string(node.evidence(workload)).ok()?;
    let whole = told.rfind('\n')?;
    told[..whole].lines().last()?.parse().ok()
}

/// What both workloads told last.
pub(crate) fn last_of_all(node: &Node<'_>) -> i64 {
    let told = ["work", "stubborn"].map(|workload| last(node, workload).unwrap());
    told.into_iter().max().unwrap()
}
