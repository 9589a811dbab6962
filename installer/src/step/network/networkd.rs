//! Files of systemd-networkd: systemd.netdev(5), systemd.network(5).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Dhcp, Link, Network};
use crate::value::{HostPath, LinkName, MacAddress, NoValue};

/// What all names of our files begin with: of all files that fit a link, systemd-networkd takes the first by name.
pub(super) const PREFIX: &str = "05-muster-";

const FOLDER: &str = "/etc/systemd/network";
const HEAD: &str = "# Made by muster; `muster uninstall` removes it.\n";
/// How often a bond looks whether its members have a carrier: the kernel's usual is never.
const MONITOR: &str = "100ms";

/// The files of a step, with their texts.
pub(super) fn files(
    step: &Network,
    names: &BTreeMap<MacAddress, LinkName>,
) -> Result<BTreeMap<HostPath, String>, NoValue> {
    let mut files = BTreeMap::new();
    let mut add = |name: &LinkName, suffix: &str, text: String| {
        let path = HostPath::known(FOLDER).join(&format!("{PREFIX}{name}.{suffix}"))?;
        files.insert(path, text);
        Ok::<(), NoValue>(())
    };
    for link in &step.links {
        if let Some(text) = device(link) {
            add(&link.name, "netdev", text)?;
        }
        add(&link.name, "network", network(step, link, names))?;
        let members = link
            .members()
            .iter()
            .filter_map(|member| member.name(names));
        for member in members.filter(|member| step.named(member).is_none()) {
            add(member, "network", of_member(link, member))?;
        }
    }
    Ok(files)
}

/// How a link is made; none for one that is there.
fn device(link: &Link) -> Option<String> {
    let (kind, more) = match (&link.bond, &link.vlan, &link.bridge) {
        (Some(bond), ..) => {
            let more = format!("[Bond]\nMode={}\nMIIMonitorSec={MONITOR}\n", bond.mode);
            ("bond", more)
        }
        (_, Some(vlan), _) => ("vlan", format!("[VLAN]\nId={}\n", vlan.id)),
        (.., Some(_)) => ("bridge", "[Bridge]\nSTP=no\n".to_owned()),
        _ => return None,
    };
    let name = &link.name;
    Some(format!(
        "{HEAD}[NetDev]\nName={name}\nKind={kind}\n\n{more}"
    ))
}

/// How a link is set up.
fn network(step: &Network, link: &Link, names: &BTreeMap<MacAddress, LinkName>) -> String {
    let mut text = head(&link.name);
    if let Some(mtu) = link.mtu {
        push(&mut text, "[Link]\nMTUBytes", mtu);
        text.push('\n');
    }
    text.push_str("[Network]\n");
    push(&mut text, "DHCP", link.dhcp.word());
    // Without members there is no carrier to wait for.
    if link.bridge.is_some() {
        push(&mut text, "ConfigureWithoutCarrier", "yes");
    }
    for address in &link.addresses {
        push(&mut text, "Address", address);
    }
    for gateway in &link.gateways {
        push(&mut text, "Gateway", gateway);
    }
    for server in &link.dns {
        push(&mut text, "DNS", server);
    }
    for domain in &link.domains {
        push(&mut text, "Domains", domain);
    }
    for above in &step.links {
        let is_member = above
            .members()
            .iter()
            .any(|member| member.name(names) == Some(&link.name));
        if is_member {
            push(&mut text, above.of_members(), &above.name);
        }
        if above.vlan.as_ref().is_some_and(|vlan| vlan.on == link.name) {
            push(&mut text, "VLAN", &above.name);
        }
    }
    for route in &link.routes {
        text.push_str("\n[Route]\n");
        push(&mut text, "Destination", route.to);
        push(&mut text, "Gateway", route.via);
    }
    text
}

/// How a link is set up that only belongs to another one.
fn of_member(above: &Link, member: &LinkName) -> String {
    let mut text = head(member);
    if let Some(mtu) = above.mtu {
        push(&mut text, "[Link]\nMTUBytes", mtu);
        text.push('\n');
    }
    text.push_str("[Network]\n");
    push(&mut text, "DHCP", Dhcp::No.word());
    push(&mut text, "LinkLocalAddressing", "no");
    push(&mut text, above.of_members(), &above.name);
    text
}

fn head(name: &LinkName) -> String {
    format!("{HEAD}[Match]\nName={name}\n\n")
}

fn push(text: &mut String, key: &str, value: impl std::fmt::Display) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{key}={value}");
}

impl Link {
    /// The setting by which a link belongs to this one.
    fn of_members(&self) -> &'static str {
        match self.bond {
            Some(_) => "Bond",
            None => "Bridge",
        }
    }
}

impl Dhcp {
    fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Yes => "yes",
        }
    }
}
