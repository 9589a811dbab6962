//! Where muster keeps what it knows of its changes to this host.

use crate::host::{Host, HostError, files};
use crate::receipt::Receipt;
use crate::value::{Attributes, Content, HostPath, KeptFile};

use super::EngineError;

const PRIVATE: u32 = 0o600;

/// The folder of all of it. Root alone reads it: what files held before is there. It is not in the agent's, whose user could put another
/// in its place.
pub(crate) fn folder() -> HostPath {
    HostPath::known("/var/lib/muster-install")
}

pub(crate) fn lease() -> HostPath {
    HostPath::known("/var/lib/muster-install/lease")
}

pub(crate) fn journal() -> HostPath {
    HostPath::known("/var/lib/muster-install/journal")
}

/// There when whoever is at work is asked to end, and to put back what it did.
pub(crate) fn cancellation() -> HostPath {
    HostPath::known("/var/lib/muster-install/cancel")
}

/// There when somebody has seen that the network is as it is to be.
pub(crate) fn confirmation() -> HostPath {
    HostPath::known("/var/lib/muster-install/confirm")
}

/// There while `muster-install.service` is to go on with what is in the journal: its condition names it.
pub(crate) fn order() -> HostPath {
    HostPath::known("/var/lib/muster-install/order")
}

/// The receipts, from the oldest on. Undone they are from the newest on.
///
/// # Errors
/// One cannot be read: then none can be undone, because what was changed last goes first.
pub(crate) fn receipts(host: &dyn Host) -> Result<Vec<(u32, Receipt)>, EngineError> {
    let paths = receipt_paths(host)?.into_iter();
    let receipts = paths.map(|(number, path)| {
        let json = host.read(&path)?.unwrap_or_default();
        match Receipt::from_json(&json) {
            Ok(receipt) => Ok((number, receipt)),
            Err(why) => Err(EngineError::Receipt { path, why }),
        }
    });
    receipts.collect()
}

/// Where the receipts are, the oldest first.
pub(crate) fn receipt_paths(host: &dyn Host) -> Result<Vec<(u32, HostPath)>, EngineError> {
    let names = host.list(&folder())?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    let paths = numbers.into_iter();
    paths.map(|number| Ok((number, path(number)?))).collect()
}

/// Keeps a receipt, for good.
pub(crate) fn keep(host: &mut dyn Host, number: u32, receipt: &Receipt) -> Result<(), EngineError> {
    let json = format!("{}\n", serde_json::to_string_pretty(receipt)?);
    let file = KeptFile {
        content: Content::from(json.as_str()),
        attributes: Attributes::of_root(PRIVATE),
    };
    Ok(files::set_file(host, &path(number)?, Some(&file))?)
}

/// Drops a receipt, for good; it need not be there.
pub(crate) fn drop(host: &mut dyn Host, number: u32) -> Result<(), EngineError> {
    Ok(files::set_file(host, &path(number)?, None)?)
}

/// Asks whoever installs right now to end after the step that it is at, and to put back what it did.
///
/// # Errors
/// The host does not do it.
pub fn request_cancellation(host: &mut dyn Host) -> Result<(), HostError> {
    files::set_file(host, &cancellation(), Some(&sign()))
}

/// Says that the network is as it is to be: whoever waits for that right now goes on.
///
/// # Errors
/// The host does not do it.
pub fn confirm_network(host: &mut dyn Host) -> Result<(), HostError> {
    files::set_file(host, &confirmation(), Some(&sign()))
}

/// Leaves word, for good, that what is in the journal is to be gone on with.
pub(crate) fn leave_order(host: &mut dyn Host) -> Result<(), HostError> {
    files::set_file(host, &order(), Some(&sign()))
}

/// A file that says all by being there.
fn sign() -> KeptFile {
    KeptFile {
        content: Content::from(""),
        attributes: Attributes::of_root(PRIVATE),
    }
}

fn path(number: u32) -> Result<HostPath, EngineError> {
    let path = folder().join(&format!("receipt-{number:04}.json"));
    path.map_err(|why| EngineError::Host(HostError::because("name", "a receipt", &why.to_string())))
}

fn number(name: &str) -> Option<u32> {
    let number = name.strip_prefix("receipt-")?.strip_suffix(".json")?;
    number.parse().ok()
}
