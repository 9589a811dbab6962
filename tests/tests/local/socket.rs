//! Who may come in, and that nobody is turned out.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use muster_tests::loopback::{Loopback, Process, text, until};
use muster_tests::program;

use crate::lab::active_node;

fn say(lab: &Loopback, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(lab.path("agent/agent.sock")).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // It may have hung up on what is too long.
    let _ = stream.write_all(bytes);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn listens(lab: &Loopback) {
    let socket = lab.path("agent/agent.sock");
    until("the agent listens", || UnixStream::connect(&socket).is_ok());
}

#[test]
fn a_second_agent_does_not_take_the_socket_and_a_dead_one_leaves_none() {
    let (lab, agent) = active_node();
    let socket = lab.path("agent/agent.sock");
    let mut other = program::command();
    other
        .args(["agent", "--controller", "127.0.0.1:1", "--token-file"])
        .arg(lab.path("token"))
        .arg("--state")
        .arg(lab.path("other"))
        .arg("--socket")
        .arg(&socket);
    let other = Process::start(&mut other, &lab.path("other.log"));
    until("the other one says so", || {
        lab.read("other.log").contains("another agent listens on")
    });
    assert_eq!(
        lab.json(&["status", "-o", "json"])["agent"]["status"],
        "active"
    );
    drop(other);
    // Killed, it leaves its socket; the next one replaces that.
    drop(agent);
    assert!(socket.exists());
    // No controller is given: the one that issued its certificate is asked.
    let _agent = lab.agent(&[]);
    let waited = lab.muster(&["wait", "--for", "ready"]);
    assert_eq!(waited.code, Some(0), "{}", waited.told);
}

#[test]
fn nonsense_is_answered_and_silence_is_not_waited_for() {
    let mut lab = Loopback::start(&[]);
    let token = lab.token(&[]);
    lab.kill_controller();
    let _agent = lab.agent(&["--controller", "127.0.0.1:1", "--token-file", text(&token)]);
    listens(&lab);
    assert!(say(&lab, b"{\"call\":\"obey\"}\n").contains("does not know this call"));
    assert!(say(&lab, b"\xff\xfe\n").contains("does not know this call"));
    assert!(say(&lab, &[b'x'; 100_000]).contains("too long"));
    // More callers than are served at a time, none of whom says anything.
    let silent: Vec<UnixStream> = (0..40)
        .map(|_| UnixStream::connect(lab.path("agent/agent.sock")).unwrap())
        .collect();
    let status = lab.muster(&["status"]);
    assert_eq!(status.code, Some(0), "{}", status.told);
    assert!(status.data.contains("The agent runs"), "{}", status.data);
    drop(silent);
}

#[test]
fn others_may_look_only_where_the_configuration_says_so_and_never_change_anything() {
    if !program::is_root() {
        muster_tests::aloud::say("skipped: needs root to be somebody else");
        return;
    }
    let mut lab = Loopback::start(&[]);
    let token = lab.token(&[]);
    lab.kill_controller();
    let config = lab.path("config.toml");
    let socket = lab.path("run/agent.sock");
    let start = |local_read: bool| {
        fs::write(&config, format!("local_read = {local_read}\n")).unwrap();
        let _ = fs::remove_file(lab.path("agent.log"));
        let agent = lab.agent(&[
            "--controller",
            "127.0.0.1:1",
            "--token-file",
            text(&token),
            "--config",
            text(&config),
            "--socket",
            text(&socket),
        ]);
        until("the agent listens", || UnixStream::connect(&socket).is_ok());
        agent
    };
    let root = socket.ancestors().nth(2).unwrap();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
    let as_nobody = |arguments: &[&str]| {
        let mut command: Command = program::command_as_nobody();
        program::run(command.args(arguments).arg("--socket").arg(&socket))
    };

    let agent = start(false);
    let refused = as_nobody(&["status"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.told.contains("local_read = true"),
        "{}",
        refused.told
    );
    drop(agent);

    let _agent = start(true);
    let shown = as_nobody(&["status"]);
    assert_eq!(shown.code, Some(0), "{}", shown.told);
    assert!(shown.data.contains("The agent runs"), "{}", shown.data);
    for change in [
        ["connect", "c9.example:7443"].as_slice(),
        &["forget", "127.0.0.1:1"],
        &["reset", "--yes"],
    ] {
        let refused = as_nobody(change);
        assert_eq!(refused.code, Some(1), "{change:?}");
        assert!(
            refused.told.contains("members of the group muster"),
            "{}",
            refused.told
        );
    }
    assert!(lab.path("agent/key.pem").exists());
}
