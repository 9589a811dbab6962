//! What is done to the nodes, each to another one at the same time.

use std::thread::sleep;
use std::time::{Duration, Instant};

use muster_tests::nodes::Node;

use crate::cluster::{last, last_of_all};
use crate::controller::{Controller, INTERVAL};

/// A node without its cable stops its workloads itself, before it is called fenced; then it comes back.
pub(crate) fn link_is_cut(controller: &Controller<'_>, node: &Node<'_>) {
    node.link("down");
    controller.wait_for(node, "fenced");
    node.succeed("! systemctl is-active -q muster-workload.target muster-fence.service");
    ended_before_it_was_fenced(controller, node, 1);
    // Nobody on the node can start one either.
    node.succeed("! systemctl start work.service");
    node.succeed("! systemctl is-active -q work.service muster-workload.slice");
    node.link("up");
    controller.wait_for(node, "active");
    node.wait_for("systemctl is-active -q work.service stubborn.service");
    is_alive(node);
}

/// A node that is sent into maintenance keeps its workloads until they have ended, even over a restart of its agent; then it is
/// there, and starts none before it is active again.
pub(crate) fn node_is_drained(controller: &Controller<'_>, node: &Node<'_>) {
    let asked = controller.ask(&["nodes", "maintenance", node.name()]);
    assert_eq!(asked.code, Some(0), "{}", asked.told);
    let before = workloads(node);
    node.succeed("systemctl restart muster-agent.service");
    sleep(INTERVAL * 2);
    assert_eq!(controller.status(node.name()), "entering_maintenance");
    assert_eq!(workloads(node), before, "{}", node.journal());
    whoever_asks_is_told_what_runs(controller, node);
    node.succeed("systemctl kill --signal=SIGKILL work.service stubborn.service");
    controller.wait_for(node, "in_maintenance");
    node.succeed("! systemctl is-active -q work.service");
    let asked = controller.ask(&["nodes", "activate", node.name()]);
    assert_eq!(asked.code, Some(0), "{}", asked.told);
    controller.wait_for(node, "active");
    node.wait_for("systemctl is-active -q work.service stubborn.service");
    is_alive(node);
}

fn whoever_asks_is_told_what_runs(controller: &Controller<'_>, node: &Node<'_>) {
    let asked = controller.ask(&["nodes", "workloads", node.name(), "--services"]);
    assert_eq!(asked.code, Some(0), "{}", asked.told);
    let line = |name: &str| asked.data.lines().find(|line| line.contains(name));
    for name in ["work.service", "stubborn.service"] {
        let line = line(name).unwrap_or_else(|| panic!("{name} is not in {}", asked.data));
        assert!(line.starts_with("service"), "{line}");
        assert!(line.trim_end().ends_with("muster-workload.slice"), "{line}");
    }
}

/// An agent that was killed comes back within the lease, and no workload notices; so does one that hangs, by its watchdog.
pub(crate) fn agent_comes_back(controller: &Controller<'_>, node: &Node<'_>) {
    node.succeed(&format!(
        "{}; systemctl restart muster-agent.service",
        drop_in("WatchdogSec=2")
    ));
    let before = workloads(node);
    for signal in ["KILL", "STOP"] {
        node.succeed(&format!(
            "systemctl kill --signal={signal} muster-agent.service"
        ));
        sleep(INTERVAL * 5);
        controller.wait_for(node, "active");
        assert_eq!(
            workloads(node),
            before,
            "after SIG{signal}\n{}",
            node.journal()
        );
    }
    let told = node.succeed("journalctl -b -u muster-agent.service");
    assert!(told.contains("Watchdog timeout"), "{told}");
    assert!(controller.fenced(node).is_empty());

    // Workloads do not outlive their guard, whatever ends it; the agent brings both back.
    node.succeed("systemctl kill --signal=SIGKILL muster-fence.service");
    node.wait_for("systemctl is-active -q work.service stubborn.service");
    assert_ne!(workloads(node), before, "{}", node.journal());
    is_alive(node);
    assert!(controller.fenced(node).is_empty());
}

/// Nobody but the guard is left: an agent that hangs without a watchdog, then one that cannot start any more.
pub(crate) fn agent_stays_away(controller: &Controller<'_>, node: &Node<'_>) {
    node.succeed(&format!(
        "{}; systemctl restart muster-agent.service",
        drop_in("WatchdogSec=0")
    ));
    sleep(INTERVAL);
    node.succeed("systemctl kill --signal=SIGSTOP muster-agent.service");
    controller.wait_for(node, "fenced");
    ended_before_it_was_fenced(controller, node, 1);
    node.succeed("systemctl kill --signal=SIGCONT muster-agent.service");
    controller.wait_for(node, "active");
    node.wait_for("systemctl is-active -q work.service stubborn.service");

    node.succeed(&drop_in("ExecStart=\\nExecStart=/nonexistent"));
    node.succeed("systemctl kill --signal=SIGKILL muster-agent.service");
    controller.wait_for(node, "fenced");
    ended_before_it_was_fenced(controller, node, 2);
    node.succeed("! systemctl is-active -q muster-agent.service");
}

/// Nobody does what takes root: the guard ends the workloads all the same, and the agent does not say that they have ended before it can
/// make sure.
pub(crate) fn helper_stays_away(controller: &Controller<'_>, node: &Node<'_>) {
    let folder = "/run/systemd/system/muster-helper.service.d";
    node.succeed(&format!(
        "mkdir {folder} && printf '[Service]\\nExecStart=\\nExecStart=/nonexistent\\n' >{folder}/lab.conf && systemctl daemon-reload; \
         systemctl stop muster-helper.service"
    ));
    let times = controller.fenced(node).len() + 1;
    node.link("down");
    controller.wait_for(node, "fenced");
    ended_before_it_was_fenced(controller, node, times);
    node.succeed("! systemctl is-active -q work.service stubborn.service");
    node.link("up");
    node.wait_for("journalctl -b -u muster-agent.service | grep -q 'muster-helper.service did not stop the workloads'");
    sleep(INTERVAL * 2);
    assert_ne!(controller.status(node.name()), "active");
    node.succeed(&format!("rm -r {folder} && systemctl daemon-reload"));
    controller.wait_for(node, "active");
    node.wait_for("systemctl is-active -q work.service stubborn.service");
    is_alive(node);
}

/// The shell's way to change the agent's service.
fn drop_in(line: &str) -> String {
    let folder = "/run/systemd/system/muster-agent.service.d";
    format!(
        "mkdir -p {folder} && printf '[Service]\\n{line}\\n' >{folder}/lab.conf && systemctl daemon-reload"
    )
}

/// The disk of the state is full: the agent goes on, and comes back when it is killed.
pub(crate) fn disk_is_full(controller: &Controller<'_>, node: &Node<'_>) {
    node.succeed("systemctl stop muster-agent.service && cp -a /var/lib/muster /run/kept && mount -t tmpfs -o size=256k none /var/lib/muster && cp -a /run/kept/. /var/lib/muster && systemctl start muster-agent.service");
    node.succeed("! dd if=/dev/zero of=/var/lib/muster/filler bs=4k 2>/dev/null");
    let before = workloads(node);
    sleep(INTERVAL * 2);
    node.succeed("systemctl kill --signal=SIGKILL muster-agent.service");
    sleep(INTERVAL * 5);
    controller.wait_for(node, "active");
    assert_eq!(
        workloads(node),
        before,
        "workloads did not survive\n{}",
        node.journal()
    );
    assert!(controller.fenced(node).is_empty(), "{}", node.journal());
}

/// The clock on the agent's wall jumps by hours, forth and back: its leases do not count by it.
pub(crate) fn clock_jumps(controller: &Controller<'_>, node: &Node<'_>) {
    let before = workloads(node);
    let fake = "Environment=LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE=/run/offset FAKETIME_CACHE_DURATION=1 FAKETIME_DONT_FAKE_MONOTONIC=1";
    node.succeed(&format!(
        "echo +0 >/run/offset; {}; systemctl restart muster-agent.service",
        drop_in(fake)
    ));
    for offset in ["+5h", "-5h", "+0"] {
        node.succeed(&format!("echo '{offset}' >/run/offset"));
        sleep(INTERVAL * 5);
        controller.wait_for(node, "active");
    }
    assert_eq!(
        workloads(node),
        before,
        "workloads did not survive\n{}",
        node.journal()
    );
    assert!(controller.fenced(node).is_empty(), "{}", node.journal());
}

/// The processes of the workloads.
const WORKLOADS: &str =
    "systemctl show -p MainPID --value work.service stubborn.service | paste -s -d ' '";

pub(crate) fn workloads(node: &Node<'_>) -> String {
    node.succeed(WORKLOADS)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Its workloads run, or are just being started.
pub(crate) fn is_alive(node: &Node<'_>) {
    for workload in ["work", "stubborn"] {
        let before = last(node, workload);
        let until = Instant::now() + INTERVAL * 10;
        while last(node, workload) == before && Instant::now() < until {
            sleep(Duration::from_millis(100));
        }
        assert!(
            last(node, workload) > before,
            "{workload} of {} does not run\n{}",
            node.name(),
            node.journal()
        );
    }
}

pub(crate) fn ended_before_it_was_fenced(
    controller: &Controller<'_>,
    node: &Node<'_>,
    times: usize,
) {
    let fenced = controller.fenced(node);
    assert_eq!(fenced.len(), times, "{fenced:?}");
    let ended = last_of_all(node);
    let spare = fenced[times - 1] - ended;
    eprintln!(
        "{}: workloads ended {spare} ms before it was called fenced",
        node.name()
    );
    assert!(spare > 0, "{}: {spare} ms\n{}", node.name(), node.journal());
}
