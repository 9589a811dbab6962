//! What the firewall lets in.

use serde::{Deserialize, Serialize};

use super::{Keep, Step, StepError};
use crate::host::Host;
use crate::host::firewall::Guard;
use crate::value::Opening;

/// A port that is reached from outside, where something keeps packets out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Firewall(pub Opening);

/// Whether the port is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FirewallState {
    /// Who keeps packets out.
    pub guard: Guard,
    /// Whether it is open now.
    pub now: bool,
    /// Whether it is open at each boot.
    pub at_boot: bool,
}

impl Step for Firewall {
    type State = FirewallState;

    fn title(&self) -> String {
        format!("Have the firewall, if any, let in {}", self.0)
    }

    fn inspect(&self, host: &dyn Host) -> Result<FirewallState, StepError> {
        let open = host.is_open(&self.0)?;
        Ok(FirewallState {
            guard: host.guard()?,
            now: open.now,
            at_boot: open.at_boot,
        })
    }

    fn wanted(&self, before: &FirewallState) -> Result<FirewallState, StepError> {
        Ok(FirewallState {
            guard: before.guard,
            now: true,
            at_boot: true,
        })
    }

    fn check(&self, host: &dyn Host) -> Result<(), StepError> {
        match host.guard()? {
            Guard::Nobody | Guard::Firewalld => Ok(()),
            Guard::Rules => Err(self.not_ours()),
        }
    }

    fn set(&self, host: &mut dyn Host, state: &FirewallState) -> Result<(), StepError> {
        let open = host.is_open(&self.0)?;
        let is_changed = (open.now, open.at_boot) != (state.now, state.at_boot);
        match host.guard()? {
            Guard::Rules if is_changed => return Err(self.not_ours()),
            Guard::Nobody if is_changed => {
                return Err(StepError::refused(
                    "firewalld does not run any more: start it",
                ));
            }
            _ => {}
        }
        if open.at_boot != state.at_boot {
            host.set_open_at_boot(&self.0, state.at_boot)?;
        }
        if open.now != state.now {
            host.set_open_now(&self.0, state.now)?;
        }
        Ok(host.sync_everything()?)
    }

    /// What firewalld has in its files cannot be told to it while it does not run.
    fn keep(&self, host: &dyn Host, before: &FirewallState) -> Result<Vec<Keep>, StepError> {
        if before.guard != Guard::Firewalld || host.guard()? == Guard::Firewalld {
            return Ok(Vec::new());
        }
        let why = format!(
            "firewalld does not run, and lets in {} when it does again",
            self.0
        );
        let fields = ["now", "at_boot"].map(|field| Keep {
            field: field.into(),
            why: why.clone(),
        });
        Ok(fields.into())
    }
}

impl Firewall {
    /// A table of ours could not let in what another one drops: nft(8), "a packet is dropped by any chain".
    fn not_ours(&self) -> StepError {
        let Opening {
            port,
            protocol,
            source,
        } = &self.0;
        let (port, protocol) = (port.0, protocol.name());
        let from = source.as_ref().map_or(String::new(), |source| {
            let family = match source.family() {
                "ipv6" => "ip6",
                _ => "ip",
            };
            format!("{family} saddr {} ", source.as_str())
        });
        StepError::refused(format!(
            "rules of nftables that muster did not make drop packets, and nothing but themselves can let in {}: add `{from}{protocol} dport {port} accept` to their chain for input (in /etc/nftables.conf; with ufw by `ufw allow {port}/{protocol}`), have it loaded, and plan again",
            self.0
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{action, host, prove, refused};

    #[test]
    fn a_port_is_opened_and_closed_again() {
        let opening = json!({"firewall": {"port": "6443", "source": "10.0.0.0/8"}});
        let after = prove(&host(), &opening);
        assert_eq!(
            after.text("/etc/firewall").unwrap(),
            "22/tcp\n6443/tcp from 10.0.0.0/8\n"
        );
        prove(
            &host(),
            &json!({"firewall": {"port": "8472", "protocol": "udp"}}),
        );
    }

    #[test]
    fn where_nobody_keeps_packets_out_there_is_nothing_to_do() {
        let mut host = host();
        host.take("/etc/firewall");
        let action = action(&json!({"firewall": {"port": "6443"}}));
        let before = action.inspect(&host).unwrap();
        assert_eq!(action.wanted(&before).unwrap(), before);
    }

    #[test]
    fn rules_of_others_are_left_to_them_and_what_to_do_is_told() {
        let mut host = host();
        host.put("/etc/firewall", "rules\n");
        let told = refused(
            &host,
            &json!({"firewall": {"port": "6443", "source": "fd00::/8"}}),
        );
        assert!(
            told.contains("add `ip6 saddr fd00::/8 tcp dport 6443 accept` to their chain"),
            "{told}"
        );
    }
}
