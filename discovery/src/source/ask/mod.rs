//! Answers of the running machine to each [`Query`].

mod system;
mod usage;

use super::{Answer, Query, ioctl};
use crate::Fault;

/// Asks the running machine.
pub(super) fn answer(query: &Query) -> Answer {
    match query {
        Query::Clock => system::clock(),
        Query::ClockState => ioctl::clock::state(),
        Query::Uname => system::uname(),
        Query::UserId => system::user_id(),
        Query::Usage { over } => usage::usage(*over),
        other => Err(Fault::Unsupported(format!("{other:?}"))),
    }
}
