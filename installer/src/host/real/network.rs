//! The links of the machine that runs, and what looks after them, by the tools of each.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use muster_discovery::{Options, Source, discover};
use muster_model::Section;
use muster_model::network::{InterfaceKind, NetworkInterface};

use super::Real;
use super::machine::kernel_text;
use super::runner::Tool;
use crate::host::{Host as _, HostError, Machine as _, Manager, Network, SeenKind, SeenLink};
use crate::value::{Cidr, Endpoint, LinkName, MacAddress, Mtu, UnitName};

/// What systemd-networkd tells of a link, in the file that bears its number.
const NETWORKD_LINKS: &str = "/run/systemd/netif/links";

impl Network for Real {
    fn links(&self) -> Result<Vec<SeenLink>, HostError> {
        self.require_running("look at", "the network")?;
        let failed = |error| HostError::failed("look at", "the network", error);
        let source = Source::live().map_err(|error| failed(std::io::Error::other(error)))?;
        let options = Options {
            sections: [Section::Network].into(),
            ..Options::default()
        };
        let found = discover(&source, &options).inventory.network;
        let running = self.managers()?;
        let ways = default_links()?;
        let mut links = found
            .into_iter()
            .map(|found| seen(found, &running, &ways))
            .collect::<Result<Vec<_>, _>>()?;
        links.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(links)
    }

    fn managers(&self) -> Result<Vec<Manager>, HostError> {
        let known = [
            ("systemd-networkd.service", Manager::Networkd),
            ("NetworkManager.service", Manager::NetworkManager),
        ];
        let mut managers = Vec::new();
        for (name, manager) in known {
            let unit = UnitName::try_from(name.to_owned());
            let unit = unit.map_err(|why| HostError::because("look at", name, &why.to_string()))?;
            if self.is_active(&unit)? {
                managers.push(manager);
            }
        }
        Ok(managers)
    }

    fn require_network_tools(&self, manager: Manager) -> Result<(), HostError> {
        match manager {
            Manager::Networkd => Tool::Networkctl.find().and(Tool::Ip.find()).map(drop),
            other => Err(HostError::because(
                "use",
                other,
                "muster does not know it yet",
            )),
        }
    }

    fn reload_network(&mut self, manager: Manager) -> Result<(), HostError> {
        self.require_running("set up", "the network")?;
        self.require_network_tools(manager)?;
        Tool::Networkctl.succeed(&["reload"]).map(drop)
    }

    fn set_mtu(&mut self, name: &LinkName, mtu: Mtu) -> Result<(), HostError> {
        self.require_running("set up", name)?;
        // Not by /sys, which is read-only in a container.
        let mtu = mtu.to_string();
        let words = ["link", "set", "dev", name.as_str(), "mtu", &mtu];
        Tool::Ip.succeed(&words).map(drop)
    }

    fn remove_link(&mut self, name: &LinkName) -> Result<(), HostError> {
        self.require_running("remove", name)?;
        Tool::Networkctl
            .succeed(&["delete", name.as_str()])
            .map(drop)
    }

    fn reaches(&mut self, any: &[Endpoint], within: Duration) -> Result<bool, HostError> {
        let until = Instant::now() + within;
        let (told, answers) = mpsc::channel();
        for endpoint in any {
            let (endpoint, told) = (endpoint.clone(), told.clone());
            // Looking up a name may take longer; nobody waits for it then.
            thread::spawn(move || {
                if connects(endpoint.as_str(), within) {
                    let _ = told.send(());
                }
            });
        }
        drop(told);
        let is_reached = answers.recv_timeout(within).is_ok();
        if !is_reached {
            self.pause(until.saturating_duration_since(Instant::now()));
        }
        Ok(is_reached)
    }
}

fn connects(endpoint: &str, within: Duration) -> bool {
    let Ok(addresses) = endpoint.to_socket_addrs() else {
        return false;
    };
    addresses
        .into_iter()
        .any(|address| TcpStream::connect_timeout(&address, within).is_ok())
}

fn seen(
    found: NetworkInterface,
    running: &[Manager],
    ways: &[String],
) -> Result<SeenLink, HostError> {
    let mac = found.permanent_mac.or(found.mac);
    let addresses = found.addresses.into_iter();
    let (is_managed, file) = match running.contains(&Manager::Networkd) {
        true => networkd(&found.name)?,
        false => (false, None),
    };
    Ok(SeenLink {
        has_default_route: ways.contains(&found.name),
        mac: mac.and_then(|mac| MacAddress::try_from(mac).ok()),
        kind: match found.kind {
            Some(InterfaceKind::Bond) => SeenKind::Bond(found.bond.and_then(|bond| bond.mode)),
            Some(InterfaceKind::Vlan) => {
                let vlan = found.vlan.unwrap_or_default();
                SeenKind::Vlan(vlan.id, vlan.parent)
            }
            Some(InterfaceKind::Bridge) => SeenKind::Bridge,
            _ => SeenKind::Other,
        },
        master: found.master,
        mtu: found.mtu,
        addresses: addresses
            .filter_map(|address| Cidr::try_from(address).ok())
            .collect(),
        managers: is_managed
            .then_some(Manager::Networkd)
            .into_iter()
            .collect(),
        file,
        name: found.name,
    })
}

/// Whether systemd-networkd looks after a link, and by which file. It writes so much of each link that it knows, as sd-network(3) of systemd reads it.
fn networkd(link: &str) -> Result<(bool, Option<String>), HostError> {
    let Some(number) = kernel_text(&format!("/sys/class/net/{link}/ifindex"))? else {
        return Ok((false, None));
    };
    let text = kernel_text(&format!("{NETWORKD_LINKS}/{}", number.trim()))?.unwrap_or_default();
    Ok(managed(&text))
}

fn managed(text: &str) -> (bool, Option<String>) {
    let setting = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    };
    // What no file is about is unmanaged; what is not yet looked at is pending, or initialized.
    let is_managed = setting("ADMIN_STATE").is_some_and(|state| state != "unmanaged");
    (is_managed, setting("NETWORK_FILE").map(str::to_owned))
}

/// Over which links goes what has no other way: proc(5), net/route and net/ipv6_route.
fn default_links() -> Result<Vec<String>, HostError> {
    let of_ipv4 = kernel_text("/proc/net/route")?.unwrap_or_default();
    let of_ipv6 = kernel_text("/proc/net/ipv6_route")?.unwrap_or_default();
    Ok(ways(&of_ipv4, &of_ipv6))
}

fn ways(of_ipv4: &str, of_ipv6: &str) -> Vec<String> {
    const NOWHERE: &str = "00000000000000000000000000000000";
    let of_ipv4 = of_ipv4.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_default = fields.get(1) == Some(&"00000000") && fields.get(7) == Some(&"00000000");
        fields.first().filter(|_| is_default).copied()
    });
    let of_ipv6 = of_ipv6.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_default = fields.first() == Some(&NOWHERE) && fields.get(1) == Some(&"00");
        // The kernel's own one, which refuses, is on lo.
        fields
            .last()
            .filter(|link| is_default && **link != "lo")
            .copied()
    });
    let mut links: Vec<String> = of_ipv4.chain(of_ipv6).map(str::to_owned).collect();
    links.sort();
    links.dedup();
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn systemd_networkd_says_what_it_looks_after() {
        let text = "# This is private data. Do not parse.\nADMIN_STATE=configured\nOPER_STATE=routable\nNETWORK_FILE=/etc/systemd/network/10-lab.network\n";
        let file = "/etc/systemd/network/10-lab.network".to_owned();
        assert_eq!(managed(text), (true, Some(file)));
        assert_eq!(managed("ADMIN_STATE=unmanaged\n"), (false, None));
        assert_eq!(managed(""), (false, None));
    }

    #[test]
    fn what_has_no_other_way_goes_over_these() {
        let of_ipv4 = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
            eth1\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let zero = "0".repeat(32);
        let of_ipv6 = format!(
            "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth2\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo\n\
             fd000000000000000000000000000000 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001     eth1\n"
        );
        assert_eq!(ways(of_ipv4, &of_ipv6), ["eth0", "eth2"]);
        assert!(ways("", "").is_empty());
    }

    #[test]
    fn somebody_is_reached_or_the_time_has_passed() {
        let mut host = Real::machine().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = Endpoint::try_from(listener.local_addr().unwrap().to_string()).unwrap();
        let closed = {
            let gone = TcpListener::bind("127.0.0.1:0").unwrap();
            Endpoint::try_from(gone.local_addr().unwrap().to_string()).unwrap()
        };
        let long = Duration::from_secs(60);
        assert!(host.reaches(&[closed.clone(), open], long).unwrap());
        for nobody in [&[][..], &[closed]] {
            let begun = Instant::now();
            let short = Duration::from_millis(200);
            assert!(!host.reaches(nobody, short).unwrap());
            assert!(begun.elapsed() >= short);
        }
    }
}
