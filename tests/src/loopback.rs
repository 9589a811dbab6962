//! A cluster on loopback: a controller and agents, each a process of its own, with all that they keep in a folder that is thrown away.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::program;

/// Every machine that runs this passes.
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
const PATIENCE: Duration = Duration::from_secs(60);

/// A controller that serves, and the folder in which it and its agents keep what they have.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    /// Where it listens.
    pub address: String,
    arguments: Vec<String>,
    controller: Option<Process>,
}

/// Killed when it is dropped, by its own id.
#[derive(Debug)]
pub struct Process(Child);

impl Cluster {
    /// Starts a controller with an interval of half a second and these arguments of `serve`.
    ///
    /// # Panics
    /// When it does not serve.
    pub fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("policy.toml"), POLICY).expect("the policy can be written");
        let mut cluster = Self {
            folder,
            address: "127.0.0.1:0".to_owned(),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            controller: None,
        };
        cluster.serve();
        cluster
    }

    /// Starts the controller again where it listened before; one that runs is killed first.
    ///
    /// # Panics
    /// When it does not serve.
    pub fn serve(&mut self) {
        self.controller = None;
        let mut command = self.controller(&["serve", "--listen", &self.address]);
        command.args(["--interval", "500ms", "--state"]);
        command.arg(self.path("controller"));
        command.arg("--policy").arg(self.path("policy.toml"));
        command.args(&self.arguments).stdout(Stdio::piped());
        let mut process = self.spawn(&mut command, "controller");
        let output = process.0.stdout.take().expect("its output is piped");
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        let address = line.trim().strip_prefix("listening on ");
        let address =
            address.unwrap_or_else(|| panic!("{read:?} {line}: {}", self.log("controller")));
        self.address = address.to_owned();
        self.controller = Some(process);
    }

    /// A file or folder of this cluster.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `controller`, or the agent of that name, has said on standard error.
    pub fn log(&self, who: &str) -> String {
        fs::read_to_string(self.path(&format!("{who}.log"))).unwrap_or_default()
    }

    /// Asks the controller, and has to be answered with 0.
    ///
    /// # Panics
    /// When it is refused.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let ran = self.ask(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.told);
        ran.data
    }

    /// Asks the controller.
    pub fn ask(&self, arguments: &[&str]) -> program::Ran {
        program::run(&mut self.controller(arguments))
    }

    /// Asks the controller for JSON.
    ///
    /// # Panics
    /// When there is none.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.ask(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&ran.data).unwrap_or_else(|_| panic!("{}{}", ran.data, ran.told))
    }

    /// A file with a new token, made with these arguments.
    ///
    /// # Panics
    /// When none is made.
    pub fn token(&self, arguments: &[&str]) -> PathBuf {
        let made = self.succeed(&[&["tokens", "create"], arguments].concat());
        let path = self.path("token");
        fs::write(&path, made).expect("the token can be written");
        path
    }

    /// The agent of that name, with the state of its predecessor.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn agent(&self, name: &str, token: Option<&Path>) -> Process {
        let mut command = self.muster(name, &["agent", "--name", name]);
        command.args(["--controller", &self.address]);
        if let Some(token) = token {
            command.arg("--token-file").arg(token);
        }
        self.spawn(command.stdout(Stdio::null()), name)
    }

    /// A command about the agent of that name.
    pub fn muster(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = program::command();
        command.args(arguments).arg("--state").arg(self.path(name));
        command
    }

    /// The node of that name as the controller lists it; null when it does not.
    pub fn node(&self, name: &str) -> Value {
        let nodes = self.json(&["nodes", "list"]);
        let mut nodes = nodes.as_array().into_iter().flatten();
        let found = nodes.find(|node| node["name"] == name);
        found.cloned().unwrap_or_default()
    }

    /// Waits until the node of that name has that status.
    ///
    /// # Panics
    /// When it does not in a minute.
    pub fn wait_for(&self, name: &str, status: &str) {
        self.until(&format!("{name} is {status}"), || {
            self.node(name)["status"] == status
        });
    }

    /// Waits until it is so.
    ///
    /// # Panics
    /// When it is not in a minute: with all logs.
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < end, "{what}: not in time\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn logs(&self) -> String {
        let files = fs::read_dir(self.folder.path()).expect("the folder can be read");
        let paths = files.filter_map(|file| Some(file.ok()?.path()));
        let mut logs: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|is| is == "log"))
            .collect();
        logs.sort();
        let told = logs.iter().map(|path| {
            let text = fs::read_to_string(path).unwrap_or_default();
            format!("{}:\n{text}", path.display())
        });
        told.collect()
    }

    fn controller(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program::controller());
        command.arg("--socket").arg(self.path("admin.sock"));
        command.args(arguments);
        command
    }

    fn spawn(&self, command: &mut Command, who: &str) -> Process {
        let mut options = fs::File::options();
        let log = options.create(true).append(true);
        let log = log.open(self.path(&format!("{who}.log"))).expect("a log");
        let child = command.stdin(Stdio::null()).stderr(log).spawn();
        Process(child.expect("the program starts"))
    }
}

impl Process {
    /// Its id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends a signal, and gives the exit code.
    ///
    /// # Panics
    /// When it does not end in a minute.
    pub fn end(mut self, signal: Signal) -> Option<i32> {
        let id = i32::try_from(self.0.id()).expect("an id");
        kill(Pid::from_raw(id), signal).expect("it can be signalled");
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.0.try_wait().expect("it is ours") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not end by {signal}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
