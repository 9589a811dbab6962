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

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use muster_tests::loopback::{Loopback, PATIENCE, Process};
use muster_tests::program;
use nix::sys::signal::Signal;
use serde_json::Value;

/// A controller, a candidate `node1`, and the agent of that.
fn with_candidate() -> (Loopback, Process) {
    let cluster = Loopback::start(&[]);
    let token = cluster.token(&["--label", "zone=a"]);
    let token = token.to_str().unwrap();
    let agent = cluster.agent(&["--controller", cluster.address(), "--token-file", token]);
    cluster.wait_for("candidate");
    (cluster, agent)
}

/// A command that goes on, and its lines as they come.
fn follow(cluster: &Loopback, arguments: &[&str]) -> (Process, Receiver<String>) {
    let mut command = cluster.admin_command(arguments);
    command.stdout(Stdio::piped());
    let mut process = Process::start(&mut command, &cluster.path("follow.log"));
    let output = process.0.stdout.take().unwrap();
    let (to, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = to.send(line);
        }
    });
    (process, lines)
}

fn next(lines: &Receiver<String>) -> Value {
    let line = lines.recv_timeout(PATIENCE).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))
}

/// What is asked of a controller with a candidate `node1`, how the program ends, and what it says.
const ENDS: [(&[&str], i32, &str); 20] = [
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

/// What each code means, the help says; here is what gives it.
#[test]
fn how_the_program_ends_says_why() {
    let (cluster, _agent) = with_candidate();
    for (arguments, code, told) in ENDS {
        let ran = cluster.admin(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.told);
        assert!(ran.told.contains(told), "{arguments:?}: {}", ran.told);
    }
    // None of it did anything.
    assert_eq!(
        cluster.admin_json(&["nodes", "list"])[0]["status"],
        "candidate"
    );
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
    let (cluster, _agent) = with_candidate();
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
        let ran = cluster.admin(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.told);
    }
    let node = &cluster.admin_json(&["nodes", "list", "--text", "TOP OF"])[0];
    assert_eq!(node["name"], "first");
    assert_eq!(node["labels"], serde_json::json!({"rack": "7"}));
    assert_eq!(node["tags"], serde_json::json!(["blue"]));
    let taint = serde_json::json!({"key": "dedicated", "value": "gpu", "effect": "NoSchedule"});
    assert_eq!(node["taints"], serde_json::json!([taint]));
    let names = cluster.admin(&["nodes", "list", "-o", "name", "--tag", "blue"]);
    assert_eq!((names.data.as_str(), names.told.as_str()), ("first\n", ""));
    let none = cluster.admin(&["nodes", "list", "--tag", "new"]);
    assert_eq!((none.data.as_str(), none.code), ("", Some(0)));
    assert!(none.told.contains("no node matches"), "{}", none.told);
    let shown = cluster.admin(&["nodes", "show", "first"]).data;
    for word in [
        "first, candidate",
        "rack=7",
        "dedicated=gpu:NoSchedule",
        "worker: adequate",
    ] {
        assert!(shown.contains(word), "{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "colour without a terminal");
    let inventory = cluster.admin(&["nodes", "show", "first", "--inventory"]);
    let inventory: Value = serde_json::from_str(&inventory.data).unwrap();
    assert_eq!(inventory["schema"], "muster.inventory/v1");
    let verdict = cluster.admin(&["nodes", "show", "first", "--verdict"]);
    let verdict: Value = serde_json::from_str(&verdict.data).unwrap();
    assert_eq!(verdict["schema"], "muster.verdict/v1");
    let status = cluster.admin_json(&["cluster", "status"]);
    assert_eq!(status["statuses"]["candidate"], 1);
    assert_eq!(status["attention"][0]["name"], "first");
}

/// A watch tells each change, outlives a controller that is killed, and ends by Ctrl-C as if nothing were wrong.
#[test]
fn watches_outlive_a_restart_of_the_controller() {
    let (mut cluster, _agent) = with_candidate();
    let (mut nodes, node_lines) = follow(&cluster, &["nodes", "watch", "-o", "json"]);
    for change in ["reset", "node", "synced"] {
        assert_eq!(next(&node_lines)["change"], change);
    }
    let (mut events, event_lines) = follow(
        &cluster,
        &["nodes", "events", "node1", "--watch", "-o", "json"],
    );
    assert_eq!(next(&event_lines)["kind"], "admitted");
    let done = cluster.admin(&["nodes", "tag", "node1", "blue"]);
    assert_eq!(done.code, Some(0), "{}", done.told);
    let changed = next(&node_lines);
    assert_eq!(
        (&changed["change"], &changed["node"]["tags"][0]),
        (&"node".into(), &"blue".into())
    );
    let sequence = next(&event_lines)["sequence"].as_u64().unwrap();

    cluster.kill_controller();
    std::thread::sleep(Duration::from_millis(500));
    cluster.restart_controller();
    while next(&node_lines)["change"] != "synced" {}
    let done = cluster.admin(&["nodes", "tag", "node1", "blue-"]);
    assert_eq!(done.code, Some(0), "{}", done.told);
    let changed = next(&node_lines);
    assert_eq!(changed["node"]["tags"], serde_json::json!([]));
    // Neither twice nor with a gap.
    assert_eq!(next(&event_lines)["sequence"], sequence + 1);
    let said = cluster.read("follow.log");
    assert!(said.contains("the controller is back"), "{said}");

    assert_eq!(nodes.end(Signal::SIGINT), Some(0));
    assert_eq!(events.end(Signal::SIGINT), Some(0));
}

/// A controller that is told to stop does not wait for those who watch.
#[test]
fn watchers_keep_no_controller_from_stopping() {
    let mut cluster = Loopback::start(&[]);
    let (_watch, lines) = follow(&cluster, &["events", "--watch", "-o", "json"]);
    let (_nodes, node_lines) = follow(&cluster, &["nodes", "list", "--watch", "-o", "json"]);
    assert_eq!(next(&node_lines)["change"], "reset");
    let began = Instant::now();
    let code = cluster.controller().end(Signal::SIGTERM);
    assert_eq!(code, Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert!(lines.try_recv().is_err());
}
