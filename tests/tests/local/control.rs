//! `status`, `connect`, `forget`, `inspect`, `wait`, `reset`.

use std::fs;

use muster_tests::loopback::{Loopback, Process, text};

use crate::lab::active_node;

#[test]
fn a_node_is_brought_up_looked_at_and_reset_while_its_agent_runs() {
    let lab = Loopback::start(&[]);
    let token = lab.token(&[]);
    // No controller is given: it is told one while it runs.
    let mut agent = lab.agent(&["--token-file", text(&token)]);
    is_told_a_controller(&lab);
    let id = is_looked_at(&lab);
    has_its_controllers_changed(&lab);
    tells_no_secret(&lab);
    is_reset(&lab, &mut agent);

    // As a new machine it joins the same cluster again.
    let _agent = lab.newcomer();
    lab.patiently("a candidate again", || {
        lab.admin(&["nodes", "list"]).data.contains("candidate")
    });
    let status = lab.json(&["status", "-o", "json"]);
    assert_ne!(status["node_id"], id);
}

fn is_told_a_controller(lab: &Loopback) {
    let in_vain = lab.muster(&["wait", "--for", "ready", "--timeout", "2s"]);
    assert_eq!(in_vain.code, Some(8), "{}", in_vain.told);
    assert!(
        in_vain.told.contains("give one with `muster connect"),
        "{}",
        in_vain.told
    );

    let dead = lab.muster(&["connect", "127.0.0.1:1"]);
    assert_eq!(dead.code, Some(0));
    assert!(dead.data.contains("Connection refused"), "{}", dead.data);
    let connected = lab.muster(&["connect", lab.address()]);
    assert!(
        connected.data.contains("the agent is connected to it"),
        "{}",
        connected.data
    );
    lab.accept();
    let waited = lab.muster(&["wait", "--for", "active"]);
    assert_eq!(waited.code, Some(0), "{}", waited.told);
}

/// Its id.
fn is_looked_at(lab: &Loopback) -> String {
    let status = lab.json(&["status", "-o", "json"]);
    assert_eq!(status["source"], "agent");
    assert_eq!(status["agent"]["status"], "active");
    assert_eq!(status["connections"][0]["controller"], lab.address());
    assert!(status["connections"][0]["heartbeats"].as_u64().unwrap() > 0);
    assert_eq!(status["peers"][0]["issued_certificate"], true);
    let targets = lab.muster(&["status", "--targets"]).data;
    assert!(targets.contains("muster connect"), "{targets}");
    status["node_id"].as_str().unwrap().to_owned()
}

fn has_its_controllers_changed(lab: &Loopback) {
    let forgotten = lab.muster(&["forget", "127.0.0.1:1"]);
    assert_eq!(forgotten.data, "127.0.0.1:1 is not asked any more\n");
    let again = lab.muster(&["forget", "127.0.0.1:1"]);
    assert_eq!(
        (again.code, again.data.as_str()),
        (Some(0), "127.0.0.1:1 was not asked\n")
    );
    let reserve = lab.muster(&["connect", "127.0.0.1:2"]);
    assert!(
        reserve.data.contains("does not answer any more"),
        "{}",
        reserve.data
    );
}

fn tells_no_secret(lab: &Loopback) {
    let inspected = lab.muster(&["inspect"]).data;
    let secret = lab.read("token");
    let secret = secret.trim().split('.').nth(2).unwrap();
    assert!(!inspected.contains(secret) && !inspected.contains("PRIVATE KEY"));
    assert!(inspected.contains("\"has_token\": true"), "{inspected}");
}

fn is_reset(lab: &Loopback, agent: &mut Process) {
    let unconfirmed = lab.muster(&["reset"]);
    assert_eq!(unconfirmed.code, Some(1));
    assert!(unconfirmed.told.contains("--yes"), "{}", unconfirmed.told);
    let reset = lab.muster(&["reset", "--yes"]);
    assert_eq!(reset.code, Some(0), "{}", reset.told);
    assert_eq!(agent.ended(), Some(0));
    let left = fs::read_dir(lab.path("agent")).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["agent.sock.lock", "lock"]);
}

#[test]
fn without_an_agent_the_state_on_disk_is_looked_at_and_changed() {
    let lab = Loopback::new();
    let waited = lab.muster(&["wait", "--for", "ready", "--timeout", "500ms"]);
    assert_eq!(waited.code, Some(8));
    assert!(
        waited.told.contains("the agent does not run"),
        "{}",
        waited.told
    );
    let nothing = lab.muster(&["reset", "--yes"]);
    assert_eq!(nothing.code, Some(0));
    assert!(
        nothing.data.contains("there is nothing to reset"),
        "{}",
        nothing.data
    );

    let (mut lab, agent) = active_node();
    drop(agent);
    lab.kill_controller();
    let status = lab.json(&["status", "-o", "json"]);
    assert_eq!(status["source"], "state");
    assert_eq!(status["agent"]["running"], false);
    assert_eq!(status["connections"], serde_json::Value::Null);
    assert_eq!(status["peers"][0]["controller"], lab.address());
    assert_eq!(lab.json(&["inspect"])["process"], serde_json::Value::Null);

    let added = lab.muster(&["connect", "c9.example:7443"]);
    assert_eq!(
        added.data,
        "c9.example:7443 is asked from now on; it was not tried yet\n"
    );
    let again = lab.muster(&["connect", "c9.example:7443"]);
    assert_eq!(
        again.data,
        "c9.example:7443 is asked already; it was not tried yet\n"
    );
    assert!(
        lab.muster(&["status", "--targets"])
            .data
            .contains("c9.example:7443")
    );
    lab.muster(&["forget", "c9.example:7443"]);
    assert!(
        !lab.muster(&["status", "--targets"])
            .data
            .contains("c9.example:7443")
    );

    let reset = lab.muster(&["reset", "--yes"]);
    assert_eq!(reset.code, Some(0), "{}", reset.told);
    assert!(!lab.path("agent").join("key.pem").exists());
}

#[test]
fn a_controller_of_the_configuration_is_not_forgotten() {
    let lab = Loopback::new();
    let config = lab.path("config.toml");
    fs::write(&config, "controllers = ['c1.example:7443']\n").unwrap();
    let refused = lab.muster(&["forget", "c1.example:7443", "--config", text(&config)]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.told.contains("take it out there"),
        "{}",
        refused.told
    );
}
