//! Answers of the running machine to each [`Query`].

mod ethtool;
mod ipmi;
mod netlink;
mod system;
mod usage;

use super::{Answer, Query};
use crate::Fault;

/// Asks the running machine.
pub(super) fn answer(query: &Query) -> Answer {
    match query {
        Query::Clock => system::clock(),
        Query::Uname => system::uname(),
        Query::UserId => system::user_id(),
        Query::Usage { over } => usage::usage(*over),
        Query::Ipmi {
            net_fn,
            command,
            data,
        } => ipmi::request(*net_fn, *command, data),
        Query::Links => netlink::links(),
        Query::Addresses => netlink::addresses(),
        Query::Ethtool { interface, command } => ethtool::ethtool(interface, *command),
        other => Err(Fault::Unsupported(format!("{other:?}"))),
    }
}
