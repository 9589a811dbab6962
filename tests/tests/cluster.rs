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
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use muster_tests::program;
use serde_json::Value;
use tempfile::TempDir;

const POLICY: &str = r#"
schema = "muster.policy/v1"
name = "lab"
version = "1"
roles = ["control", "worker"]

[[rules]]
id = "cpu-threads"
title = "A processor"
severity = "required"
check.cpu_threads = { at_least = THREADS }
remedy = "Fit one."
"#;

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A controller in a folder that is thrown away.
struct Cluster {
    folder: TempDir,
    controller: Process,
    address: String,
}

/// Ended when it is dropped, by its own id.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Cluster {
    fn start(threads: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = POLICY.replace("THREADS", &threads.to_string());
        fs::write(folder.path().join("policy.toml"), policy).unwrap();
        let (controller, address) = serve(folder.path(), "127.0.0.1:0");
        Self {
            folder,
            controller,
            address,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ask(&self, arguments: &[&str]) -> program::Ran {
        let mut command = Command::new(program::controller());
        command
            .arg("--socket")
            .arg(self.path("admin.sock"))
            .args(arguments);
        program::run(&mut command)
    }

    fn nodes(&self) -> Vec<Value> {
        let listed = self.ask(&["nodes", "list", "-o", "json"]);
        serde_json::from_str(&listed.data).unwrap_or_default()
    }

    /// A file with a new token.
    fn token(&self) -> PathBuf {
        let made = self.ask(&["tokens", "create"]);
        assert_eq!(made.code, Some(0), "{}", made.told);
        let path = self.path("token");
        fs::write(&path, made.data).unwrap();
        path
    }

    fn agent(&self, token: Option<&Path>) -> Process {
        let mut command = program::command();
        command.args([
            "agent",
            "--controller",
            &self.address,
            "--name",
            "node1",
            "--state",
        ]);
        command.arg(self.path("agent"));
        if let Some(token) = token {
            command.arg("--token-file").arg(token);
        }
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("agent.log"));
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        Process(child.unwrap())
    }

    /// Waits until the only node is in `status`.
    fn wait_for(&self, status: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let nodes = self.nodes();
            if let [node] = nodes.as_slice()
                && node["status"] == status
            {
                return node.clone();
            }
            if Instant::now() > until {
                let log = fs::read_to_string(self.path("agent.log")).unwrap_or_default();
                let told = fs::read_to_string(self.path("controller.log")).unwrap_or_default();
                panic!("not {status}: {nodes:#?}\nagent:\n{log}\ncontroller:\n{told}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn serve(folder: &Path, listen: &str) -> (Process, String) {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("controller.log"));
    let told = folder.join("address");
    let mut command = Command::new(program::controller());
    command
        .arg("--socket")
        .arg(folder.join("admin.sock"))
        .args([
            "serve",
            "--listen",
            listen,
            "--interval",
            "500ms",
            "--state",
        ])
        .arg(folder.join("controller"))
        .arg("--policy")
        .arg(folder.join("policy.toml"));
    let child = command
        .stdin(Stdio::null())
        .stdout(fs::File::create(&told).unwrap())
        .stderr(log.unwrap())
        .spawn();
    let process = Process(child.unwrap());
    let until = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(&told).unwrap();
        if let Some(address) = text.strip_prefix("listening on ") {
            return (process, address.trim().to_owned());
        }
        let log = || fs::read_to_string(folder.join("controller.log")).unwrap_or_default();
        assert!(Instant::now() < until, "it does not listen: {}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_machine_joins_lives_is_fenced_and_comes_back() {
    let mut cluster = Cluster::start(1);
    let token = cluster.token();
    let secret = fs::read_to_string(&token).unwrap().trim().to_owned();
    let agent = cluster.agent(Some(&token));
    let candidate = cluster.wait_for("candidate");
    assert_eq!(candidate["name"], "node1");
    assert_eq!(candidate["offline"], false);

    let arguments = fs::read(format!("/proc/{}/cmdline", agent.0.id())).unwrap();
    let secret_part = secret.split('.').nth(2).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains(secret_part));
    let key = cluster.path("agent").join("key.pem");
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let accepted = cluster.ask(&["nodes", "accept", "node1", "--role", "worker"]);
    assert_eq!(
        (accepted.code, accepted.data.as_str()),
        (Some(0), "node1 is approved\n")
    );
    let active = cluster.wait_for("active");
    assert_eq!(active["role"], "worker");

    // Killed, it is fenced; back again, it proves that nothing of before runs.
    drop(agent);
    let fenced = cluster.wait_for("fenced");
    assert_eq!(fenced["offline"], true);
    let agent = cluster.agent(None);
    cluster.wait_for("active");

    // A controller that is started again knows its nodes, and fences none.
    let address = cluster.address.clone();
    drop(std::mem::replace(
        &mut cluster.controller,
        Process(Command::new("true").spawn().unwrap()),
    ));
    std::thread::sleep(Duration::from_secs(3));
    (cluster.controller, cluster.address) = serve(cluster.folder.path(), &address);
    let known = cluster.wait_for("active");
    assert_eq!(known["id"], active["id"]);
    let events = cluster.ask(&["nodes", "events", "node1", "-o", "json"]);
    let events: Vec<Value> = serde_json::from_str(&events.data).unwrap();
    let fenced = events
        .iter()
        .filter(|event| event["message"].as_str().unwrap().starts_with("fenced"));
    assert_eq!(fenced.count(), 1, "{events:#?}");

    for (who, log) in [("agent", "agent.log"), ("controller", "controller.log")] {
        let told = fs::read_to_string(cluster.path(log)).unwrap();
        assert!(!told.contains(secret_part), "the {who} told the token");
        assert!(!told.contains("PRIVATE KEY"), "the {who} told a key");
    }
    drop(agent);
}

#[test]
fn an_inadequate_machine_is_listed_with_its_reason_and_cannot_be_accepted() {
    let cluster = Cluster::start(100_000);
    let token = cluster.token();
    let _agent = cluster.agent(Some(&token));
    let node = cluster.wait_for("inadequate");
    assert_eq!(node["reason"], "fails cpu-threads");
    let refused = cluster.ask(&["nodes", "accept", "node1"]);
    assert_eq!(refused.code, Some(3));
    assert_eq!(
        refused.told,
        "muster-controller: a node that is inadequate cannot be accepted, only one that is candidate\n"
    );
    let unconfirmed = cluster.ask(&["nodes", "delete", "node1"]);
    assert!(
        unconfirmed.told.contains("confirm it with --confirm node1"),
        "{}",
        unconfirmed.told
    );
    let deleted = cluster.ask(&["nodes", "delete", "node1", "--confirm", "node1"]);
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
