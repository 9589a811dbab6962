//! Who decides which packets come in, as steps see it.

use serde::{Deserialize, Serialize};

use super::HostError;
use crate::value::Opening;

/// Who keeps packets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Nobody does: all ports are open.
    Nobody,
    /// firewalld(1), which runs.
    Firewalld,
    /// Rules of nftables that somebody else has made.
    Rules,
}

/// Where packets come through.
pub trait Firewall {
    /// Who keeps packets out.
    fn guard(&self) -> Result<Guard, HostError>;
    /// Whether it is open now, and at each boot. Of rules of others it is told whether one of them lets exactly this in.
    fn is_open(&self, opening: &Opening) -> Result<Open, HostError>;
    /// Has firewalld open it or not, at each boot.
    fn set_open_at_boot(&mut self, opening: &Opening, to: bool) -> Result<(), HostError>;
    /// Has firewalld open it or not, now.
    fn set_open_now(&mut self, opening: &Opening, to: bool) -> Result<(), HostError>;
}

/// Whether something is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Until the next boot.
    pub now: bool,
    /// From the next boot on.
    pub at_boot: bool,
}
