//! `muster-controller`'s commands as processes, asking a real controller over its socket: output, exit codes,
//! errors with their remedies, and watches that outlive a restart.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use muster_tests::program;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
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
const PATIENCE: Duration = Duration::from_secs(60);

/// A controller in a folder that is thrown away, and a machine that asks to join.
struct Cluster {
    folder: TempDir,
    controller: Option<Process>,
    address: String,
    _agent: Option<Process>,
}

/// Ended when it is dropped, by its own id.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Sends a signal, and gives the exit code.
    fn end(&mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), signal).unwrap();
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not end by {signal}");
    }
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.toml"), POLICY).unwrap();
        let mut cluster = Self {
            folder,
            controller: None,
            address: "127.0.0.1:0".to_owned(),
            _agent: None,
        };
        cluster.serve();
        cluster
    }

    /// With a candidate `node1`.
    fn with_candidate() -> Self {
        let mut cluster = Self::start();
        let made = cluster.ask(&["tokens", "create", "--label", "zone=a"]);
        let token = cluster.path("token");
        fs::write(&token, made.data).unwrap();
        let mut command = program::command();
        command.args(["agent", "--controller", &cluster.address, "--name", "node1"]);
        command.arg("--state").arg(cluster.path("agent"));
        command.arg("--token-file").arg(token);
        cluster._agent = Some(spawn(&mut command, &cluster.path("agent.log")));
        let until = Instant::now() + PATIENCE;
        while cluster.json(&["nodes", "list"])[0]["status"] != "candidate" {
            assert!(Instant::now() < until, "it never became a candidate");
            std::thread::sleep(Duration::from_millis(100));
        }
        cluster
    }

    /// Starts the controller, again at the same address.
    fn serve(&mut self) {
        let mut command = Command::new(program::controller());
        command.arg("--socket").arg(self.path("admin.sock"));
        command.args(["serve", "--listen", &self.address, "--interval", "1s"]);
        command.arg("--state").arg(self.path("state"));
        command.arg("--policy").arg(self.path("policy.toml"));
        command.stdout(Stdio::piped());
        let mut process = spawn(&mut command, &self.path("controller.log"));
        let mut line = String::new();
        let output = process.0.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap();
        self.address = address.to_owned();
        self.controller = Some(process);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program::controller());
        command.arg("--socket").arg(self.path("admin.sock"));
        command.args(arguments);
        command
    }

    fn ask(&self, arguments: &[&str]) -> program::Ran {
        program::run(&mut self.command(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.ask(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&ran.data).unwrap_or_else(|_| panic!("{}{}", ran.data, ran.told))
    }

    /// A command that goes on, and its lines as they come.
    fn follow(&self, arguments: &[&str]) -> (Process, Receiver<String>) {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped());
        let mut process = spawn(&mut command, &self.path("follow.log"));
        let output = process.0.stdout.take().unwrap();
        let (to, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = to.send(line);
            }
        });
        (process, lines)
    }
}

fn spawn(command: &mut Command, log: &Path) -> Process {
    let log = fs::File::options().create(true).append(true).open(log);
    let child = command.stdin(Stdio::null()).stderr(log.unwrap());
    Process(child.spawn().unwrap())
}

fn next(lines: &Receiver<String>) -> Value {
    let line = lines.recv_timeout(PATIENCE).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))
}

/// What each code means, the help says; here is what gives it.
#[test]
fn how_the_program_ends_says_why() {
    let cluster = Cluster::with_candidate();
    let table: [(&[&str], i32, &str); 20] = [
        (&["nodes", "list"], 0, ""),
        (
            &["nodes", "show", "nobody"],
            4,
            "there is no node \"nobody\"",
        ),
        (
            &["nodes", "accept", "nobody"],
            4,
            "muster-controller: there is no node \"nobody\"",
        ),
        (&["tokens", "revoke", "none"], 4, "there is no token"),
        (
            &["nodes", "activate", "node1"],
            3,
            "cannot be activated, only",
        ),
        (
            &["nodes", "delete", "node1"],
            3,
            "confirm it with --confirm node1",
        ),
        (
            &["nodes", "delete", "node1", "--confirm", "node2"],
            3,
            "the node's name",
        ),
        (
            &["nodes", "accept", "--all"],
            3,
            "confirm it with --count 1",
        ),
        (
            &["nodes", "accept", "--all", "--count", "2"],
            3,
            "1 nodes match, and --count says 2",
        ),
        (
            &["nodes", "accept", "--all", "-l", "zone=b"],
            4,
            "no node matches",
        ),
        (&["nodes", "accept"], 2, "required"),
        (
            &["nodes", "accept", "node1", "--offline"],
            2,
            "filters go with --all",
        ),
        (
            &["nodes", "list", "--sort", "colour"],
            2,
            "name, status, role",
        ),
        (&["nodes", "list", "-l", "a b"], 2, "key!=value"),
        (
            &["nodes", "list", "--status", "asleep"],
            2,
            "a status is one of",
        ),
        (&["nodes", "label", "node1", "a b=c"], 2, "is no key"),
        (
            &["nodes", "taint", "node1", "a=b:Never"],
            2,
            "NoSchedule, PreferNoSchedule or NoExecute",
        ),
        (&["nodes", "taint", "node1", "a=b"], 2, "KEY=VALUE:EFFECT"),
        (&["events"], 2, "required"),
        (&["tokens", "create", "--label", "zone"], 2, "KEY=VALUE"),
    ];
    for (arguments, code, told) in table {
        let ran = cluster.ask(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.told);
        assert!(ran.told.contains(told), "{arguments:?}: {}", ran.told);
    }
    // None of it did anything.
    assert_eq!(cluster.json(&["nodes", "list"])[0]["status"], "candidate");
}

#[test]
fn an_unreachable_controller_is_told_of_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    let ask = |socket: &Path| {
        let mut command = Command::new(program::controller());
        program::run(command.arg("--socket").arg(socket).args(["nodes", "list"]))
    };
    let missing = ask(&socket);
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.told.contains("Start the controller with"),
        "{}",
        missing.told
    );
    // A controller that was killed leaves its socket behind.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let killed = ask(&socket);
    assert!(
        killed.told.contains("nobody listens there"),
        "{}",
        killed.told
    );
    let other = folder.path().join("other.sock");
    let listener = std::os::unix::net::UnixListener::bind(&other).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = std::io::Write::write_all(&mut &stream, b"HTTP/1.0 400 no\r\n\r\n");
        }
    });
    let foreign = ask(&other);
    assert_eq!(foreign.code, Some(1), "{}", foreign.told);
    assert!(
        foreign.told.contains("connection to the controller broke")
            || foreign.told.contains("is no muster-controller"),
        "{}",
        foreign.told
    );
}

#[test]
fn nodes_are_edited_by_the_grammar_of_kubectl() {
    let cluster = Cluster::with_candidate();
    for arguments in [
        &["nodes", "label", "node1", "rack=7", "zone-"][..],
        &[
            "nodes",
            "taint",
            "node1",
            "dedicated=gpu:NoSchedule",
            "spare:NoExecute",
        ],
        &["nodes", "taint", "node1", "spare-"],
        &["nodes", "tag", "node1", "blue", "new"],
        &[
            "nodes", "tag", "--all", "-l", "rack=7", "--count", "1", "new-",
        ],
        &[
            "nodes",
            "rename",
            "node1",
            "first",
            "--description",
            "top of rack",
        ],
    ] {
        let ran = cluster.ask(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.told);
    }
    let node = &cluster.json(&["nodes", "list", "--text", "TOP OF"])[0];
    assert_eq!(node["name"], "first");
    assert_eq!(node["labels"], serde_json::json!({"rack": "7"}));
    assert_eq!(node["tags"], serde_json::json!(["blue"]));
    let taint = serde_json::json!({"key": "dedicated", "value": "gpu", "effect": "NoSchedule"});
    assert_eq!(node["taints"], serde_json::json!([taint]));
    let names = cluster.ask(&["nodes", "list", "-o", "name", "--tag", "blue"]);
    assert_eq!((names.data.as_str(), names.told.as_str()), ("first\n", ""));
    let none = cluster.ask(&["nodes", "list", "--tag", "new"]);
    assert_eq!((none.data.as_str(), none.code), ("", Some(0)));
    assert!(none.told.contains("no node matches"), "{}", none.told);
    let shown = cluster.ask(&["nodes", "show", "first"]).data;
    for word in [
        "first, candidate",
        "rack=7",
        "dedicated=gpu:NoSchedule",
        "worker: adequate",
    ] {
        assert!(shown.contains(word), "{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "colour without a terminal");
    let inventory = cluster.ask(&["nodes", "show", "first", "--inventory"]);
    let inventory: Value = serde_json::from_str(&inventory.data).unwrap();
    assert_eq!(inventory["schema"], "muster.inventory/v1");
    let verdict = cluster.ask(&["nodes", "show", "first", "--verdict"]);
    let verdict: Value = serde_json::from_str(&verdict.data).unwrap();
    assert_eq!(verdict["schema"], "muster.verdict/v1");
    let status = cluster.json(&["cluster", "status"]);
    assert_eq!(status["statuses"]["candidate"], 1);
    assert_eq!(status["attention"][0]["name"], "first");
}

/// A watch tells each change, outlives a controller that is killed, and ends by Ctrl-C as if nothing were wrong.
#[test]
fn watches_outlive_a_restart_of_the_controller() {
    let mut cluster = Cluster::with_candidate();
    let (mut nodes, node_lines) = cluster.follow(&["nodes", "watch", "-o", "json"]);
    for change in ["reset", "node", "synced"] {
        assert_eq!(next(&node_lines)["change"], change);
    }
    let (mut events, event_lines) =
        cluster.follow(&["nodes", "events", "node1", "--watch", "-o", "json"]);
    assert_eq!(next(&event_lines)["kind"], "admitted");
    let done = cluster.ask(&["nodes", "tag", "node1", "blue"]);
    assert_eq!(done.code, Some(0), "{}", done.told);
    let changed = next(&node_lines);
    assert_eq!(
        (&changed["change"], &changed["node"]["tags"][0]),
        (&"node".into(), &"blue".into())
    );
    let sequence = next(&event_lines)["sequence"].as_u64().unwrap();

    cluster.controller = None;
    std::thread::sleep(Duration::from_millis(500));
    cluster.serve();
    while next(&node_lines)["change"] != "synced" {}
    let done = cluster.ask(&["nodes", "tag", "node1", "blue-"]);
    assert_eq!(done.code, Some(0), "{}", done.told);
    let changed = next(&node_lines);
    assert_eq!(changed["node"]["tags"], serde_json::json!([]));
    // Neither twice nor with a gap.
    assert_eq!(next(&event_lines)["sequence"], sequence + 1);
    let said = fs::read_to_string(cluster.path("follow.log")).unwrap();
    assert!(said.contains("the controller is back"), "{said}");

    assert_eq!(nodes.end(Signal::SIGINT), Some(0));
    assert_eq!(events.end(Signal::SIGINT), Some(0));
}

/// A controller that is told to stop does not wait for those who watch.
#[test]
fn watchers_keep_no_controller_from_stopping() {
    let mut cluster = Cluster::start();
    let (_watch, lines) = cluster.follow(&["events", "--watch", "-o", "json"]);
    let (_nodes, node_lines) = cluster.follow(&["nodes", "list", "--watch", "-o", "json"]);
    assert_eq!(next(&node_lines)["change"], "reset");
    let began = Instant::now();
    let code = cluster.controller.as_mut().unwrap().end(Signal::SIGTERM);
    assert_eq!(code, Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert!(lines.try_recv().is_err());
}
