//! What only the driver of an interface knows, by ethtool.

use muster_model::WarningKind;
use muster_model::network::{InterfaceKind, NetworkInterface};

use super::{hardware_address, has_device};
use crate::Fault;
use crate::context::Context;
use crate::notes::{Notes, RUN_AS_ROOT};
use crate::parse::{ethtool, module_eeprom};
use crate::source::{Answer, EthtoolCommand, Query, Request};

/// Asks every device at once; a driver that does not answer costs its own facts.
pub(super) fn fill(context: &Context<'_>, interfaces: &mut [NetworkInterface], notes: &mut Notes) {
    let mut asked: Vec<&mut NetworkInterface> = interfaces
        .iter_mut()
        .filter(|interface| !commands(interface).is_empty())
        .collect();
    if asked.is_empty() {
        return;
    }
    let groups = asked.iter().map(|interface| questions(interface)).collect();
    let deadline = context.options.device_deadline;
    let answers = context.source.within(deadline, groups);
    let mut denied = Denied::default();
    for (interface, answers) in asked.iter_mut().zip(answers) {
        let facts = commands(interface);
        note_silence(&interface.name, &answers, notes);
        for (command, answer) in facts.into_iter().zip(answers) {
            denied.note(command, &answer);
            if let Ok(bytes) = answer {
                take(command, &bytes, interface, notes);
            }
        }
    }
    denied.warn(notes);
    drop_kernel_version(context, interfaces);
}

/// Bonds and teams have the speed of their members together, and nothing else of a device.
fn commands(interface: &NetworkInterface) -> Vec<EthtoolCommand> {
    use EthtoolCommand::{DriverInfo, LinkSettings, ModuleEeprom, PermanentAddress, WakeOnLan};
    if has_device(interface) {
        let mut commands = vec![DriverInfo, LinkSettings, WakeOnLan, ModuleEeprom];
        if interface.permanent_mac.is_none() {
            commands.push(PermanentAddress);
        }
        return commands;
    }
    match interface.kind {
        Some(InterfaceKind::Bond | InterfaceKind::Team) => vec![LinkSettings],
        _ => Vec::new(),
    }
}

fn questions(interface: &NetworkInterface) -> Vec<Request> {
    commands(interface)
        .into_iter()
        .map(|command| {
            Request::Ask(Query::Ethtool {
                interface: interface.name.clone(),
                command,
            })
        })
        .collect()
}

fn take(
    command: EthtoolCommand,
    bytes: &[u8],
    interface: &mut NetworkInterface,
    notes: &mut Notes,
) {
    match command {
        EthtoolCommand::DriverInfo => {
            let info = ethtool::driver_info(bytes);
            interface.driver = interface.driver.take().or(info.driver);
            interface.driver_version = info.version;
            interface.firmware_version = info.firmware_version;
        }
        EthtoolCommand::LinkSettings => {
            let settings = ethtool::link_settings(bytes);
            interface.speed_mbps = settings.speed_mbps;
            interface.duplex = settings.duplex;
            if has_device(interface) {
                interface.autonegotiation = settings.autonegotiation;
                interface.port = settings.port.map(str::to_owned);
            }
        }
        EthtoolCommand::WakeOnLan => interface.wake_on_lan = ethtool::wake_on_lan(bytes),
        EthtoolCommand::PermanentAddress => {
            let address = ethtool::permanent_address(bytes);
            interface.permanent_mac = address.and_then(hardware_address);
        }
        EthtoolCommand::ModuleEeprom => take_module(bytes, interface, notes),
        EthtoolCommand::ModuleInfo => {}
    }
}

fn take_module(bytes: &[u8], interface: &mut NetworkInterface, notes: &mut Notes) {
    let Some(module) = module_eeprom::parse(bytes) else {
        return;
    };
    if !module.checksum_matches {
        notes.warn(
            &interface.name,
            WarningKind::Malformed,
            "transceiver: the checksum of its memory is wrong; its names may be too",
        );
    }
    interface.transceiver = Some(module.transceiver);
}

fn note_silence(name: &str, answers: &[Answer], notes: &mut Notes) {
    let silent = answers
        .iter()
        .filter(|answer| matches!(answer, Err(Fault::TimedOut)))
        .count();
    if silent > 0 {
        let message = format!(
            "ethtool: the driver did not answer {silent} of {} questions in time",
            answers.len()
        );
        notes.warn(name, WarningKind::TimedOut, message);
    }
}

/// What an ordinary user may not ask, said once for all interfaces.
#[derive(Default)]
struct Denied {
    wake_on_lan: bool,
    transceiver: bool,
    other: bool,
}

impl Denied {
    fn note(&mut self, command: EthtoolCommand, answer: &Answer) {
        if !matches!(answer, Err(Fault::Denied)) {
            return;
        }
        match command {
            EthtoolCommand::WakeOnLan => self.wake_on_lan = true,
            EthtoolCommand::ModuleEeprom => self.transceiver = true,
            _ => self.other = true,
        }
    }

    fn warn(self, notes: &mut Notes) {
        let facts = [
            (self.wake_on_lan, "wake_on_lan"),
            (self.transceiver, "transceiver"),
            (self.other, "driver and link settings"),
        ];
        let missing: Vec<&str> = facts
            .iter()
            .filter_map(|(denied, fact)| denied.then_some(*fact))
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "ethtool: {}: permission denied; it takes CAP_NET_ADMIN: {RUN_AS_ROOT}",
                missing.join(", ")
            );
            notes.warn("network", WarningKind::Denied, message);
        }
    }
}

/// Drivers without a version of their own give the kernel's since Linux 5.6.
fn drop_kernel_version(context: &Context<'_>, interfaces: &mut [NetworkInterface]) {
    let mut versioned = interfaces
        .iter_mut()
        .filter(|interface| interface.driver_version.is_some())
        .peekable();
    if versioned.peek().is_none() {
        return;
    }
    let release = context.kernel_release().as_ref().ok();
    for interface in versioned {
        if interface.driver_version.as_ref() == release {
            interface.driver_version = None;
        }
    }
}
