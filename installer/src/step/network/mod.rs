//! Links of the network: bonds, VLANs, bridges, addresses.
//!
//! Map: this file is a step and how it is done; `links` has what it says of each link; `owner` finds who looks after the links; `check` tells what cannot be; `judge`
//! whether the kernel has come to it; `networkd` writes files.

mod check;
mod judge;
mod links;
mod networkd;
mod owner;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Keep, Step, StepError, Window};
use crate::host::{Host, Manager, SeenLink, files};
use crate::value::{
    Endpoint, Endpoints, HostPath, KeptFile, LinkName, MacAddress, Mtu, NoValue, WindowSeconds,
};

pub use links::{Bond, Bridge, Dhcp, Link, Member, Route, Vlan};
pub use owner::Owner;

/// Addresses come some seconds after files were read: by DHCP, or when a switch has let a link in.
const SETTLE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Links of the network: bonds, VLANs, bridges, addresses, through whatever looks after them on this host.
///
/// Undone at once, and put back as it was, unless somebody is reached in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Those that are changed or made, up to 64.
    pub links: Vec<Link>,
    /// One of these has to take a connection afterwards. None: somebody has to say `muster install --confirm-network`.
    #[serde(default)]
    pub reach: Endpoints,
    /// How long that may take; then all is put back.
    #[serde(default)]
    pub window_s: WindowSeconds,
}

/// What is known of the links, and the files that say how they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NetworkState {
    /// Who looks after them.
    pub owner: Owner,
    /// What links are called that the step has by their hardware addresses.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<MacAddress, LinkName>,
    /// The largest packets of the links that were there and that the step gives others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mtus: BTreeMap<LinkName, Mtu>,
    /// Whether each link that the step makes is there.
    pub links: BTreeMap<LinkName, Presence>,
    /// The owner's files, by their paths. None: there is no such file.
    #[serde(flatten)]
    pub files: BTreeMap<HostPath, Option<KeptFile>>,
}

/// Whether a link is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is not.
    Absent,
    /// It is.
    Present,
}

impl Network {
    fn named(&self, name: &LinkName) -> Option<&Link> {
        self.links.iter().find(|link| link.name == *name)
    }

    /// What the links with the step's hardware addresses are called, as far as they are there.
    fn names(&self, seen: &[SeenLink]) -> BTreeMap<MacAddress, LinkName> {
        let members = self.links.iter().flat_map(Link::members);
        let named = members.filter_map(|member| {
            let Member::Mac(mac) = member else {
                return None;
            };
            let same = |link: &&SeenLink| {
                let found = link.mac.as_ref().map(MacAddress::as_str);
                found.is_some_and(|found| found.eq_ignore_ascii_case(mac.as_str()))
            };
            let link = seen.iter().find(same)?;
            Some((mac.clone(), LinkName::try_from(link.name.clone()).ok()?))
        });
        named.collect()
    }

    /// What the step gives links that it does not make: their own, or that of the link that they belong to.
    fn given_mtus(&self, names: &BTreeMap<MacAddress, LinkName>) -> BTreeMap<LinkName, Mtu> {
        let own = self.links.iter().filter(|link| !link.is_made());
        let own = own.filter_map(|link| Some((link.name.clone(), link.mtu?)));
        let of_members = self.links.iter().flat_map(|link| {
            let members = link.members().iter();
            let names = members.filter_map(|member| member.name(names));
            let unnamed = names.filter(|name| self.named(name).is_none());
            unnamed.filter_map(|name| Some((name.clone(), link.mtu?)))
        });
        own.chain(of_members).collect()
    }

    fn mtus(&self, seen: &[SeenLink]) -> BTreeMap<LinkName, Mtu> {
        let given = self.given_mtus(&self.names(seen)).into_keys();
        let found = given.filter_map(|name| {
            let link = seen.iter().find(|link| link.name == name.as_str())?;
            Some((name, Mtu::try_from(link.mtu?).ok()?))
        });
        found.collect()
    }

    fn wanted_mtus(&self, before: &NetworkState) -> BTreeMap<LinkName, Mtu> {
        let mut given = self.given_mtus(&before.names);
        given.retain(|name, _| before.mtus.contains_key(name));
        given
    }

    /// What is in the files of the step, where they are as it wants them.
    fn files(&self, state: &NetworkState) -> Result<BTreeMap<HostPath, String>, StepError> {
        let files = match state.owner {
            Owner::Manager(Manager::Networkd) => networkd::files(self, &state.names),
            _ => Ok(BTreeMap::new()),
        };
        files.map_err(|why: NoValue| StepError::refused(why.to_string()))
    }

    /// Waits until the kernel has come to what the files say.
    fn settle(&self, host: &mut dyn Host, state: &NetworkState) -> Result<(), StepError> {
        let is_wanted = self.wanted(state)? == *state;
        let mut left = SETTLE;
        loop {
            let seen = host.links()?;
            let why = match is_wanted {
                true => judge::difference(self, &state.names, &seen),
                false => None,
            };
            match why {
                None => return Ok(()),
                Some(why) if left.is_zero() => {
                    return Err(StepError::refused(format!(
                        "{why}, {} s after its configuration was read",
                        SETTLE.as_secs()
                    )));
                }
                Some(_) => host.pause(LOOK_AGAIN),
            }
            left = left.saturating_sub(LOOK_AGAIN);
        }
    }
}

impl Step for Network {
    type State = NetworkState;

    fn title(&self) -> String {
        let links: Vec<String> = self.links.iter().map(Link::words).collect();
        format!("Have the network as {}", links.join("; "))
    }

    fn inspect(&self, host: &dyn Host) -> Result<NetworkState, StepError> {
        check::sense(self)?;
        let seen = host.links()?;
        let made = self.links.iter().filter(|link| link.is_made());
        let presence = |name: &LinkName| match seen.iter().any(|seen| seen.name == name.as_str()) {
            true => Presence::Present,
            false => Presence::Absent,
        };
        let mut state = NetworkState {
            owner: owner::of(self, &seen, &host.managers()?),
            mtus: self.mtus(&seen),
            names: self.names(&seen),
            links: made
                .map(|link| (link.name.clone(), presence(&link.name)))
                .collect(),
            files: BTreeMap::new(),
        };
        for path in self.files(&state)?.into_keys() {
            let file = files::file(host, &path)?;
            state.files.insert(path, file);
        }
        Ok(state)
    }

    fn wanted(&self, before: &NetworkState) -> Result<NetworkState, StepError> {
        owner::require(&before.owner)?;
        let files = self.files(before)?.into_iter();
        let made = before.links.keys().cloned();
        Ok(NetworkState {
            owner: before.owner.clone(),
            mtus: self.wanted_mtus(before),
            names: before.names.clone(),
            links: made.map(|name| (name, Presence::Present)).collect(),
            files: files
                .map(|(path, text)| (path, Some(KeptFile::of_root(&text))))
                .collect(),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &NetworkState) -> Result<(), StepError> {
        let manager = owner::require(&state.owner)?;
        for (path, file) in &state.files {
            files::set_file(host, path, file.as_ref())?;
        }
        // Also where the files are right already: whoever wrote them may have been killed before this.
        host.reload_network(manager)?;
        // From the top of the stack down, as they are named from the bottom up.
        for link in self.links.iter().rev() {
            let is_to_go = state.links.get(&link.name) == Some(&Presence::Absent);
            let is_there = |seen: &SeenLink| seen.name == link.name.as_str();
            if is_to_go && host.links()?.iter().any(is_there) {
                host.remove_link(&link.name)?;
            }
        }
        for (name, mtu) in &state.mtus {
            if self.mtus(&host.links()?).get(name) != Some(mtu) {
                host.set_mtu(name, *mtu)?;
            }
        }
        self.settle(host, state)?;
        Ok(host.sync_everything()?)
    }

    fn keep(&self, host: &dyn Host, before: &NetworkState) -> Result<Vec<Keep>, StepError> {
        let now = self.inspect(host)?;
        let wanted = self.wanted(before)?;
        let is_edited = |(path, file): (&HostPath, &Option<KeptFile>)| {
            let known = [wanted.files.get(path), before.files.get(path)];
            !known.contains(&Some(file))
        };
        let keep = now.files.iter().any(is_edited).then(|| Keep {
            field: "links".into(),
            why: "the links that were made stay until the next start: a file of theirs was changed since".to_owned(),
        });
        Ok(keep
            .into_iter()
            .filter(|_| !self.is_nothing_made(before))
            .collect())
    }

    fn consider(&self, host: &dyn Host, before: &NetworkState) -> Result<Vec<String>, StepError> {
        let manager = owner::require(&before.owner)?;
        host.require_network_tools(manager)?;
        let seen = host.links()?;
        check::host(self, before, &seen)?;
        Ok(self.notes(before, manager, &seen))
    }

    fn window(&self) -> Option<Window<'_>> {
        Some(Window {
            reach: self.reach.as_slice(),
            length: Duration::from_secs(u64::from(u32::from(self.window_s))),
        })
    }
}

impl Network {
    fn is_nothing_made(&self, before: &NetworkState) -> bool {
        before
            .links
            .values()
            .all(|presence| *presence == Presence::Present)
    }

    /// What is to be known before it is confirmed.
    fn notes(&self, before: &NetworkState, manager: Manager, seen: &[SeenLink]) -> Vec<String> {
        let touched = self.touched(&before.names);
        let carries = |link: &&SeenLink| {
            link.has_default_route && touched.iter().any(|name| name.as_str() == link.name)
        };
        let mut notes = vec![match self.reach.as_slice() {
            [] => format!(
                "{manager} does it; all is put back by itself after {} s, unless somebody says `muster install --confirm-network` before",
                self.window_s
            ),
            reach => format!(
                "{manager} does it; all is put back by itself after {} s, unless {} takes a connection before",
                self.window_s,
                reach
                    .iter()
                    .map(Endpoint::as_str)
                    .collect::<Vec<_>>()
                    .join(" or ")
            ),
        }];
        notes.extend(seen.iter().find(carries).map(|link| {
            format!(
                "disruptive: {} has the default route, so that connections to this machine may break, yours as well",
                link.name
            )
        }));
        notes
    }

    /// The links that are there before and that the step is about.
    fn touched(&self, names: &BTreeMap<MacAddress, LinkName>) -> Vec<LinkName> {
        let members = self.links.iter().flat_map(Link::members);
        let members = members.filter_map(|member| member.name(names).cloned());
        let own = self.links.iter().map(|link| link.name.clone());
        own.chain(members).collect()
    }
}

#[cfg(test)]
mod tests;
