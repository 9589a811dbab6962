//! The root node of the device tree (Devicetree Specification 0.4, section 3.2), for machines
//! without SMBIOS. Power systems add `system-id` (Linux on Power Architecture Reference).

use super::Facts;
use crate::parse::placeholder::{Screened, screen, screen_bytes};
use crate::parse::smbios::Identity;
use crate::source::{Dir, Source};

/// `None` where there is no device tree that names the machine.
pub(super) fn read(source: &Source) -> Option<Facts> {
    let root = source.dir("proc/device-tree");
    identity(&root)
        .or_else(|| identity(&source.dir("sys/firmware/devicetree/base")))
        .map(|identity| Facts {
            identity,
            ..Facts::default()
        })
}

fn identity(root: &Dir<'_>) -> Option<Identity> {
    let compatible = property(root, "compatible");
    let model = property(root, "model").or(compatible.clone())?;
    // `manufacturer,model` is recommended for both; most boards write a plain name as the model.
    let (vendor, product) = match model.split_once(',') {
        Some((vendor, product)) if !vendor.contains(' ') => (Some(vendor), product),
        _ => (None, model.as_str()),
    };
    let maker = compatible.as_deref().and_then(|name| name.split_once(','));
    let vendor = vendor.or(maker.map(|(maker, _)| maker));
    let serial = property(root, "serial-number").or_else(|| property(root, "system-id"));
    Some(Identity {
        vendor: vendor.map(screen).unwrap_or_default(),
        product: screen(product),
        serial: serial.map(|serial| screen(&serial)).unwrap_or_default(),
        ..Identity::default()
    })
}

/// The first string of a property.
fn property(root: &Dir<'_>, name: &str) -> Option<String> {
    let bytes = root.read(name).ok()?;
    let first = bytes.split(|byte| *byte == 0).next()?;
    match screen_bytes(first) {
        Screened::Value(text) | Screened::Placeholder(text) => Some(text),
        Screened::Empty => None,
    }
}
