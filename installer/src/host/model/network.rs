//! systemd-networkd and the links of a host in memory: three ports, and what it makes of files in `/etc/systemd/network`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Model;
use crate::host::{Files as _, HostError, Manager, Network, SeenKind, SeenLink};
use crate::value::{Cidr, Endpoint, HostPath, LinkName, Mtu};

const FOLDER: &str = "/etc/systemd/network";
const PORTS: [&str; 3] = ["eth0", "eth1", "eth2"];

/// What systemd-networkd knows, and what it has made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ModelNetwork {
    /// Its files as it has read them.
    read: BTreeMap<String, String>,
    /// Links that it made, each with what it was made by: they stay when that goes.
    made: BTreeMap<String, String>,
    /// Of its ports, where they are others than usual. They stay, too.
    mtus: BTreeMap<String, u32>,
}

impl ModelNetwork {
    /// The text of a file as it was read.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.read.get(name).map(String::as_str)
    }

    fn take_in(&mut self, files: BTreeMap<String, String>) {
        for (name, text) in &files {
            if name.ends_with(".netdev") {
                let link = setting(text, "Name").unwrap().to_owned();
                self.made.entry(link).or_insert_with(|| text.clone());
            }
        }
        self.read = files;
        for port in PORTS {
            let mtu = self
                .of(port)
                .and_then(|(_, text)| setting(text, "MTUBytes"));
            if let Some(mtu) = mtu.map(|mtu| mtu.parse().unwrap()) {
                self.mtus.insert(port.to_owned(), mtu);
            }
        }
    }

    /// The first file by name that is about a link, and its text.
    fn of(&self, link: &str) -> Option<(&String, &String)> {
        let mut files = self.read.iter();
        files.find(|(name, text)| name.ends_with(".network") && setting(text, "Name") == Some(link))
    }

    fn link(&self, name: &str) -> SeenLink {
        let (file, text) = self.of(name).unzip();
        let text = text.map_or("", String::as_str);
        let all = |key: &str| {
            let values = text.lines().filter_map(|line| line.split_once('='));
            let values = values.filter(|(name, _)| *name == key);
            values
                .map(|(_, value)| value.to_owned())
                .collect::<Vec<_>>()
        };
        let addresses = all("Address").into_iter();
        SeenLink {
            name: name.to_owned(),
            mac: PORTS.iter().position(|port| *port == name).map(|at| {
                let mac = format!("52:54:00:00:00:0{at}");
                mac.try_into().unwrap()
            }),
            kind: self
                .made
                .get(name)
                .map_or(SeenKind::Other, |made| self.kind(name, made)),
            master: all("Bond").pop().or(all("Bridge").pop()),
            mtu: Some(match PORTS.contains(&name) {
                true => self.mtus.get(name).copied().unwrap_or(1500),
                false => all("MTUBytes")
                    .pop()
                    .map_or(1500, |mtu| mtu.parse().unwrap()),
            }),
            addresses: addresses
                .map(|address| Cidr::try_from(address).unwrap())
                .collect(),
            has_default_route: !all("Gateway").is_empty(),
            managers: file.iter().map(|_| Manager::Networkd).collect(),
            file: file.map(|name| format!("{FOLDER}/{name}")),
        }
    }

    fn kind(&self, name: &str, made: &str) -> SeenKind {
        let below = |text: &&String| text.lines().any(|line| line == format!("VLAN={name}"));
        match setting(made, "Kind").unwrap() {
            "bond" => SeenKind::Bond(setting(made, "Mode").map(str::to_owned)),
            "bridge" => SeenKind::Bridge,
            "vlan" => {
                let on = self.read.values().find(below);
                let on = on.and_then(|text| setting(text, "Name")).map(str::to_owned);
                SeenKind::Vlan(setting(made, "Id").map(|id| id.parse().unwrap()), on)
            }
            other => panic!("the kernel makes no {other}"),
        }
    }
}

fn setting<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

impl Model {
    fn network_files(&self) -> BTreeMap<String, String> {
        let names = self.list(&HostPath::known(FOLDER)).unwrap().into_iter();
        let names = names.filter(|name| name.ends_with(".network") || name.ends_with(".netdev"));
        let files = names.map(|name| (self.text(&format!("{FOLDER}/{name}")).unwrap(), name));
        files.map(|(text, name)| (name, text)).collect()
    }

    pub(super) fn booted_network(&self) -> ModelNetwork {
        let mut network = ModelNetwork::default();
        network.take_in(self.network_files());
        network
    }
}

impl Network for Model {
    fn links(&self) -> Result<Vec<SeenLink>, HostError> {
        let network = &self.kernel.network;
        let ports = PORTS.iter().map(|name| network.link(name));
        let mut links: Vec<_> = ports
            .chain(network.made.keys().map(|name| network.link(name)))
            .collect();
        links.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(links)
    }

    fn managers(&self) -> Result<Vec<Manager>, HostError> {
        Ok(vec![Manager::Networkd])
    }

    fn require_network_tools(&self, _manager: Manager) -> Result<(), HostError> {
        Ok(())
    }

    fn reload_network(&mut self, manager: Manager) -> Result<(), HostError> {
        assert_eq!(manager, Manager::Networkd);
        if let Some(left) = &mut self.refuses_to_reload_after {
            let Some(less) = left.checked_sub(1) else {
                return Err(HostError::because("reload", "the model", "it refuses"));
            };
            *left = less;
        }
        let files = self.network_files();
        self.tell(|kernel| kernel.network.take_in(files))
    }

    fn set_mtu(&mut self, name: &LinkName, mtu: Mtu) -> Result<(), HostError> {
        self.tell(|kernel| {
            let mtus = &mut kernel.network.mtus;
            match u32::from(mtu) {
                1500 => mtus.remove(name.as_str()),
                mtu => mtus.insert(name.to_string(), mtu),
            };
        })
    }

    fn remove_link(&mut self, name: &LinkName) -> Result<(), HostError> {
        assert!(self.kernel.network.made.contains_key(name.as_str()));
        self.tell(|kernel| {
            kernel.network.made.remove(name.as_str());
        })
    }

    fn reaches(&mut self, any: &[Endpoint], _within: Duration) -> Result<bool, HostError> {
        if self.confirms_when_waiting {
            crate::engine::confirm_network(self)?;
        }
        let is_cut = |text: &String| {
            let marks = self.unreachable_with.iter();
            marks.into_iter().any(|mark| text.contains(mark.as_str()))
        };
        Ok(!any.is_empty() && !self.kernel.network.read.values().any(is_cut))
    }
}
