//! A controller and an agent in a folder that is thrown away, each a process of its own, on loopback.

use std::fs;
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
check.cpu_threads = { at_least = 1 }
remedy = "Fit one."
"#;

/// Longer than anything here takes on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with what a node and its controller keep.
pub(crate) struct Lab {
    folder: TempDir,
}

/// Ended when it is dropped, by its own id.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Waits until it ends by itself.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let mut code = None;
        until("the process ends", || {
            code = self.0.try_wait().unwrap();
            code.is_some()
        });
        code.unwrap().code()
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.toml"), POLICY).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A controller, and its address.
    pub(crate) fn controller(&self) -> (Process, String) {
        self.controller_with(&[])
    }

    /// The same, with more arguments.
    pub(crate) fn controller_with(&self, arguments: &[&str]) -> (Process, String) {
        let told = self.path("address");
        let mut command = Command::new(program::controller());
        command
            .arg("--socket")
            .arg(self.path("admin.sock"))
            .args(["serve", "--listen", "127.0.0.1:0", "--interval", "500ms"])
            .arg("--state")
            .arg(self.path("controller"))
            .arg("--policy")
            .arg(self.path("policy.toml"))
            .args(arguments);
        command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&told).unwrap())
            .stderr(self.log("controller.log"));
        let process = Process(command.spawn().unwrap());
        let mut address = None;
        until("the controller listens", || {
            let text = fs::read_to_string(&told).unwrap();
            address = text
                .strip_prefix("listening on ")
                .map(|it| it.trim().to_owned());
            address.is_some()
        });
        (process, address.unwrap())
    }

    /// Asks the controller.
    pub(crate) fn admin(&self, arguments: &[&str]) -> program::Ran {
        let mut command = Command::new(program::controller());
        command
            .arg("--socket")
            .arg(self.path("admin.sock"))
            .args(arguments);
        program::run(&mut command)
    }

    /// A file with a new token.
    pub(crate) fn token(&self) -> PathBuf {
        let made = self.admin(&["tokens", "create", "--role", "worker"]);
        assert_eq!(made.code, Some(0), "{}", made.told);
        let path = self.path("token");
        fs::write(&path, made.data).unwrap();
        path
    }

    /// Accepts the only node.
    pub(crate) fn accept(&self) {
        let listed = self.admin(&["nodes", "list", "-o", "json"]);
        let nodes: Vec<Value> = serde_json::from_str(&listed.data).unwrap();
        let [node] = nodes.as_slice() else {
            panic!("{nodes:#?}")
        };
        let accepted = self.admin(&["nodes", "accept", node["id"].as_str().unwrap()]);
        assert_eq!(accepted.code, Some(0), "{}", accepted.told);
    }

    /// The agent, whose log is `agent.log`.
    pub(crate) fn agent(&self, arguments: &[&str]) -> Process {
        let mut command = program::command();
        command
            .args(["agent", "--name", "node1", "--state"])
            .arg(self.path("agent"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.log("agent.log"));
        Process(command.spawn().unwrap())
    }

    /// A command about the agent, ready to be run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command();
        command
            .args(arguments)
            .arg("--state")
            .arg(self.path("agent"));
        command
    }

    /// Runs a command about the agent.
    pub(crate) fn muster(&self, arguments: &[&str]) -> program::Ran {
        program::run(&mut self.command(arguments))
    }

    /// What a command about the agent prints as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.muster(arguments);
        serde_json::from_str(&ran.data)
            .unwrap_or_else(|error| panic!("{error}: {} {}", ran.data, ran.told))
    }

    /// A node that is active: its controller, the controller's address, and its agent.
    pub(crate) fn active_node(&self) -> (Process, String, Process) {
        let (controller, address) = self.controller();
        let token = self.token();
        let agent = self.agent(&["--controller", &address, "--token-file", text(&token)]);
        until("it asks to be enrolled", || {
            self.admin(&["nodes", "list"]).data.contains("candidate")
        });
        self.accept();
        let waited = self.muster(&["wait", "--for", "active"]);
        assert_eq!(waited.code, Some(0), "{}", waited.told);
        (controller, address, agent)
    }

    fn log(&self, name: &str) -> fs::File {
        let options = &mut fs::File::options();
        let log = options.create(true).append(true).open(self.path(name));
        log.unwrap()
    }
}

/// Waits until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
