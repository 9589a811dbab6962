//! A controller and agents as processes of their own on loopback, in a folder that is thrown away.

mod process;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

pub use process::{PATIENCE, Process, until};

use crate::program::{self, Ran};

/// A policy that any machine passes.
pub const POLICY: &str = include_str!("../../lab/policy.toml");

/// A cluster of one controller, in a folder:
///
/// | name | what |
/// | --- | --- |
/// | `policy.toml` | what the controller judges by |
/// | `controller`, `admin.sock`, `controller.log` | the controller's state, socket and log |
/// | `agent`, `agent.log` | those of the agent |
pub struct Loopback {
    folder: TempDir,
    address: String,
    arguments: Vec<String>,
    controller: Option<Process>,
}

impl Default for Loopback {
    fn default() -> Self {
        Self::new()
    }
}

impl Loopback {
    /// The folder; nothing runs.
    ///
    /// # Panics
    /// When there can be no folder.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("policy.toml"), POLICY).expect("a policy");
        Self {
            folder,
            address: "127.0.0.1:0".to_owned(),
            arguments: Vec::new(),
            controller: None,
        }
    }

    /// With a controller, `arguments` for its `serve`; heartbeats twice a second, unless they say otherwise.
    ///
    /// # Panics
    /// When it does not serve.
    pub fn start(arguments: &[&str]) -> Self {
        let mut lab = Self::new();
        lab.serve(arguments);
        lab
    }

    /// Starts the controller.
    ///
    /// # Panics
    /// When it does not serve.
    pub fn serve(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|&text| text.to_owned()).collect();
        self.restart_controller();
    }

    /// Starts it again at the same address, with the same arguments.
    ///
    /// # Panics
    /// When it does not serve.
    pub fn restart_controller(&mut self) {
        self.kill_controller();
        let told = self.path("address");
        let mut command = self.admin_command(&["serve", "--listen", &self.address]);
        if !self.arguments.iter().any(|word| word == "--interval") {
            command.args(["--interval", "500ms"]);
        }
        command.arg("--state").arg(self.path("controller"));
        command.arg("--policy").arg(self.path("policy.toml"));
        command.args(&self.arguments);
        command.stdout(File::create(&told).expect("a file"));
        let mut process = Process::start(&mut command, &self.path("controller.log"));
        let mut address = None;
        until("the controller listens", || {
            let ended = process.0.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended: {}", self.read("controller.log"));
            let text = fs::read_to_string(&told).expect("a file");
            address = text
                .strip_prefix("listening on ")
                .map(|it| it.trim().to_owned());
            address.is_some()
        });
        self.address = address.unwrap_or_default();
        self.controller = Some(process);
    }

    /// As `kill -9`.
    pub fn kill_controller(&mut self) {
        self.controller = None;
    }

    /// The controller's process.
    ///
    /// # Panics
    /// When it was killed.
    pub fn controller(&mut self) -> &mut Process {
        self.controller.as_mut().expect("a controller runs")
    }

    /// Where the controller listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Something in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file in the folder; empty where there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// `muster-controller` about this controller, ready to be run.
    pub fn admin_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program::controller());
        command.arg("--socket").arg(self.path("admin.sock"));
        command.args(arguments);
        command
    }

    /// Runs `muster-controller`.
    pub fn admin(&self, arguments: &[&str]) -> Ran {
        program::run(&mut self.admin_command(arguments))
    }

    /// The same, which must succeed; what it prints.
    ///
    /// # Panics
    /// When it fails.
    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.admin(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.told);
        ran.data
    }

    /// What `muster-controller` prints as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn admin_json(&self, arguments: &[&str]) -> Value {
        let ran = self.admin(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&ran.data).unwrap_or_else(|_| panic!("{}{}", ran.data, ran.told))
    }

    /// A file with a new token; `arguments` are for `tokens create`.
    ///
    /// # Panics
    /// When there is none to be had.
    pub fn token(&self, arguments: &[&str]) -> PathBuf {
        let path = self.path("token");
        let made = self.done(&[&["tokens", "create"], arguments].concat());
        fs::write(&path, made).expect("a file");
        path
    }

    /// An agent `node1`.
    pub fn agent(&self, arguments: &[&str]) -> Process {
        let mut command = self.muster_command(&["agent", "--name", "node1"]);
        command.args(arguments).stdout(Stdio::null());
        Process::start(&mut command, &self.path("agent.log"))
    }

    /// An agent `node1` of the controller, with a new token.
    pub fn newcomer(&self) -> Process {
        let token = self.token(&[]);
        self.agent(&["--controller", &self.address, "--token-file", text(&token)])
    }

    /// The agent `node1` again, which has been enrolled.
    pub fn returning(&self) -> Process {
        self.agent(&["--controller", &self.address])
    }

    /// `muster` about this agent, ready to be run.
    pub fn muster_command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command();
        command.args(arguments);
        command.arg("--state").arg(self.path("agent"));
        command
    }

    /// Runs `muster`.
    pub fn muster(&self, arguments: &[&str]) -> Ran {
        program::run(&mut self.muster_command(arguments))
    }

    /// What `muster` prints as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.muster(arguments);
        serde_json::from_str(&ran.data).unwrap_or_else(|_| panic!("{}{}", ran.data, ran.told))
    }

    /// Every node that the controller knows; none when it does not answer.
    pub fn nodes(&self) -> Vec<Value> {
        let listed = self.admin(&["nodes", "list", "-o", "json"]);
        serde_json::from_str(&listed.data).unwrap_or_default()
    }

    /// The events of `node1`; none when the controller does not answer.
    pub fn events(&self) -> Vec<Value> {
        let told = self.admin(&["nodes", "events", "node1", "-o", "json"]);
        serde_json::from_str(&told.data).unwrap_or_default()
    }

    /// Waits until the only node is in `status`, and an active one is heard.
    ///
    /// # Panics
    /// When it never is; with the logs.
    pub fn wait_for(&self, status: &str) -> Value {
        let mut seen = Value::Null;
        self.patiently(status, || {
            let [node] = &mut *self.nodes() else {
                return false;
            };
            seen = node.take();
            seen["status"] == status && (status != "active" || seen["offline"] == false)
        });
        seen
    }

    /// Accepts `node1` as a worker, and waits until it is active.
    ///
    /// # Panics
    /// When that fails.
    pub fn accept(&self) {
        self.wait_for("candidate");
        self.done(&["nodes", "accept", "node1", "--role", "worker"]);
        self.wait_for("active");
    }

    /// Waits until it is so.
    ///
    /// # Panics
    /// When it never is; with all that is known.
    pub fn patiently(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(
                Instant::now() < end,
                "not {what}: {:#?} {:#?}\nagent:\n{}\ncontroller:\n{}",
                self.nodes(),
                self.events(),
                self.read("agent.log"),
                self.read("controller.log")
            );
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

/// A path as an argument.
///
/// # Panics
/// When it is not UTF-8.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
