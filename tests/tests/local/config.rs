//! `config` and the metrics that it can open a port for.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use muster_tests::program;
use serde_json::Value;

use muster_tests::loopback::{Loopback, text};

fn config(lab: &Loopback, content: &str) -> PathBuf {
    let path = lab.path("config.toml");
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn each_value_says_where_it_is_from() {
    let lab = Loopback::new();
    let path = config(
        &lab,
        "controllers = ['c1.example:7443']\n\nname = 'of-the-file'\nrole = 'worker'\nlocal_read = true\n[labels]\nrack = 'r1'\n",
    );
    let mut command = program::command();
    command
        .args([
            "config",
            "show",
            "--origin",
            "-o",
            "json",
            "--name",
            "of-the-flag",
            "--label",
            "row=2",
        ])
        .arg("--config")
        .arg(&path)
        .env("MUSTER_ROLE", "control")
        .env_remove("MUSTER_STATE");
    let items: Value = serde_json::from_str(&program::run(&mut command).data).unwrap();
    let item = |key: &str| {
        let items = items.as_array().unwrap().iter();
        let mut found = items.filter(|item| item["key"] == key);
        found.next().unwrap_or_else(|| panic!("no {key}")).clone()
    };
    assert_eq!(item("controllers")["line"], 1);
    assert_eq!(item("name")["value"], "of-the-flag");
    assert_eq!(item("name")["flag"], "--name");
    assert_eq!(item("role")["value"], "control");
    assert_eq!(item("role")["variable"], "MUSTER_ROLE");
    assert_eq!(item("state")["origin"], "default");
    assert_eq!(item("state")["value"], "/var/lib/muster");
    assert_eq!(item("local_read")["line"], 5);
    assert_eq!(item("labels.rack")["line"], 7);
    assert_eq!(item("labels.row")["flag"], "--label");
    // What it prints as TOML is a configuration that says the same.
    let shown = lab
        .muster(&["config", "show", "--config", text(&path)])
        .data;
    let again = config(&lab, &shown);
    let valid = program::run(program::command().args(["config", "validate"]).arg(&again));
    assert_eq!((valid.code, valid.told.as_str()), (Some(0), ""), "{shown}");
}

#[test]
fn mistakes_are_told_all_at_once() {
    let lab = Loopback::new();
    let path = config(
        &lab,
        "controllers = ['c1']\nnmae = 'x'\nmetrics = '0.0.0.0:9469'\n",
    );
    let told = program::run(program::command().args(["config", "validate"]).arg(&path));
    assert_eq!(told.code, Some(1));
    for (place, what) in [("1:17", "HOST:PORT"), ("2:1", "there is no key nmae")] {
        let line = format!("{}:{place}: ", path.display());
        let found = told.data.lines().find(|told| told.starts_with(&line));
        assert!(
            found.is_some_and(|told| told.contains(what)),
            "{}",
            told.data
        );
    }
    let path = config(&lab, "metrics = '0.0.0.0:9469'\n");
    let agent = lab.muster(&["agent", "--config", text(&path)]);
    assert_eq!(agent.code, Some(1));
    assert!(
        agent.told.contains("metrics_public = true"),
        "{}",
        agent.told
    );
}

#[test]
fn metrics_are_printed_and_served() {
    let lab = Loopback::start(&[]);
    let token = lab.token(&[]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let metrics = port.local_addr().unwrap().to_string();
    drop(port);
    let _agent = lab.agent(&[
        "--controller",
        lab.address(),
        "--token-file",
        text(&token),
        "--metrics",
        &metrics,
    ]);
    lab.accept();
    assert_eq!(lab.muster(&["wait", "--for", "active"]).code, Some(0));
    let printed = lab.muster(&["metrics"]).data;
    for line in [
        "muster_agent_connected 1",
        "muster_agent_node_status{status=\"active\"} 1",
        "muster_agent_workloads_allowed 1",
        "# TYPE muster_agent_heartbeats_total counter",
    ] {
        assert!(
            printed.lines().any(|told| told == line),
            "{line}:\n{printed}"
        );
    }
    let served = get(&metrics, "/metrics");
    assert!(served.starts_with("HTTP/1.1 200 OK\r\n"), "{served}");
    assert!(served.contains("text/plain; version=0.0.4"), "{served}");
    assert!(served.contains("\nmuster_agent_connected 1\n"), "{served}");
    assert!(get(&metrics, "/").starts_with("HTTP/1.1 404"));
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
