//! A node that was off until its certificate had ended.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use muster_tests::nodes::Lab;

use crate::cluster::{booted, enrolled, last};
use crate::controller::Controller;
use crate::scenarios::is_alive;

const CERTIFICATE_LIFE: Duration = Duration::from_secs(60);

/// Its power goes, it stays off for longer than its certificate is good, and its old key and its used token let it back in as soon as an
/// administrator says so; not before.
pub(crate) fn node_is_off_for_too_long(lab: &Lab) {
    let life = format!("{}s", CERTIFICATE_LIFE.as_secs());
    let controller = Controller::start(lab, &["--certificate-life", &life]);
    let node = enrolled(lab, &controller, 1);
    let id = controller.node("n1")["id"].clone();
    let token = fs::read_to_string(lab.path("n1.token")).unwrap();
    drop(node);
    controller.until("n1", "fenced", String::new, |node| {
        node["status"] == "fenced"
    });
    sleep(CERTIFICATE_LIFE);

    let node = booted(lab, 1, &[("/etc/credstore/muster-token", &token)]);
    controller.until(
        "n1",
        "asking to be let back",
        || node.journal(),
        |node| {
            let reason = node["reason"].as_str().unwrap_or_default();
            reason.contains("its certificate has ended") && reason.contains("nodes readmit n1")
        },
    );
    assert_eq!(controller.status("n1"), "fenced");
    let before = last(&node, "work");
    sleep(Duration::from_secs(2));
    assert_eq!(last(&node, "work"), before, "{}", node.journal());

    let readmitted = controller.ask(&["nodes", "readmit", "n1"]);
    assert_eq!(readmitted.code, Some(0), "{}", readmitted.told);
    controller.wait_for(&node, "active");
    assert_eq!(controller.node("n1")["id"], id);
    node.wait_for("systemctl is-active -q work.service stubborn.service");
    is_alive(&node);
    node.succeed("muster status | grep -q active");
}
