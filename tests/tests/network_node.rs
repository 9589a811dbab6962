//! The network step on a real node with systemd-networkd: set up, confirmed, put back by itself, and as it was again.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::process::{Child, Stdio};

use muster_tests::nodes::{CONTROLLER, Lab, Node};
use serde_json::Value;

const PORT: u16 = 7443;

/// What systemd-networkd reads, who owns it, and what the kernel has of it.
const LOOK: &str = r"
set -e
cd /etc/systemd/network
for file in *; do stat -c '%n %a %U:%G' $file; md5sum < $file; done
ip -j addr show | sed -E 's/_life_time.:[0-9]+//g'
ip route
";

fn profile(name: &str, links: &str, reach: &str, window_s: u32) -> (String, String) {
    let text = format!(
        "schema = \"muster.profile/v1\"\nname = \"{name}\"\nversion = \"1\"\n\
         [[steps]]\nid = \"before\"\nwhy = \"It comes first.\"\nfile = {{ path = \"/srv/before\", content = \"\" }}\n\
         [[steps]]\nid = \"uplink\"\nwhy = \"This is what it is for.\"\n\
         network = {{ window_s = {window_s}, reach = [{reach}], links = [{links}] }}\n"
    );
    (format!("/etc/{name}.toml"), text)
}

/// Takes connections where the controllers are.
fn listener(lab: &Lab) -> Child {
    let at = format!("--listen={CONTROLLER}:{PORT}");
    lab.command("listener", "systemd-socket-activate")
        .args([at.as_str(), "--accept", "--inetd", "/bin/true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("systemd-socket-activate runs")
}

fn link(node: &Node<'_>, name: &str) -> Value {
    let shown = node.succeed(&format!("ip -d -j addr show dev {name}"));
    serde_json::from_str::<Vec<Value>>(&shown)
        .unwrap()
        .remove(0)
}

fn addresses(link: &Value) -> Vec<&str> {
    let all = link["addr_info"].as_array().unwrap().iter();
    all.filter(|one| one["family"] == "inet")
        .map(|one| one["local"].as_str().unwrap())
        .collect()
}

fn reaches_the_controller(node: &Node<'_>) {
    node.wait_for(&format!(
        "curl --silent --max-time 2 telnet://{CONTROLLER}:{PORT} </dev/null"
    ));
}

/// Runs it in the background, and waits until the step waits to be confirmed.
fn unconfirmed(node: &Node<'_>, profile: &str) {
    node.succeed(&format!(
        "muster install --yes --profile /etc/{profile}.toml >/run/told 2>&1 & true"
    ));
    node.wait_for("grep -q '\"unconfirmed\"' /var/lib/muster-install/journal");
}

/// The service with all that it runs, wherever the machine has its control groups.
const KILL: &str = "kill -9 $(cat /sys/fs/cgroup/*/system.slice/muster-install.service/cgroup.procs \
    /sys/fs/cgroup/system.slice/muster-install.service/cgroup.procs 2>/dev/null)";

#[test]
fn a_network_is_set_up_and_as_it_was_again_and_never_left_cut_off() {
    let Some(lab) = Lab::start() else {
        return;
    };
    let mut listener = listener(&lab);
    let there = format!("\"{CONTROLLER}:{PORT}\"");
    let own = "\"10.77.0.11/24\"";
    let bridge = format!(
        "{{ name = \"br0\", bridge = {{ members = [\"host0\"] }}, addresses = [{own}, \"10.78.0.1/24\"], mtu = 1400 }}"
    );
    let moved = format!("{{ name = \"host0\", addresses = [{own}, \"10.77.0.111/24\"] }}");
    let cut = "{ name = \"host0\", addresses = [\"10.88.0.2/24\"] }";
    let bond = format!(
        "{{ name = \"bond0\", bond = {{ mode = \"active-backup\", members = [\"host0\"] }} }}, \
         {{ name = \"bond0.7\", vlan = {{ id = 7, on = \"bond0\" }}, addresses = [{own}], gateways = [\"{CONTROLLER}\"], \
            routes = [{{ to = \"10.99.0.0/16\", via = \"10.77.0.9\" }}], dns = [\"{CONTROLLER}\"], domains = [\"example.org\"] }}"
    );
    let profiles = [
        profile("moved", &moved, &there, 60),
        profile("bridge", &bridge, &there, 60),
        profile("cut", cut, &there, 5),
        profile("slow", cut, &there, 600),
        profile("asked", &moved, "", 600),
        profile("bond", &bond, &there, 5),
    ];
    let files: Vec<(&str, &str)> = profiles
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let node = Node::boot(&lab, 1, &files);
    reaches_the_controller(&node);
    let before = node.succeed(LOOK);
    set_up(&node, &before);
    cut_off(&node, &before);
    killed(&node, &before);
    confirmed_by_somebody(&node, &before);
    bonds_and_vlans(&node, &before);
    listener.kill().unwrap();
    listener.wait().unwrap();
}

fn install(node: &Node<'_>, profile: &str) {
    node.succeed(&format!(
        "muster install --yes --profile /etc/{profile}.toml >/run/told 2>&1 || {{ cat /run/told >&2; journalctl -b -u systemd-networkd -o cat >&2; false; }}"
    ));
}

fn undone(node: &Node<'_>, before: &str) {
    node.succeed("muster uninstall --yes 2>&1");
    assert_eq!(node.succeed(LOOK), before);
    reaches_the_controller(node);
}

fn set_up(node: &Node<'_>, before: &str) {
    let plan = node.succeed("muster plan --profile /etc/moved.toml");
    for told in [
        "systemd-networkd does it",
        "put back by itself after 60 s",
        "/etc/systemd/network/05-muster-host0.network",
    ] {
        assert!(plan.contains(told), "{told}: {plan}");
    }
    install(node, "moved");
    assert_eq!(
        addresses(&link(node, "host0")),
        ["10.77.0.11", "10.77.0.111"]
    );
    node.succeed("muster plan --profile /etc/moved.toml | grep -q '^Nothing to do'");
    undone(node, before);
    install(node, "bridge");
    let bridge = link(node, "br0");
    assert_eq!(addresses(&bridge), ["10.77.0.11", "10.78.0.1"]);
    assert_eq!(bridge["mtu"], 1400);
    assert_eq!(link(node, "host0")["master"], "br0");
    undone(node, before);
}

/// What would cut the node off is put back in its window, and the step fails.
fn cut_off(node: &Node<'_>, before: &str) {
    let told = node.succeed("muster install --yes --profile /etc/cut.toml 2>&1 && exit 1; true");
    assert!(
        told.contains("did not answer within 5 s; what was before is put back"),
        "{told}"
    );
    reaches_the_controller(node);
    assert_eq!(
        node.succeed("muster install --cancel 2>/dev/null"),
        "put back: all is as it was before\n"
    );
    assert_eq!(node.succeed(LOOK), before);
}

fn killed(node: &Node<'_>, before: &str) {
    // By whatever: systemd has it put back at once.
    unconfirmed(node, "slow");
    assert_eq!(addresses(&link(node, "host0")), ["10.88.0.2"]);
    node.succeed(KILL);
    reaches_the_controller(node);
    node.wait_for(
        "! systemctl is-active -q muster-install.service && [ ! -e /var/lib/muster-install/order ]",
    );
    let status = node.succeed("muster install --status -o json");
    assert!(
        status.contains("whoever did it was gone before it was confirmed"),
        "{status}"
    );
    node.succeed("muster install --cancel 2>&1");
    assert_eq!(node.succeed(LOOK), before);
    // Where nothing is left that could do that, as after a loss of power: the next start does it.
    node.succeed("mkdir -p /run/systemd/system/muster-install.service.d && printf '[Service]\\nExecStopPost=\\n' >/run/systemd/system/muster-install.service.d/off.conf && systemctl daemon-reload");
    unconfirmed(node, "slow");
    node.succeed(KILL);
    node.wait_for("systemctl is-failed -q muster-install.service");
    assert_eq!(addresses(&link(node, "host0")), ["10.88.0.2"]);
    node.succeed("systemctl start muster-install.service && exit 1; true");
    reaches_the_controller(node);
    node.succeed("rm -r /run/systemd/system/muster-install.service.d && systemctl daemon-reload && muster install --cancel 2>&1");
    assert_eq!(node.succeed(LOOK), before);
}

fn confirmed_by_somebody(node: &Node<'_>, before: &str) {
    node.succeed("muster install --confirm-network && exit 1; true");
    unconfirmed(node, "asked");
    node.succeed("muster install --confirm-network");
    node.wait_for("grep -q '^installed' /run/told");
    assert_eq!(
        addresses(&link(node, "host0")),
        ["10.77.0.11", "10.77.0.111"]
    );
    undone(node, before);
    unconfirmed(node, "asked");
    node.succeed("muster install --cancel");
    node.wait_for("grep -q '^put back' /run/told");
    assert_eq!(node.succeed(LOOK), before);
}

/// systemd-networkd understands all that is written. Nobody beyond the bond has the VLAN, so that nobody is reached; and the kernel may have neither.
fn bonds_and_vlans(node: &Node<'_>, before: &str) {
    node.succeed("muster install --yes --profile /etc/bond.toml 2>&1 && exit 1; true");
    reaches_the_controller(node);
    node.succeed("muster install --cancel 2>&1");
    assert_eq!(node.succeed(LOOK), before);
    let said = node.succeed("journalctl --sync; journalctl -b -u systemd-networkd -o cat");
    for wrong in ["Unknown", "Failed to parse", "Invalid", "ignoring"] {
        assert!(!said.contains(wrong), "{wrong}: {said}");
    }
}
