//! The agent has no right on its machine; what takes root is done by `muster-helper.service`, for it alone.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code"
)]

use muster_tests::nodes::{Lab, Node, give_firmware};

const SERIAL: &str = "S3CR3T-0815";

/// It has to be killed.
const STUBBORN: &str = r#"
[Service]
Slice=muster-workload.slice
ExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 0.1; done'
"#;

/// A call of the helper by the machine's user of that name, as a shell writes it.
fn call(user: &str, call: &str) -> String {
    format!(
        "setpriv --reuid={user} --regid={user} --clear-groups \
         busctl --timeout=60 -- call io.muster.Helper1 /io/muster/Helper1 io.muster.Helper1 {call}"
    )
}

/// What a call that fails says.
fn refused(node: &Node<'_>, user: &str, what: &str) -> String {
    node.succeed(&format!("! {} 2>&1", call(user, what)))
}

#[test]
fn the_agent_has_no_right_and_the_helper_serves_it_alone() {
    let Some(lab) = Lab::start() else { return };
    let files = [
        ("/etc/muster/config.toml", "name = 'n1'\n"),
        ("/etc/systemd/system/stubborn.service", STUBBORN),
    ];
    let node = Node::boot(&lab, 1, &files);
    give_firmware(&node, SERIAL);
    node.succeed("useradd --system stranger && usermod --append --groups muster stranger");
    node.succeed("systemctl start muster-agent.service");

    agent_has_no_right(&node);
    nobody_else_may_call(&node);
    only_what_it_is_for(&node);
    it_stops_workloads(&node);
    its_death_is_survived(&node);
    it_ends_and_comes_back(&node);
    root_leaves_nothing_behind(&node);
    doctor_knows_when_it_is_broken(&node);
}

fn agent_has_no_right(node: &Node<'_>) {
    let status = node.succeed("cat /proc/$(systemctl show --value -p MainPID muster-agent)/status");
    let own = node.succeed("id -u muster");
    let own = own.trim();
    assert!(status.contains(&format!("Uid:\t{own}\t{own}\t{own}\t{own}\n")));
    for set in ["Inh", "Prm", "Eff", "Bnd", "Amb"] {
        assert!(
            status.contains(&format!("Cap{set}:\t{:016x}\n", 0)),
            "{status}"
        );
    }
    let told = node.succeed("journalctl -b -u muster-agent.service");
    assert!(told.contains("done by muster-helper.service"), "{told}");
    node.succeed("test \"$(stat -c %U:%G:%a /var/lib/muster)\" = muster:muster:700");
    // The socket is the group's, as ever.
    node.succeed("test \"$(stat -c %U:%G:%a /run/muster/agent.sock)\" = muster:muster:660");
    node.succeed(
        "setpriv --reuid=stranger --regid=stranger --init-groups muster status; test $? -ne 1",
    );
}

/// Not even members of the group, who may control the agent.
fn nobody_else_may_call(node: &Node<'_>) {
    for what in [
        "Discover as 0",
        "Workloads",
        "StopWorkloads t 0",
        "AllowWorkloads",
    ] {
        for user in ["nobody", "stranger"] {
            let user = user.replace("nobody", "65534");
            let told = refused(node, &user, what);
            assert!(told.contains("Access denied"), "{user}: {what}: {told}");
        }
    }
    let own = "setpriv --reuid=muster --regid=muster --clear-groups busctl call org.freedesktop.DBus /org/freedesktop/DBus \
               org.freedesktop.DBus RequestName su io.muster.Helper1 0 2>&1";
    let told = node.succeed(&format!("systemctl stop muster-helper.service; ! {own}"));
    assert!(told.contains("Access denied"), "{told}");
}

/// The agent's user gets the facts of root, and cannot do what is no call.
fn only_what_it_is_for(node: &Node<'_>) {
    let found = node.succeed(&call("muster", "Discover as 1 system"));
    assert!(found.contains(SERIAL), "{found}");
    let own = node.succeed(
        "setpriv --reuid=muster --regid=muster --clear-groups muster discover -q -o json -s system",
    );
    assert!(!own.contains(SERIAL), "the tables are no secret: {own}");
    let told = refused(node, "muster", "Discover as 1 --root=/etc");
    assert!(told.contains("no such section"), "{told}");
    let told = refused(node, "muster", "StopWorkloads s dbus.service");
    assert!(told.contains("Signature mismatch"), "{told}");
    node.succeed("! setpriv --reuid=muster --regid=muster --clear-groups systemctl stop muster-install.service");
    let members = "busctl introspect --no-pager --list io.muster.Helper1 /io/muster/Helper1 io.muster.Helper1 | grep -c ' method '";
    assert_eq!(node.succeed(members), "4\n");
}

fn it_stops_workloads(node: &Node<'_>) {
    node.succeed(
        "mkdir -p /run/muster && systemctl add-wants -q muster-workload.target stubborn.service",
    );
    // No lease: the guard lets nothing start.
    node.succeed(&call("muster", "AllowWorkloads"));
    node.succeed("sleep 1; ! systemctl is-active -q stubborn.service");
    node.succeed(
        "systemd-run -q --unit=left --slice=muster-workload.slice -p BindsTo= sleep 1000 || true",
    );
    node.succeed(&call("muster", "StopWorkloads t 100"));
    node.succeed(
        "! systemctl is-active -q left.service muster-workload.slice muster-workload.target",
    );
}

/// The agent waits for a helper that hangs and is killed then: it asks the next one.
fn its_death_is_survived(node: &Node<'_>) {
    node.succeed("systemctl kill --signal=STOP muster-helper.service && systemctl restart --no-block muster-agent.service");
    node.wait_for("journalctl -b -u muster-agent.service -o cat | grep -c 'done by muster-helper' | grep -qx 2");
    node.succeed("sleep 0.5; ! systemctl is-active -q muster-agent.service; systemctl kill --signal=KILL muster-helper.service");
    node.wait_for("systemctl is-active -q muster-agent.service");
    assert_eq!(
        node.succeed("systemctl show --value -p NRestarts muster-agent.service"),
        "0\n"
    );
}

fn it_ends_and_comes_back(node: &Node<'_>) {
    node.wait_for("test $(systemctl show --value -p ActiveState muster-helper.service) = inactive");
    assert_eq!(
        node.succeed("systemctl show --value -p Result muster-helper.service"),
        "success\n"
    );
    node.succeed(&call("muster", "Discover as 1 system"));
    node.succeed("systemctl is-active -q muster-helper.service");
}

/// What root does to the agent's state, the agent can go on with.
fn root_leaves_nothing_behind(node: &Node<'_>) {
    let id = "cat /var/lib/muster/node-id";
    let before = node.succeed(id);
    let told = node.succeed("systemctl stop muster-agent.service; ! muster agent 2>&1");
    assert!(
        told.contains("is the state of muster-agent.service"),
        "{told}"
    );
    node.succeed("muster reset --yes");
    node.succeed("test -z \"$(find /var/lib/muster /run/muster ! -user muster)\"");
    node.succeed("systemctl start muster-agent.service");
    assert_ne!(node.succeed(id), before);
}

fn doctor_knows_when_it_is_broken(node: &Node<'_>) {
    let outcome = "muster doctor -o json | tr -d ' \\n' | grep -o '{\"check\":\"helper\"[^}]*}'";
    let told = node.succeed(outcome);
    assert!(told.contains("\"outcome\":\"well\""), "{told}");
    let folder = "/run/systemd/system/muster-helper.service.d";
    node.succeed(&format!(
        "mkdir {folder} && printf '[Service]\\nExecStart=\\nExecStart=/nonexistent\\n' >{folder}/lab.conf && systemctl daemon-reload \
         && systemctl stop muster-helper.service"
    ));
    let told = node.succeed(outcome);
    assert!(told.contains("\"outcome\":\"problem\""), "{told}");
    assert!(told.contains("journalctl-umuster-helper"), "{told}");
}
