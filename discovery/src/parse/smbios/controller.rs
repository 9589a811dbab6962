//! Types 38 and 42: how the host reaches its management controller.

use super::Smbios;

/// Network host interface (section 7.43): Redfish over IP.
const NETWORK_HOST_INTERFACE: u8 = 0x40;

/// A management controller that the firmware knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Controller {
    /// `kcs`, `smic`, `bt` or `ssif`; `None` for one that is reached otherwise.
    pub(crate) interface: Option<&'static str>,
}

impl Smbios {
    /// The controller, by IPMI (type 38, section 7.39) or else by a network host interface.
    pub(crate) fn controller(&self) -> Option<Controller> {
        let ipmi = self.of_type(38).next().map(|structure| Controller {
            interface: match structure.byte(0x04) {
                Some(0x01) => Some("kcs"),
                Some(0x02) => Some("smic"),
                Some(0x03) => Some("bt"),
                Some(0x04) => Some("ssif"),
                _ => None,
            },
        });
        ipmi.or_else(|| {
            self.of_type(42)
                .any(|structure| structure.byte(0x04) == Some(NETWORK_HOST_INTERFACE))
                .then_some(Controller { interface: None })
        })
    }
}
