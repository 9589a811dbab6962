//! The management controller: whether there is one, and what it says of itself.

mod requests;

use muster_model::peripheral::Bmc;
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::ipmi::{self, Lan};
use crate::parse::smbios::Smbios;
use crate::source::{ATTRIBUTE_CAP, Answer, Request};

/// `ipmi_devintf` puts its devices here.
const CLASS: &str = "sys/class/ipmi";
/// What ACPI calls an IPMI system interface (IPMI 2.0, appendix C3).
const ACPI_INTERFACE: &str = "sys/bus/acpi/devices/IPI0001:00";
/// Nearly every controller has its LAN on the first channel.
const USUAL_CHANNEL: u8 = 1;
/// Channels that may be a LAN else (IPMI 2.0, table 6-1).
const OTHER_CHANNELS: std::ops::RangeInclusive<u8> = 2..=0x0b;
/// What is asked of a channel, in the order of [`Lan`]'s use in [`take_addresses`].
const PARAMETERS: [Lan; 4] = [
    Lan::Ipv4Address,
    Lan::MacAddress,
    Lan::Ipv6Static,
    Lan::Ipv6Dynamic,
];

/// Fills `bmc`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Bmc> {
    let mut notes = Notes::new("bmc");
    let mut bmc = Bmc::default();
    let devices = notes.keep("bmc", CLASS, context.source.list(CLASS));
    let device = devices.and_then(|names| names.into_iter().next());
    let controller = context.smbios().map(Smbios::controller);
    if let Ok(Some(controller)) = &controller {
        bmc.present = Some(true);
        bmc.interface = controller.interface.map(str::to_owned);
    }
    if let Some(device) = device {
        bmc.present = Some(true);
        ask(context, &device, &mut bmc, &mut notes);
        return notes.with(bmc);
    }
    if bmc.present.is_none() {
        bmc.present = presence(context, controller.map(drop), &mut notes);
    }
    let could_ask = !context.source.is_files_only();
    if bmc.present == Some(true) && could_ask {
        let message = "firmware and addresses are unknown: no IPMI device; run modprobe -a \
                       ipmi_si ipmi_devintf, or ipmi_ssif for a controller on the SMBus";
        notes.warn("bmc", WarningKind::Absent, message);
    }
    notes.with(bmc)
}

/// Whether there is one, where neither a driver nor a table names it.
fn presence(context: &Context<'_>, tables: Result<(), Fault>, notes: &mut Notes) -> Option<bool> {
    if context.source.link(ACPI_INTERFACE).is_ok() {
        return Some(true);
    }
    match tables {
        Ok(()) => Some(false),
        Err(Fault::Absent) => {
            let message = "whether there is one is unknown: there are no SMBIOS tables that would say so, \
                           and no IPMI driver is loaded";
            notes.warn("bmc", WarningKind::Absent, message);
            None
        }
        Err(fault) => notes.require("bmc", "whether there is one (SMBIOS)", Err(fault)),
    }
}

/// Asks the controller: first for its firmware and the usual channel; only if that one is no LAN,
/// for the channel that is. The kernel, too, knows interface and firmware, and tells everybody.
fn ask(context: &Context<'_>, device: &str, bmc: &mut Bmc, notes: &mut Notes) {
    let interface = context.source.dir(format!("{CLASS}/{device}/device"));
    let read = |name: &str| Request::Read(format!("{}/{name}", interface.path()), ATTRIBUTE_CAP);
    let mut group = vec![
        read("type"),
        read("bmc/firmware_revision"),
        Request::Ask(requests::get_device_id()),
    ];
    group.extend(lan_requests(USUAL_CHANNEL));
    let mut answers = within(context, group).into_iter();
    let mut next = || answers.next().unwrap_or(Err(Fault::TimedOut));
    let (kind, revision, id) = (next(), next(), next());
    if bmc.interface.is_none() {
        bmc.interface = kind.ok().and_then(|kind| line(&kind));
    }
    let asked = id.and_then(|id| ipmi::firmware(&id));
    let told = revision.ok().and_then(|revision| line(&revision));
    bmc.firmware = asked.clone().ok().or(told.as_deref().and_then(revision_of));
    match asked {
        Err(Fault::NotAsked) => return,
        Err(fault) => {
            let what = if bmc.firmware.is_some() {
                "addresses"
            } else {
                "firmware and addresses"
            };
            notes.require("bmc", what, Err::<(), _>(fault));
            return;
        }
        Ok(_) => {}
    }
    match lan(context, answers.collect()) {
        Some(answers) => take_addresses(&answers, bmc, notes),
        None => {
            let message = "addresses: none of the controller's channels is a LAN";
            notes.warn("bmc", WarningKind::Unsupported, message);
        }
    }
}

/// The answers of the usual channel if it is a LAN, else of the channel that is.
fn lan(context: &Context<'_>, usual: Vec<Answer>) -> Option<Vec<Answer>> {
    if !matches!(usual.get(1).map(mac), Some(Err(Fault::Unsupported(_)))) {
        return Some(usual);
    }
    let channel = lan_channel(context)?;
    Some(within(context, lan_requests(channel).collect()))
}

/// The first channel but the usual one that is a LAN.
fn lan_channel(context: &Context<'_>) -> Option<u8> {
    let requests = OTHER_CHANNELS.map(|channel| Request::Ask(requests::get_channel_info(channel)));
    let answers = within(context, requests.collect());
    let is_lan = |answer: &Answer| answer.as_deref().is_ok_and(|a| ipmi::is_lan(a) == Ok(true));
    OTHER_CHANNELS
        .zip(&answers)
        .find(|(_, answer)| is_lan(answer))
        .map(|(channel, _)| channel)
}

fn lan_requests(channel: u8) -> impl Iterator<Item = Request> {
    PARAMETERS
        .into_iter()
        .map(move |parameter| Request::Ask(requests::get_lan(channel, parameter)))
}

fn within(context: &Context<'_>, group: Vec<Request>) -> Vec<Answer> {
    let deadline = context.options.device_deadline;
    let answers = context.source.within(deadline, vec![group]);
    answers.into_iter().next().unwrap_or_default()
}

fn take_addresses(answers: &[Answer], bmc: &mut Bmc, notes: &mut Notes) {
    let [ipv4, hardware, fixed, dynamic] = answers else {
        return;
    };
    let address = bytes(ipv4).and_then(ipmi::ipv4);
    bmc.ipv4 = notes
        .require("bmc", "ipv4", address)
        .flatten()
        .map(|address| address.to_string());
    bmc.mac = notes.require("bmc", "mac", mac(hardware)).flatten();
    // IPMI has IPv6 since revision 1.1 of version 2.0; many controllers know nothing of it.
    let fixed = bytes(fixed).and_then(|answer| ipmi::ipv6(answer, Lan::Ipv6Static));
    let dynamic = bytes(dynamic).and_then(|answer| ipmi::ipv6(answer, Lan::Ipv6Dynamic));
    let addresses = [
        notes.keep("bmc", "ipv6", fixed).flatten(),
        notes.keep("bmc", "ipv6", dynamic).flatten(),
    ];
    // One that others than the neighbours reach is worth more.
    let addresses = || addresses.iter().flatten();
    let best = addresses()
        .find(|address| !address.is_unicast_link_local())
        .or_else(|| addresses().next());
    bmc.ipv6 = best.map(ToString::to_string);
}

fn mac(answer: &Answer) -> Result<Option<String>, Fault> {
    bytes(answer).and_then(ipmi::mac)
}

fn bytes(answer: &Answer) -> Result<&[u8], Fault> {
    answer.as_deref().map_err(Clone::clone)
}

fn line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The kernel writes the minor number without its leading zero.
fn revision_of(text: &str) -> Option<String> {
    let (major, minor) = text.split_once('.')?;
    let minor = u8::from_str_radix(minor, 16).ok()?;
    Some(format!("{}.{minor:02x}", major.parse::<u8>().ok()? & 0x7f))
}

#[cfg(test)]
mod tests;
