//! What is asked of the controller (IPMI 2.0; its sections are cited).

use crate::parse::ipmi::Lan;
use crate::source::Query;

const APPLICATION: u8 = 0x06;
const TRANSPORT: u8 = 0x0c;

/// Get Device ID (section 20.1).
pub(super) fn get_device_id() -> Query {
    Query::Ipmi {
        net_fn: APPLICATION,
        command: 0x01,
        data: Vec::new(),
    }
}

/// Get Channel Info (section 22.24).
pub(super) fn get_channel_info(channel: u8) -> Query {
    Query::Ipmi {
        net_fn: APPLICATION,
        command: 0x42,
        data: vec![channel],
    }
}

/// Get LAN Configuration Parameters (section 23.2), of the first set.
pub(super) fn get_lan(channel: u8, parameter: Lan) -> Query {
    Query::Ipmi {
        net_fn: TRANSPORT,
        command: 0x02,
        data: vec![channel, parameter as u8, 0, 0],
    }
}
