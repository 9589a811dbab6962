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
use std::path::PathBuf;

use muster_tests::loopback::{Loopback, text};

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
    let mut cluster = Loopback::start(&[]);
    let controller = cluster.controller().id();
    let file = cluster.token(&["--auto-accept"]);
    let token = cluster.read("token");
    let agent = cluster.agent(&[
        "--controller",
        cluster.address(),
        "--token-file",
        text(&file),
    ]);
    cluster.wait_for("active");
    let bundle = cluster.path("ada.pem");
    let issued = cluster.admin(&["admin", "issue", "ada", "--out", text(&bundle)]);
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

    no_process_shows_them(&secrets);
    for (id, who) in [(agent.id(), "agent"), (controller, "controller")] {
        leaves_none_behind(&cluster, &secrets, id, who);
    }
    no_answer_has_them(&cluster, &secrets, token.trim());
    // The database has the token's hash alone, and no key.
    for name in ["muster.db", "muster.db-wal"] {
        let content = fs::read(state.join(name)).unwrap_or_default();
        secrets.assert_not_in(name, &content);
    }
    let told = fs::read(cluster.path("controller.log")).unwrap();
    secrets.assert_not_in("the log after that", &told);
}

fn no_process_shows_them(secrets: &Secrets) {
    for process in fs::read_dir("/proc").unwrap() {
        let process = process.unwrap().path();
        for name in ["cmdline", "environ"] {
            let path = process.join(name);
            let content = fs::read(&path).unwrap_or_default();
            secrets.assert_not_in(&path.display().to_string(), &content);
        }
    }
}

/// Neither in its log, nor in what the kernel would write when it crashes.
fn leaves_none_behind(cluster: &Loopback, secrets: &Secrets, id: u32, who: &str) {
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

fn no_answer_has_them(cluster: &Loopback, secrets: &Secrets, token: &str) {
    let answers: [&[&str]; 7] = [
        &["tokens", "list", "-o", "json"],
        &["nodes", "show", "node1", "-o", "json"],
        &["nodes", "events", "node1", "-o", "json"],
        &["admin", "list"],
        &["authority", "show"],
        &["tokens", "revoke", token],
        &["nodes", "show", token],
    ];
    for arguments in answers {
        let ran = cluster.admin(arguments);
        secrets.assert_not_in(&format!("{:?}", arguments.first()), ran.data.as_bytes());
        // Whoever gives a secret as an argument is shown it at most in their own terminal.
        if arguments.last() != Some(&token) {
            secrets.assert_not_in(&format!("{arguments:?}"), ran.told.as_bytes());
        }
    }
}

#[test]
fn a_damaged_token_is_refused_without_being_told() {
    let cluster = Loopback::start(&[]);
    let file = cluster.token(&[]);
    let token = cluster.read("token");
    // Its pin is cut off.
    let damaged = token.trim().rsplit_once('.').unwrap().0.to_owned();
    fs::write(&file, damaged).unwrap();
    let mut agent = cluster.agent(&[
        "--controller",
        cluster.address(),
        "--token-file",
        text(&file),
    ]);
    assert_ne!(agent.ended(), Some(0));
    let told = cluster.read("agent.log");
    assert!(told.contains("join token"), "{told}");
    let secret = token.split('.').nth(2).unwrap();
    assert!(!told.contains(secret), "{told}");
}
