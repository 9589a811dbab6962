//! A long way between some nodes and the rest of a lab, on which packets are late, overtake each other, or get lost.
//!
//! Many kernels have no `netem`. So a second bridge is tied to the lab's by VXLAN, of which the packets go through a program
//! (`src/bin/wire.rs`) in a network of its own.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};

use super::{Lab, Node, succeed, wait_for_a_line};

/// The program's address, and the lab's.
const ENDS: [&str; 2] = ["192.0.2.2", "192.0.2.1"];
/// Of the lab's end and of the nodes' end.
const PORTS: [&str; 2] = ["4001", "4002"];

/// The way. It ends with the lab.
#[derive(Debug)]
pub struct Wire<'a> {
    lab: &'a Lab,
    control: ChildStdin,
    _program: Child,
}

/// What happens to packets in one direction.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// That every packet takes.
    pub delay_ms: u32,
    /// Up to so much more, at random.
    pub jitter_ms: u32,
    /// So many of a hundred are lost.
    pub loss_percent: u32,
}

impl Weather {
    /// As if there were no wire.
    pub const FINE: Self = Self {
        delay_ms: 0,
        jitter_ms: 0,
        loss_percent: 0,
    };
    /// Nothing gets through.
    pub const CUT: Self = Self {
        loss_percent: 100,
        ..Self::FINE
    };
}

impl<'a> Wire<'a> {
    /// Lays it in the lab; `program` is `wire`.
    ///
    /// # Panics
    /// When it cannot be laid.
    pub fn lay(lab: &'a Lab, program: &Path) -> Self {
        let [own, other] = ENDS;
        let script = format!(
            "echo ready; until ip link show w1 >/dev/null 2>&1; do sleep 0.1; done; \
             ip addr add {own}/24 dev w1 && ip link set w1 up && exec \"$0\" {own} {other} {} {}",
            PORTS[0], PORTS[1]
        );
        let mut process = lab
            .command("wire", "unshare")
            .args(["--net", "sh", "-c", &script])
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare runs");
        wait_for_a_line(&mut process);
        let id = process.id();
        // What VXLAN adds has to find room.
        lab.ip(&format!(
            "link add w0 mtu 9000 type veth peer name w1 mtu 9000 netns {id}"
        ));
        lab.ip(&format!("addr add {other}/24 dev w0"));
        lab.ip("link set w0 up");
        lab.ip("link add br1 type bridge");
        lab.ip("link set br1 up");
        for (bridge, port) in ["br0", "br1"].iter().zip(PORTS) {
            let far = format!("far-{bridge}");
            lab.ip(&format!(
                "link add {far} mtu 1500 type vxlan id 1 remote {own} dstport {port} nolearning"
            ));
            // The program has to get whole packets, with their checksums.
            let mut ethtool = lab.command("holder", "ethtool");
            succeed(ethtool.args(["-K", &far, "tx", "off"]));
            lab.ip(&format!("link set {far} master {bridge} up"));
        }
        Self {
            lab,
            control: process.stdin.take().expect("its input is piped"),
            _program: process,
        }
    }

    /// From now on the node is at the far end.
    pub fn take(&self, node: &Node<'_>) {
        self.lab
            .ip(&format!("link set vb-{} master br1", node.name()));
    }

    /// What becomes of packets to the nodes, and of packets from them.
    ///
    /// # Panics
    /// When the program has ended.
    pub fn set(&mut self, to: Weather, from: Weather) {
        let line = [to, from].map(|way| {
            let Weather {
                delay_ms,
                jitter_ms,
                loss_percent,
            } = way;
            format!("{delay_ms} {jitter_ms} {loss_percent}")
        });
        let line = line.join(" ");
        writeln!(self.control, "{line}").expect("the wire's program runs");
    }
}
