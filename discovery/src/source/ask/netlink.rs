//! Dumps of rtnetlink(7).

use crate::source::Answer;
use crate::source::netlink::NetlinkSocket;

/// `linux/rtnetlink.h`.
const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
/// `IFLA_EXT_MASK` with `RTEXT_FILTER_SKIP_STATS`: a third of each message is counters otherwise.
const IFLA_EXT_MASK: u16 = 29;
const SKIP_STATS: u32 = 1 << 3;

/// Every interface of this network namespace.
pub(in crate::source) fn links() -> Answer {
    let mut payload = vec![0; 16];
    payload.extend(8_u16.to_ne_bytes());
    payload.extend(IFLA_EXT_MASK.to_ne_bytes());
    payload.extend(SKIP_STATS.to_ne_bytes());
    NetlinkSocket::route(0)?.dump(RTM_GETLINK, &payload)
}

/// Every address of every family.
pub(super) fn addresses() -> Answer {
    NetlinkSocket::route(0)?.dump(RTM_GETADDR, &[0; 8])
}
