//! The management controller: whether there is one, and what it says of itself.

mod requests;

use muster_model::peripheral::Bmc;
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::ipmi::{self, Lan};
use crate::parse::smbios::Smbios;
use crate::source::{ATTRIBUTE_CAP, Answer, Conversation, Query, Request};

/// `ipmi_devintf` puts its devices here.
const CLASS: &str = "sys/class/ipmi";
/// What ACPI calls an IPMI system interface (IPMI 2.0, appendix C3).
const ACPI_INTERFACE: &str = "sys/bus/acpi/devices/IPI0001:00";
/// Nearly every controller has its LAN on the first channel.
const USUAL_CHANNEL: u8 = 1;
/// Channels that may be a LAN else (IPMI 2.0, table 6-1).
const OTHER_CHANNELS: std::ops::RangeInclusive<u8> = 2..=0x0b;
/// What is asked of a LAN, after its hardware address.
const PARAMETERS: [Lan; 3] = [Lan::Ipv4Address, Lan::Ipv6Static, Lan::Ipv6Dynamic];

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

/// Asks the controller. It takes milliseconds for an answer, so nothing is asked that is known: the
/// kernel knows interface and firmware, and tells everybody; and a channel that is no LAN, or a
/// controller without any, shows with the first question about it.
fn ask(context: &Context<'_>, device: &str, bmc: &mut Bmc, notes: &mut Notes) {
    let controller = context.source.conversation(context.options.device_deadline);
    let interface = context.source.dir(format!("{CLASS}/{device}/device"));
    let read = |name: &str| Request::Read(format!("{}/{name}", interface.path()), ATTRIBUTE_CAP);
    let usual = Request::Ask(requests::get_lan(USUAL_CHANNEL, Lan::MacAddress));
    let group = vec![read("type"), read("bmc/firmware_revision"), usual];
    let mut answers = controller.ask(group).into_iter();
    let mut next = || answers.next().unwrap_or(Err(Fault::TimedOut));
    let (kind, revision, usual) = (next(), next(), next());
    if bmc.interface.is_none() {
        bmc.interface = kind.ok().and_then(|kind| line(&kind));
    }
    let told = revision.ok().and_then(|revision| line(&revision));
    bmc.firmware = told.as_deref().and_then(revision_of);
    if bmc.firmware.is_none() {
        let asked = one(&controller, requests::get_device_id());
        bmc.firmware = match asked.and_then(|id| ipmi::firmware(&id)) {
            Ok(firmware) => Some(firmware),
            Err(Fault::NotAsked) => return,
            Err(fault) => {
                notes.require("bmc", "firmware and addresses", Err::<(), _>(fault));
                return;
            }
        };
    }
    match lan(&controller, usual) {
        Ok(Some(answers)) => take_addresses(&answers, bmc, notes),
        Ok(None) => {
            let message = "addresses: none of the controller's channels is a LAN";
            notes.warn("bmc", WarningKind::Unsupported, message);
        }
        Err(Fault::NotAsked) => {}
        Err(fault) => {
            notes.require("bmc", "addresses", Err::<(), _>(fault));
        }
    }
}

/// The answers about the channel that is a LAN, in the order of [`PARAMETERS`]: the usual one, of
/// which the hardware address was asked, or another; `None` where none is.
fn lan(controller: &Conversation<'_>, usual: Answer) -> Result<Option<Vec<Answer>>, Fault> {
    if !ipmi::knows_command(&usual.clone()?) {
        return Ok(None);
    }
    let (channel, hardware) = match mac(&usual) {
        Err(Fault::Unsupported(_)) => {
            let Some(channel) = lan_channel(controller)? else {
                return Ok(None);
            };
            let hardware = one(controller, requests::get_lan(channel, Lan::MacAddress));
            (channel, hardware)
        }
        _ => (USUAL_CHANNEL, usual),
    };
    let parameters = PARAMETERS.map(|of| Request::Ask(requests::get_lan(channel, of)));
    let mut answers = vec![hardware];
    answers.extend(controller.ask(parameters.to_vec()));
    Ok(Some(answers))
}

/// The first channel but the usual one that is a LAN.
fn lan_channel(controller: &Conversation<'_>) -> Result<Option<u8>, Fault> {
    for channel in OTHER_CHANNELS {
        let answer = one(controller, requests::get_channel_info(channel))?;
        if !ipmi::knows_command(&answer) {
            return Ok(None);
        }
        if ipmi::is_lan(&answer) == Ok(true) {
            return Ok(Some(channel));
        }
    }
    Ok(None)
}

fn one(controller: &Conversation<'_>, query: Query) -> Answer {
    let answers = controller.ask(vec![Request::Ask(query)]);
    answers.into_iter().next().unwrap_or(Err(Fault::TimedOut))
}

fn take_addresses(answers: &[Answer], bmc: &mut Bmc, notes: &mut Notes) {
    let [hardware, ipv4, fixed, dynamic] = answers else {
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
