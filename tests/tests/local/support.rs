//! `support-bundle` and `logs`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use muster_tests::loopback::{Loopback, text};
use serde_json::Value;

use crate::lab::active_node;

fn unpacked(path: &Path) -> BTreeMap<String, String> {
    let file = fs::File::open(path).unwrap();
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let entries = archive.entries().unwrap();
    let read = entries.map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (name.replace("muster-support/", ""), text)
    });
    read.collect()
}

#[test]
fn a_bundle_holds_what_helps_and_no_secret() {
    let (lab, agent) = active_node();
    let path = lab.path("bundle.tar.zst");
    let made = lab.muster(&["support-bundle", "-o", text(&path)]);
    assert_eq!(made.code, Some(0), "{}", made.told);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = lab.muster(&["support-bundle", "-o", text(&path)]);
    assert_eq!(again.code, Some(1), "a bundle is not replaced");

    let files = unpacked(&path);
    let json = |name: &str| -> Value { serde_json::from_str(&files[name]).unwrap() };
    assert_eq!(json("status.json")["agent"]["status"], "active");
    assert_eq!(json("inspect.json")["process"], agent.id());
    assert!(json("config.json")["values"].is_array());
    assert!(json("doctor.json").as_array().unwrap().len() > 5);
    assert!(json("inventory.json")["cpu"].is_object());
    assert!(files.keys().any(|name| name.starts_with("journal.txt")));
    for name in files.keys() {
        assert!(made.data.contains(name.as_str()), "{name} is not listed");
    }

    let token = lab.read("token");
    let token = token.trim();
    let key = lab.read("agent/key.pem");
    let key_line = key.lines().nth(1).unwrap();
    assert!(token.len() > 40 && key_line.len() > 40);
    let secret = token.split('.').nth(2).unwrap();
    for (name, content) in &files {
        for secret in [token, secret, key_line, "PRIVATE KEY"] {
            assert!(!content.contains(secret), "{name} has a secret");
        }
    }
    assert!(files["status.json"].contains(lab.address()));
}

#[test]
fn a_bundle_without_an_agent_says_what_is_missing_and_scrubs() {
    let lab = Loopback::new();
    let config = lab.path("config.toml");
    fs::write(&config, "name = 7\n").unwrap();
    let path = lab.path("bundle.tar.zst");
    let made = lab.muster(&[
        "support-bundle",
        "-o",
        text(&path),
        "--scrub",
        "--config",
        text(&config),
    ]);
    assert_eq!(made.code, Some(0), "{}", made.told);
    let files = unpacked(&path);
    assert!(
        files["config.json"].contains("a string"),
        "{}",
        files["config.json"]
    );
    let host: Value = serde_json::from_str(&files["inventory.json"]).unwrap();
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_ne!(host["host"]["hostname"], name.trim());
}

#[test]
fn logs_are_the_journals_or_the_reason_why_there_are_none() {
    let lab = Loopback::new();
    let mut command = muster_tests::program::command();
    let ran = muster_tests::program::run(command.args(["logs", "-n", "5"]));
    let has_journal = ["/var/log/journal", "/run/log/journal"]
        .iter()
        .any(|folder| Path::new(folder).is_dir());
    let has_program = Path::new("/usr/bin/journalctl").exists();
    match has_journal && has_program {
        true => assert!(!ran.told.contains("keeps no journal"), "{}", ran.told),
        false => {
            assert_eq!(ran.code, Some(1));
            assert!(ran.told.contains("keeps no journal"), "{}", ran.told);
            let path = lab.path("bundle.tar.zst");
            lab.muster(&["support-bundle", "-o", text(&path)]);
            assert!(unpacked(&path)["journal.txt.missing"].contains("keeps no journal"));
        }
    }
}
