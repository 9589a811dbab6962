use serde_json::{Value, json};

use crate::check::Outcome::{Fail, Pass, Undetermined};
use crate::check::testing::{hold, judged};

fn host(field: &str, value: impl Into<Value>) -> Value {
    json!({"host": {field: value.into()}})
}

/// A host of which discovery knows nothing but this.
fn warned(subject: &str, kind: &str) -> Value {
    json!({
        "host": {"os": {"id": "debian"}},
        "warnings": [{"probe": "host", "subject": subject, "kind": kind, "message": "so it is"}],
    })
}

#[test]
fn hostname() {
    let of = |name: &str| host("hostname", name);
    let long = "a".repeat(64);
    let longer = ["b".repeat(63).as_str()].repeat(4).join(".");
    let tree = json!({"host": {}, "source": "root"});
    hold(
        "hostname",
        &[
            ("{}", of("rack4-node12"), Pass, Some("rack4-node12")),
            ("{}", of("N1.example.COM"), Pass, Some("N1.example.COM")),
            ("{}", of("3com"), Pass, Some("3com")),
            ("{}", of("debian-7"), Pass, Some("debian-7")),
            ("{}", of(&long[1..]), Pass, Some(&long[1..])),
            ("{}", of(&long), Fail, Some(&long)),
            ("{}", of(&longer), Fail, Some(&longer)),
            (
                "{}",
                of("localhost.localdomain"),
                Fail,
                Some("localhost.localdomain"),
            ),
            ("{}", of("Ubuntu"), Fail, Some("Ubuntu")),
            ("{}", of("node_1"), Fail, Some("node_1")),
            ("{}", of("-node"), Fail, Some("-node")),
            ("{}", of("node-.lan"), Fail, Some("node-.lan")),
            ("{}", of("node."), Fail, Some("node.")),
            ("{}", of("näme"), Fail, Some("näme")),
            ("{}", of("192.0.2.7"), Fail, Some("192.0.2.7")),
            ("{}", json!({"host": {}}), Fail, Some("none")),
            ("{}", tree, Undetermined, None),
            ("{}", warned("hostname", "denied"), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn machine_id() {
    let of = |id: &str| host("machine_id", id);
    let good = "160d454280ad485b9a76910a63764ecb";
    let (zeros, cloned) = ("0".repeat(32), "1C4AD377574C4263ADBB7C624B6A3429");
    let installed = host("os", json!({"id": "debian"}));
    hold(
        "machine_id",
        &[
            ("{}", of(good), Pass, Some(good)),
            ("{}", of(&zeros), Fail, Some(&zeros)),
            ("{}", of(cloned), Fail, Some(cloned)),
            ("{}", of(&good[1..]), Fail, Some(&good[1..])),
            ("{}", of("uninitialized"), Fail, Some("uninitialized")),
            ("{}", installed, Fail, Some("none")),
            (
                "{}",
                warned("machine-id", "malformed"),
                Fail,
                Some("none that is valid"),
            ),
            ("{}", warned("machine-id", "denied"), Undetermined, None),
            ("{}", json!({"host": {}}), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn kernel_version() {
    let of = |release: &str| host("kernel", json!({"release": release}));
    let least = r#"{ at_least = "5.15" }"#;
    hold(
        "kernel_version",
        &[
            (least, of("6.1.0-50-amd64"), Pass, Some("6.1.0-50-amd64")),
            (least, of("5.15.0"), Pass, Some("5.15.0")),
            (least, of("5.9.16"), Fail, Some("5.9.16")),
            (least, of("4.18.0-553.el8"), Fail, Some("4.18.0-553.el8")),
            (least, of("custom"), Undetermined, None),
            (least, json!({"host": {}}), Undetermined, None),
            (least, json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn virtualization() {
    let of = |kind: &str, technology: Option<&str>| {
        host(
            "virtualization",
            json!({"kind": kind, "technology": technology}),
        )
    };
    let may = r#"{ one_of = ["none", "vm"] }"#;
    hold(
        "virtualization",
        &[
            (may, of("none", None), Pass, Some("bare metal")),
            (
                may,
                of("vm", Some("kvm")),
                Pass,
                Some("virtual machine (kvm)"),
            ),
            (
                may,
                of("container", Some("docker")),
                Fail,
                Some("container (docker)"),
            ),
            (
                r#"{ one_of = ["none"] }"#,
                of("vm", None),
                Fail,
                Some("virtual machine"),
            ),
            (may, json!({"host": {}}), Undetermined, None),
            (may, json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn time_synchronized() {
    let of = |is: bool| host("time", json!({"synchronized": is}));
    hold(
        "time_synchronized",
        &[
            ("{}", of(true), Pass, Some("synchronized")),
            ("{}", of(false), Fail, Some("not synchronized")),
            ("{}", warned("time", "denied"), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
    let finding = judged("time_synchronized", "{}", warned("time", "denied"));
    assert_eq!(
        finding.reasons,
        ["host.time.synchronized is unknown: so it is"]
    );
}
