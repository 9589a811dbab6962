//! What is looked at on this machine, and what is wrong with it.

mod decide;

use std::path::{Path, PathBuf};

use muster_discovery::Source;
use nix::sys::statvfs::statvfs;
use nix::unistd::geteuid;
use rustls::pki_types::UnixTime;

use super::probe::Trust;
use super::{Checked, Outcome};
use crate::cli::DoctorArguments;
use crate::daemon::config::{ConfigError, check};
use crate::daemon::credentials::Credentials;
use crate::daemon::identity::Identity;
use crate::daemon::local::client::{AskError, ask};
use crate::daemon::local::protocol::{Answer, Call};
use crate::daemon::look::{Seen, look};
use crate::daemon::outward::{Outward, Proxy, ProxyError};
use crate::daemon::privileges::service_user;
use crate::daemon::{Place, State, lenient_place, tls, token, variable};
use crate::helper::client::is_reachable;
use crate::value::Target;

/// Where muster writes, and what has to have room.
const LOGS: &str = "/var/log";

/// What was seen of this machine.
pub(super) struct Machine {
    place: Place,
    source: Option<Source>,
    seen: Option<Seen>,
    token_file: Option<PathBuf>,
    outward: Outward,
}

impl Machine {
    /// Looks at the configuration first: the rest is where that says.
    pub(super) fn look(arguments: &DoctorArguments) -> (Self, Vec<Checked>) {
        let place = &arguments.place;
        let (config, outcome) = match check(place.config.as_deref()) {
            Ok(checked) => {
                let outcome = decide::configuration(&checked.faults);
                (checked.config, outcome)
            }
            Err(error) => (Default::default(), unreadable(&error)),
        };
        let mut checks = vec![Checked::new("configuration", outcome)];
        let proxy = Proxy::of(&config, variable).unwrap_or_else(|error| {
            checks.push(Checked::new("proxy", faulty(&error)));
            None
        });
        let token_file = arguments.token_file.clone().or(config.token_file.clone());
        let machine = Self {
            place: lenient_place(place, config),
            source: Source::live().ok(),
            seen: None,
            token_file,
            outward: Outward::new(proxy),
        };
        (machine, checks)
    }

    /// How controllers are reached.
    pub(super) fn outward(&self) -> &Outward {
        &self.outward
    }

    /// Asks the running agent, else looks at its state.
    pub(super) async fn agent(&mut self) -> Vec<Checked> {
        let asked = ask(&self.place.socket, &Call::Status).await;
        let on_disk = || look(&self.place.state, &self.place.controllers);
        let (seen, outcome) = match asked {
            Ok(Answer::Status(seen)) => (Some(*seen), Outcome::Well),
            Ok(_) | Err(AskError::Unknown { .. }) => (on_disk().ok(), decide::other_version()),
            Err(error @ AskError::NotAllowed { .. }) => {
                (None, Outcome::unchecked(error.to_string()))
            }
            Err(error @ AskError::NotRunning { .. }) => match on_disk() {
                Ok(seen) => {
                    let outcome = decide::not_running(&seen);
                    (Some(seen), outcome)
                }
                Err(_) => (None, Outcome::unchecked(error.to_string())),
            },
            Err(error) => (None, decide::silent(&error.to_string())),
        };
        let link = seen.as_ref().map(decide::link);
        self.seen = seen;
        let agent = Checked::new("agent", outcome);
        std::iter::once(agent)
            .chain(link.map(|link| Checked::new("link", link)))
            .collect()
    }

    /// Calls the helper, where the agent is one that has no rights itself.
    pub(super) async fn helper(&self) -> Option<Checked> {
        let user = service_user(&self.place.state)?;
        let own = geteuid();
        let outcome = match own.is_root() || own == user.uid {
            true => decide::helper(is_reachable().await.as_ref()),
            false => Outcome::unchecked("only root and the agent may call it; run this as root"),
        };
        Some(Checked::new("helper", outcome))
    }

    /// All of this machine that needs no controller.
    pub(super) fn checks(&self) -> Vec<Checked> {
        let state = self.place.state.display().to_string();
        let mut checks = vec![
            Checked::of("state", state, self.state()),
            Checked::new("certificate", self.certificate()),
            Checked::new(
                "machine-id",
                decide::machine_id(self.text("/etc/machine-id").as_deref()),
            ),
            Checked::new(
                "hostname",
                decide::hostname(
                    self.text("/proc/sys/kernel/hostname").as_deref(),
                    self.text("/etc/hostname").as_deref(),
                ),
            ),
        ];
        for folder in [existing(&self.place.state), existing(Path::new(LOGS))] {
            let name = folder.display().to_string();
            checks.push(Checked::of("space", name, space(&folder)));
        }
        checks.extend(self.interfaces());
        checks
    }

    /// Those that the agent asks, and those that were named.
    pub(super) fn targets(&self, named: &[Target]) -> Vec<Target> {
        let mut targets = named.to_vec();
        if targets.is_empty() {
            let seen = self.seen.iter().flat_map(|seen| &seen.targets);
            targets.extend(seen.filter_map(|seen| seen.controller.parse().ok()));
        }
        if targets.is_empty() {
            targets.clone_from(&self.place.controllers);
        }
        targets
    }

    /// By what a controller is judged.
    pub(super) fn trust(&self) -> Trust {
        let enrolled = || {
            let state = State::look(&self.place.state);
            let identity = Identity::open(&state).ok()??;
            let enrolment = state.enrolment().ok()??;
            let credentials = Credentials::kept(&enrolment, &identity.public_key()).ok()?;
            tls::enrolled(&identity, &credentials).ok()
        };
        if let Some(config) = enrolled() {
            return Trust::Enrolled(config);
        }
        // Standard input is for whoever joins.
        let file = self
            .token_file
            .as_deref()
            .filter(|file| *file != Path::new("-"));
        let token = file.and_then(|file| token::read(Some(file), None).ok().flatten());
        let pinned = token.and_then(|token| tls::enrolling(*token.pin()).ok());
        pinned.map_or(Trust::Nobody, Trust::Pinned)
    }

    fn state(&self) -> Outcome {
        let state = State::look(&self.place.state);
        let looked = state
            .node_id()
            .map(|_| ())
            .and_then(|()| state.key().map(|_| ()))
            .and_then(|()| state.enrolment().map(|_| ()))
            .and_then(|()| state.told().map(|_| ()))
            .and_then(|()| state.is_resetting());
        decide::state(looked)
    }

    fn certificate(&self) -> Outcome {
        let Some(seen) = &self.seen else {
            return Outcome::unchecked("the agent's state cannot be seen; run this as root");
        };
        let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
        decide::certificate(seen.certificate.as_ref(), now)
    }

    /// Interfaces that two programs configure. Said only when it is so.
    fn interfaces(&self) -> Vec<Checked> {
        let managed = |folder: &str, is_managed: fn(&str) -> bool| {
            let names = self.source.as_ref().map(|source| source.list(folder));
            let names = names.and_then(Result::ok).unwrap_or_default().into_iter();
            let managed = names.filter(|name| {
                let text = self.text(&format!("{folder}/{name}"));
                text.is_some_and(|text| is_managed(&text))
            });
            managed.collect::<Vec<String>>()
        };
        let network_manager = managed("/run/NetworkManager/devices", decide::network_manager_has);
        let networkd = managed("/run/systemd/netif/links", decide::networkd_has);
        let both = network_manager
            .iter()
            .filter(|index| networkd.contains(index));
        let checks = both.map(|index| {
            let name = self.interface(index);
            let outcome = decide::two_managers(&name);
            Checked::of("interface", name, outcome)
        });
        checks.collect()
    }

    /// The name of the interface with that index.
    fn interface(&self, index: &str) -> String {
        let links = self.text(&format!("/run/systemd/netif/links/{index}"));
        let by_name = |name: &String| {
            self.text(&format!("/sys/class/net/{name}/ifindex"))
                .as_deref()
                == Some(index)
        };
        let names = self
            .source
            .as_ref()
            .map(|source| source.list("/sys/class/net"));
        let mut names = names.and_then(Result::ok).unwrap_or_default().into_iter();
        let found = links.and_then(|_| names.find(by_name));
        found.unwrap_or_else(|| format!("number {index}"))
    }

    fn text(&self, path: &str) -> Option<String> {
        let text = self.source.as_ref()?.text(path).ok()?;
        Some(text.trim().to_owned())
    }
}

fn unreadable(error: &ConfigError) -> Outcome {
    let cause = crate::daemon::connect::chain(error);
    Outcome::problem(
        cause,
        "give another with --config FILE, or correct its mode",
    )
}

fn faulty(error: &ProxyError) -> Outcome {
    let cause = crate::daemon::connect::chain(error);
    Outcome::problem(cause, "until then the agent does not start")
}

fn space(folder: &Path) -> Outcome {
    match statvfs(folder) {
        Err(error) => Outcome::unchecked(format!("{}: {error}", folder.display())),
        Ok(found) => decide::space(&decide::Space {
            available_bytes: found
                .blocks_available()
                .saturating_mul(found.fragment_size()),
            // Some file systems count no inodes.
            available_files: (found.files() > 0).then(|| found.files_available()),
        }),
    }
}

/// The nearest folder above that is there.
fn existing(folder: &Path) -> PathBuf {
    let mut above = folder.ancestors();
    let found = above.find(|folder| folder.is_dir());
    found.unwrap_or(Path::new("/")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_one_above() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(existing(&folder.path().join("a/b")), folder.path());
    }
}
