//! A controller and an agent that talk through a wire which can be cut.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
const PATIENCE: Duration = Duration::from_secs(90);

/// Killed when it is dropped, by its own id.
pub(crate) struct Process(Child);

impl Process {
    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self) {
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(asked.unwrap().success());
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// In a folder that is thrown away.
pub(crate) struct Lab {
    folder: TempDir,
    controller: Option<Process>,
    /// Where the controller listens.
    address: String,
    arguments: Vec<String>,
    wire: Wire,
}

impl Lab {
    /// `arguments` are for `muster-controller serve`.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.toml"), POLICY).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        let (controller, address) = serve(folder.path(), "127.0.0.1:0", &arguments);
        Self {
            wire: Wire::to(&address),
            controller: Some(controller),
            folder,
            address,
            arguments,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn kill_controller(&mut self) {
        self.controller = None;
    }

    pub(crate) fn restart_controller(&mut self) {
        let (controller, _) = serve(self.folder.path(), &self.address, &self.arguments);
        self.controller = Some(controller);
    }

    /// Nothing goes over the wire from now on.
    pub(crate) fn cut(&self) {
        self.wire.is_cut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.wire.is_cut.store(false, Ordering::SeqCst);
    }

    pub(crate) fn ask(&self, arguments: &[&str]) -> program::Ran {
        let mut command = Command::new(program::controller());
        command
            .arg("--socket")
            .arg(self.path("admin.sock"))
            .args(arguments);
        program::run(&mut command)
    }

    /// A file with a new token.
    pub(crate) fn token(&self) -> PathBuf {
        let made = self.ask(&["tokens", "create"]);
        assert_eq!(made.code, Some(0), "{}", made.told);
        let path = self.path("token");
        fs::write(&path, made.data).unwrap();
        path
    }

    pub(crate) fn agent(&self, token: Option<&Path>) -> Process {
        let mut command = program::command();
        let controller = self.wire.address.as_str();
        command.args(["agent", "--controller", controller, "--name", "node1"]);
        command.arg("--state").arg(self.path("agent"));
        if let Some(token) = token {
            command.arg("--token-file").arg(token);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log(&self.path("agent.log")))
            .spawn();
        Process(child.unwrap())
    }

    /// Accepts the only candidate.
    pub(crate) fn accept(&self) {
        self.wait_for("candidate");
        let accepted = self.ask(&["nodes", "accept", "node1", "--role", "worker"]);
        assert_eq!(accepted.code, Some(0), "{}", accepted.told);
        self.wait_for("active");
    }

    pub(crate) fn node(&self) -> Option<Value> {
        let listed = self.ask(&["nodes", "list", "-o", "json"]);
        let nodes: Vec<Value> = serde_json::from_str(&listed.data).unwrap_or_default();
        nodes.into_iter().next()
    }

    /// Waits until the only node is in `status`, and heard.
    pub(crate) fn wait_for(&self, status: &str) -> Value {
        let mut seen = None;
        self.patiently(status, || {
            seen = self.node();
            seen.as_ref().is_some_and(|node| {
                let is_heard = status != "active" || node["offline"] == false;
                node["status"] == status && is_heard
            })
        });
        seen.unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        let told = self.ask(&["nodes", "events", "node1", "-o", "json"]);
        serde_json::from_str(&told.data).unwrap_or_default()
    }

    pub(crate) fn wait_for_event(&self, kind: &str) {
        self.wait_until(kind, |events| kinds(events).any(|told| told == kind));
    }

    /// Waits for events of which `is_so` says that they are all.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        self.patiently(what, || {
            events = self.events();
            is_so(&events)
        });
        events
    }

    pub(crate) fn patiently(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so() {
            if Instant::now() > until {
                let told = |log: &str| fs::read_to_string(self.path(log)).unwrap_or_default();
                let (agent, controller) = (told("agent.log"), told("controller.log"));
                let (node, events) = (self.node(), self.events());
                panic!(
                    "not {what}: {node:#?} {events:#?}\nagent:\n{agent}\ncontroller:\n{controller}"
                );
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The kinds of the events, in order.
pub(crate) fn kinds(events: &[Value]) -> impl Iterator<Item = &str> {
    events.iter().filter_map(|event| event["kind"].as_str())
}

/// The numbers in the node's spool, in the order of the store.
pub(crate) fn spooled(events: &[Value]) -> Vec<u64> {
    let numbers = events.iter().map(|event| event["spool_sequence"].as_u64());
    numbers.flatten().collect()
}

fn log(path: &Path) -> fs::File {
    let mut options = fs::File::options();
    options.create(true).append(true).open(path).unwrap()
}

fn serve(folder: &Path, listen: &str, arguments: &[String]) -> (Process, String) {
    let told = folder.join("address");
    let mut command = Command::new(program::controller());
    command.arg("--socket").arg(folder.join("admin.sock"));
    command.args(["serve", "--listen", listen, "--interval", "500ms"]);
    command.arg("--state").arg(folder.join("controller"));
    command.arg("--policy").arg(folder.join("policy.toml"));
    let child = command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&told).unwrap())
        .stderr(log(&folder.join("controller.log")))
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

/// Carries bytes to and fro, unless it is cut: then they are held, as if the cable were out.
struct Wire {
    address: String,
    is_cut: Arc<AtomicBool>,
}

impl Wire {
    fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let is_cut = Arc::new(AtomicBool::new(false));
        let (target, cut) = (target.to_owned(), Arc::clone(&is_cut));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&target) else {
                    continue;
                };
                let ends = [
                    (near.try_clone().unwrap(), far.try_clone().unwrap()),
                    (far, near),
                ];
                for (from, to) in ends {
                    let cut = Arc::clone(&cut);
                    std::thread::spawn(move || carry(from, to, &cut));
                }
            }
        });
        Self { address, is_cut }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut buffer = [0; 16 << 10];
    let mut carried = || -> io::Result<()> {
        loop {
            let count = from.read(&mut buffer)?;
            while cut.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            if count == 0 {
                return Ok(());
            }
            to.write_all(&buffer[..count])?;
        }
    };
    let _ = carried();
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
