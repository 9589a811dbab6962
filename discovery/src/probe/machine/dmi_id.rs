//! What the kernel shows of SMBIOS types 0 to 3 in `/sys/class/dmi/id`: all of it but the serial
//! numbers and the UUID to everybody.

use super::Facts;
use crate::Fault;
use crate::parse::placeholder::{Screened, screen_bytes, screen_uuid};
use crate::parse::smbios::{Baseboard, Enclosure, Firmware, Identity, chassis_kind};
use crate::source::{Dir, Source};

/// `None` where the kernel shows nothing.
pub(super) fn read(source: &Source) -> Option<Facts> {
    let mut attributes = Attributes {
        directory: source.dir("sys/class/dmi/id"),
        denied: Vec::new(),
        seen: 0,
    };
    let facts = Facts {
        firmware: firmware(&mut attributes),
        identity: identity(&mut attributes),
        baseboard: Baseboard {
            vendor: attributes.text("board", "vendor", "board_vendor"),
            product: attributes.text("board", "product", "board_name"),
            version: attributes.text("board", "version", "board_version"),
            serial: attributes.text("board", "serial", "board_serial"),
            asset_tag: attributes.text("board", "asset_tag", "board_asset_tag"),
        },
        enclosure: Enclosure {
            vendor: attributes.text("chassis", "vendor", "chassis_vendor"),
            kind: attributes
                .text("chassis", "kind", "chassis_type")
                .value()
                .and_then(|number| chassis_kind(number.parse().ok()?)),
            serial: attributes.text("chassis", "serial", "chassis_serial"),
            asset_tag: attributes.text("chassis", "asset_tag", "chassis_asset_tag"),
        },
        denied: Vec::new(),
        faults: Vec::new(),
    };
    (attributes.seen > 0).then_some(Facts {
        denied: attributes.denied,
        ..facts
    })
}

fn firmware(attributes: &mut Attributes<'_>) -> Firmware {
    Firmware {
        vendor: attributes.text("bios", "vendor", "bios_vendor"),
        version: attributes.text("bios", "version", "bios_version"),
        date: attributes.text("bios", "date", "bios_date"),
        revision: attributes.text("bios", "revision", "bios_release").value(),
    }
}

fn identity(attributes: &mut Attributes<'_>) -> Identity {
    Identity {
        vendor: attributes.text("system", "vendor", "sys_vendor"),
        product: attributes.text("system", "product", "product_name"),
        version: attributes.text("system", "version", "product_version"),
        serial: attributes.text("system", "serial", "product_serial"),
        uuid: match attributes.text("system", "uuid", "product_uuid") {
            Screened::Value(uuid) => screen_uuid(&uuid),
            other => other,
        },
        sku: attributes.text("system", "sku", "product_sku"),
        family: attributes.text("system", "family", "product_family"),
    }
}

struct Attributes<'a> {
    directory: Dir<'a>,
    denied: Vec<(&'static str, &'static str)>,
    seen: usize,
}

impl Attributes<'_> {
    /// An attribute; each is optional, as the kernel makes none of an empty string.
    fn text(&mut self, section: &'static str, field: &'static str, name: &str) -> Screened {
        let got = self.directory.read(name);
        self.seen += usize::from(got.is_ok());
        if got == Err(Fault::Denied) {
            self.denied.push((section, field));
        }
        got.map(|bytes| screen_bytes(&bytes)).unwrap_or_default()
    }
}
