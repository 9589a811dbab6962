//! The controller of the lab, and the way of a node into its cluster.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use muster_tests::loopback::POLICY;
use muster_tests::nodes::{CONTROLLER, Lab, Node};
use muster_tests::program;
use serde_json::Value;

/// Of heartbeats. The lease is three of it, and the controller waits for one and a half more.
pub(crate) const INTERVAL: Duration = Duration::from_secs(3);
/// Longer than anything takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

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

pub(crate) struct Controller<'a> {
    lab: &'a Lab,
    process: Child,
}

impl<'a> Controller<'a> {
    pub(crate) fn start(lab: &'a Lab) -> Self {
        fs::write(lab.path("policy.toml"), POLICY).unwrap();
        let process = serve(lab);
        let controller = Self { lab, process };
        controller.wait_until_it_serves();
        controller
    }

    /// Kills it, and starts it again after a while.
    pub(crate) fn kill_for(&mut self, time: Duration) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        sleep(time);
        self.process = serve(self.lab);
        self.wait_until_it_serves();
    }

    fn wait_until_it_serves(&self) {
        let until = Instant::now() + PATIENCE;
        while self.ask(&["nodes", "list"]).code != Some(0) {
            assert!(Instant::now() < until, "no controller:\n{}", self.log());
            sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn ask(&self, arguments: &[&str]) -> program::Ran {
        let mut command = Command::new(program::controller());
        command.arg("--socket").arg(self.lab.path("admin.sock"));
        program::run(command.args(arguments))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.lab.path("controller.log")).unwrap_or_default()
    }

    pub(crate) fn status(&self, node: &str) -> String {
        let nodes = self.ask(&["nodes", "list", "-o", "json"]);
        let nodes: Vec<Value> = serde_json::from_str(&nodes.data).unwrap_or_default();
        let node = nodes.iter().find(|listed| listed["name"] == node);
        let status = node.and_then(|node| node["status"].as_str());
        status.unwrap_or_default().to_owned()
    }

    pub(crate) fn wait_for(&self, node: &Node<'_>, status: &str) {
        let until = Instant::now() + PATIENCE;
        while self.status(node.name()) != status {
            assert!(
                Instant::now() < until,
                "{} is not {status} but {}\n{}",
                node.name(),
                self.status(node.name()),
                node.journal()
            );
            sleep(Duration::from_millis(100));
        }
    }

    /// When the node was called fenced, in milliseconds since 1970, each time: what `nodes events` tells is of whole seconds.
    pub(crate) fn fenced(&self, node: &Node<'_>) -> Vec<i64> {
        let name = format!(" name={} ", node.name());
        let log = self.log();
        let fenced = log
            .lines()
            .filter(|line| line.contains(&name) && line.contains(" status=fenced "));
        fenced
            .map(|line| at(line.split(' ').next().unwrap()))
            .collect()
    }
}

/// Milliseconds since 1970.
fn at(time: &str) -> i64 {
    let told = Command::new("date").args(["+%s%3N", "-d", time]).output();
    let told = String::from_utf8(told.unwrap().stdout).unwrap();
    told.trim().parse().unwrap()
}

fn serve(lab: &Lab) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(lab.path("controller.log"))
        .unwrap();
    let mut command = lab.command("controller", program::controller());
    command
        .arg("--socket")
        .arg(lab.path("admin.sock"))
        .args(["serve", "--listen", &format!("{CONTROLLER}:7443")])
        .args(["--name", CONTROLLER])
        .arg("--interval")
        .arg(format!("{}s", INTERVAL.as_secs()))
        .arg("--state")
        .arg(lab.path("controller"))
        .arg("--policy")
        .arg(lab.path("policy.toml"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.spawn().unwrap()
}

/// A node that is active, and whose workloads run.
pub(crate) fn enrolled<'a>(lab: &'a Lab, controller: &Controller<'_>, number: u8) -> Node<'a> {
    let made = controller.ask(&["tokens", "create"]);
    assert_eq!(made.code, Some(0), "{}", made.told);
    let config =
        format!("controllers = ['{CONTROLLER}:7443']\nname = 'n{number}'\nrole = 'worker'\n");
    let node = Node::boot(
        lab,
        number,
        &[
            ("/etc/muster/config.toml", config.as_str()),
            ("/etc/credstore/muster-token", made.data.as_str()),
            ("/etc/systemd/system/work.service", WORK),
            ("/etc/systemd/system/stubborn.service", STUBBORN),
        ],
    );
    node.succeed("systemctl add-wants -q muster-workload.target work.service stubborn.service");
    node.succeed("systemctl start muster-agent.service");
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
