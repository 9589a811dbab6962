//! Private keys and join tokens are where they belong, and nowhere else: not in arguments, environments, logs, answers,
//! errors or dumps of two real processes.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use muster_tests::program;

/// Every machine that runs this passes.
const POLICY: &str = r#"
schema = "muster.policy/v1"
name = "lab"
version = "1"
roles = ["worker"]

[[rules]]
id = "cpu-threads"
title = "A processor"
severity = "required"
check.cpu_threads = { at_least = 1 }
remedy = "Fit one."
"#;

const PATIENCE: Duration = Duration::from_secs(60);

/// Ended when it is dropped, by its own id.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything in one folder.
struct Cluster {
    folder: tempfile::TempDir,
    controller: Process,
    address: String,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut command = Command::new(program::controller());
        command.arg("--socket").arg(path("admin.sock"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--interval", "500ms"]);
        fs::write(path("policy.toml"), POLICY).unwrap();
        command.arg("--policy").arg(path("policy.toml"));
        command.arg("--state").arg(path("controller"));
        let child = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(path("address")).unwrap())
            .stderr(fs::File::create(path("controller.log")).unwrap())
            .spawn();
        let controller = Process(child.unwrap());
        let address = wait(|| {
            let told = fs::read_to_string(path("address")).unwrap();
            Some(told.strip_prefix("listening on ")?.trim().to_owned())
        });
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
        command.arg("--socket").arg(self.path("admin.sock"));
        program::run(command.args(arguments))
    }

    fn agent(&self, token: &Path) -> Process {
        let mut command = program::command();
        command.args(["agent", "--controller", &self.address, "--name", "n1"]);
        command.arg("--state").arg(self.path("agent"));
        command.arg("--token-file").arg(token);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path("agent.log")).unwrap())
            .spawn();
        Process(child.unwrap())
    }
}

fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "it did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What must not be told, each long enough to be found by nobody else.
struct Secrets(Vec<(String, Vec<u8>)>);

impl Secrets {
    fn of(keys: &[PathBuf], token: &str) -> Self {
        let mut secrets = vec![(
            "the join token".to_owned(),
            token.split('.').nth(2).unwrap().as_bytes().to_vec(),
        )];
        for key in keys {
            let text = fs::read_to_string(key).unwrap();
            let at = text.find("PRIVATE KEY").unwrap();
            // The second line of a key of this kind is where the private part is.
            let line = text[at..].lines().nth(2).unwrap();
            assert!(line.len() > 40, "{}", key.display());
            secrets.push((key.display().to_string(), line.as_bytes().to_vec()));
        }
        Self(secrets)
    }

    fn find_in(&self, content: &[u8]) -> Option<&str> {
        let mut secrets = self.0.iter();
        let found = secrets.find(|(_, secret)| {
            content
                .windows(secret.len())
                .any(|window| window == secret.as_slice())
        });
        found.map(|(name, _)| name.as_str())
    }

    fn assert_not_in(&self, place: &str, content: &[u8]) {
        assert_eq!(self.find_in(content), None, "told in {place}");
    }
}

#[test]
fn secrets_are_told_nowhere() {
    let cluster = Cluster::start();
    let token = cluster.ask(&["tokens", "create", "--auto-accept"]).data;
    let file = cluster.path("token");
    fs::write(&file, &token).unwrap();
    let agent = cluster.agent(&file);
    wait(|| {
        let listed = cluster.ask(&["nodes", "list", "-o", "json"]);
        listed.data.contains("\"active\"").then_some(())
    });
    let bundle = cluster.path("ada.pem");
    let issued = cluster.ask(&["admin", "issue", "ada", "--out", bundle.to_str().unwrap()]);
    assert_eq!(issued.code, Some(0), "{}", issued.told);
    let state = cluster.path("controller");
    let secrets = Secrets::of(
        &[
            cluster.path("agent/key.pem"),
            state.join("authority/root.key"),
            state.join("authority/intermediate.key"),
            bundle,
        ],
        &token,
    );
    // What looks for them finds them where they are.
    assert!(secrets.find_in(&fs::read(&file).unwrap()).is_some());
    assert!(
        secrets
            .find_in(&fs::read(cluster.path("ada.pem")).unwrap())
            .is_some()
    );

    for process in fs::read_dir("/proc").unwrap() {
        let process = process.unwrap().path();
        for name in ["cmdline", "environ"] {
            let path = process.join(name);
            let content = fs::read(&path).unwrap_or_default();
            secrets.assert_not_in(&path.display().to_string(), &content);
        }
    }
    for (id, who) in [
        (agent.0.id(), "agent"),
        (cluster.controller.0.id(), "controller"),
    ] {
        let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let words: Vec<&str> = core.unwrap().split_whitespace().collect();
        assert_eq!(words[4..6], ["0", "0"], "the {who} may leave a core file");
        let log = fs::read(cluster.path(&format!("{who}.log"))).unwrap();
        assert!(!log.is_empty());
        secrets.assert_not_in(who, &log);
    }
    let answers: [&[&str]; 7] = [
        &["tokens", "list", "-o", "json"],
        &["nodes", "show", "n1", "-o", "json"],
        &["nodes", "events", "n1", "-o", "json"],
        &["admin", "list"],
        &["authority", "show"],
        &["tokens", "revoke", token.trim()],
        &["nodes", "show", token.trim()],
    ];
    for arguments in answers {
        let ran = cluster.ask(arguments);
        secrets.assert_not_in(&format!("{:?}", arguments.first()), ran.data.as_bytes());
        // Whoever gives a secret as an argument is shown it at most in their own terminal.
        if arguments.last() != Some(&token.trim()) {
            secrets.assert_not_in(&format!("{arguments:?}"), ran.told.as_bytes());
        }
    }
    // The database has the token's hash alone, and no key.
    for name in ["muster.db", "muster.db-wal"] {
        let content = fs::read(state.join(name)).unwrap_or_default();
        secrets.assert_not_in(name, &content);
    }
    let told = fs::read(cluster.path("controller.log")).unwrap();
    secrets.assert_not_in("the log after that", &told);
}

#[test]
fn a_damaged_token_is_refused_without_being_told() {
    let cluster = Cluster::start();
    let token = cluster.ask(&["tokens", "create"]).data;
    let file = cluster.path("token");
    // Its pin is cut off.
    let damaged = token.trim().rsplit_once('.').unwrap().0.to_owned();
    fs::write(&file, damaged).unwrap();
    let mut agent = cluster.agent(&file);
    wait(|| agent.0.try_wait().unwrap());
    let told = fs::read_to_string(cluster.path("agent.log")).unwrap();
    assert!(told.contains("join token"), "{told}");
    let secret = token.split('.').nth(2).unwrap();
    assert!(!told.contains(secret), "{told}");
}
