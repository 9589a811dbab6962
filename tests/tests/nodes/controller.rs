//! The controller of the lab: it can be killed, have its clock set and its disk filled.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use muster_tests::loopback::POLICY;
use muster_tests::nodes::{CONTROLLER, Lab, Node, succeed};
use muster_tests::program;
use serde_json::Value;

/// Of heartbeats. The lease is three of it, and the controller waits for one and a half more.
pub(crate) const INTERVAL: Duration = Duration::from_secs(3);
/// Longer than anything takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Controller<'a> {
    lab: &'a Lab,
    arguments: Vec<String>,
    process: Child,
}

impl<'a> Controller<'a> {
    /// With these arguments for its `serve`. Its state is on a small disk of its own, its clock on the wall can be set.
    pub(crate) fn start(lab: &'a Lab, arguments: &[&str]) -> Self {
        fs::write(lab.path("policy.toml"), POLICY).unwrap();
        fs::create_dir(lab.path("controller")).unwrap();
        let mut mount = lab.command("disk", "mount");
        mount.args(["-t", "tmpfs", "-o", "size=16m", "none"]);
        succeed(mount.arg(lab.path("controller")));
        fs::write(lab.path("offset"), "+0\n").unwrap();
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        let process = serve(lab, &arguments);
        let controller = Self {
            lab,
            arguments,
            process,
        };
        controller.wait_until_it_serves();
        controller
    }

    /// Kills it, and starts it again after a while.
    pub(crate) fn kill_for(&mut self, time: Duration) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        sleep(time);
        self.process = serve(self.lab, &self.arguments);
        self.wait_until_it_serves();
    }

    /// Sets its clock on the wall, such as to `+5h`. The times in its log are of that clock, too.
    pub(crate) fn set_clock(&self, offset: &str) {
        fs::write(self.lab.path("offset"), format!("{offset}\n")).unwrap();
        // It looks at its offset once a second.
        sleep(Duration::from_secs(2));
    }

    /// By how many hours its clock on the wall differs from that of this machine.
    pub(crate) fn ahead_h(&self) -> i64 {
        let made = self.ask(&["tokens", "create", "--ttl", "1h", "-o", "json"]);
        let made: Value = serde_json::from_str(&made.data).unwrap();
        let expires = at(made["record"]["expires_at"].as_str().unwrap());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let ahead_s = expires / 1000 - i64::try_from(now.as_secs()).unwrap() - 3600;
        (ahead_s + 1800).div_euclid(3600)
    }

    /// Fills its disk to the last block.
    pub(crate) fn fill_disk(&self) {
        let filler = format!("of={}", self.filler().display());
        let mut dd = self.lab.command("disk", "dd");
        let full = dd.args(["if=/dev/zero", &filler, "bs=4k"]).output();
        assert!(!full.unwrap().status.success(), "it is not full");
    }

    /// Has room on its disk again.
    pub(crate) fn clear_disk(&self) {
        succeed(self.lab.command("disk", "rm").arg(self.filler()));
    }

    fn filler(&self) -> PathBuf {
        self.lab.path("controller").join("filler")
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

    /// The node of that name as it is listed; null when it is not.
    pub(crate) fn node(&self, name: &str) -> Value {
        let nodes = self.ask(&["nodes", "list", "-o", "json"]);
        let nodes: Vec<Value> = serde_json::from_str(&nodes.data).unwrap_or_default();
        let mut nodes = nodes.into_iter();
        nodes.find(|node| node["name"] == name).unwrap_or_default()
    }

    pub(crate) fn status(&self, name: &str) -> String {
        let node = self.node(name);
        node["status"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn wait_for(&self, node: &Node<'_>, status: &str) {
        self.until(
            node.name(),
            status,
            || node.journal(),
            |node| node["status"] == status,
        );
    }

    /// Waits until it is so of the node of that name.
    pub(crate) fn until(
        &self,
        name: &str,
        what: &str,
        told: impl Fn() -> String,
        is_so: impl Fn(&Value) -> bool,
    ) {
        let until = Instant::now() + PATIENCE;
        while !is_so(&self.node(name)) {
            assert!(
                Instant::now() < until,
                "{name} is not {what}: {:#}\n{}\n{}",
                self.node(name),
                told(),
                self.log()
            );
            sleep(Duration::from_millis(100));
        }
    }

    /// When the node was called fenced, in milliseconds since 1970, each time: what `nodes events` tells is of whole seconds.
    pub(crate) fn fenced(&self, node: &Node<'_>) -> Vec<i64> {
        self.called(node, "fenced")
    }

    /// When the node might run nothing, in milliseconds since 1970: from each time that it was called fenced until it was called active again.
    pub(crate) fn pauses(&self, node: &Node<'_>) -> Vec<Range<i64>> {
        let active = self.called(node, "active");
        let fenced = self.fenced(node).into_iter();
        fenced
            .map(|from| {
                let until = active.iter().find(|until| **until > from);
                from..until.copied().unwrap_or(i64::MAX)
            })
            .collect()
    }

    fn called(&self, node: &Node<'_>, status: &str) -> Vec<i64> {
        let (name, status) = (
            format!(" name={} ", node.name()),
            format!(" status={status} "),
        );
        let log = self.log();
        let lines = log
            .lines()
            .filter(|line| line.contains(&name) && line.contains(&status));
        lines
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

fn serve(lab: &Lab, arguments: &[String]) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(lab.path("controller.log"))
        .unwrap();
    // That of the nodes, which is built for this machine too.
    let faketime = lab
        .root()
        .join("usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1");
    let mut command = lab.command("controller", "env");
    command
        .arg(format!("LD_PRELOAD={}", faketime.display()))
        .arg(format!(
            "FAKETIME_TIMESTAMP_FILE={}",
            lab.path("offset").display()
        ))
        .args([
            "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
        ])
        .arg(program::controller())
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
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.spawn().unwrap()
}
