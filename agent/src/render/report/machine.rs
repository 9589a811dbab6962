//! The machine as a whole: operating system, firmware, enclosure, management.

use muster_model::Section;
use muster_model::host::{BootMode, VirtualizationKind};

use super::{Report, labelled};
use crate::render::layout::{Line, Tone};
use muster_model::units;

/// Host, system, board, chassis, firmware, BMC.
pub(super) fn blocks(report: &mut Report<'_>) {
    let sections = [
        Section::Host,
        Section::System,
        Section::Board,
        Section::Chassis,
        Section::Bios,
        Section::Bmc,
    ];
    if !report.begin("Machine", &Line::default(), &sections) {
        return;
    }
    let inventory = report.document.inventory;
    if report.has(Section::Host) {
        host(report);
    }
    if report.has(Section::System) {
        let system = &inventory.system;
        let product = Line::joined(
            [
                system.vendor.as_ref().into(),
                system.product.as_ref().into(),
            ],
            " ",
        );
        let line = Line::dotted([
            product,
            labelled("version", system.version.as_ref()),
            labelled("serial", system.serial.as_ref()),
            labelled("SKU", system.sku.as_ref()),
            labelled("family", system.family.as_ref()),
            labelled("UUID", system.uuid.as_ref()),
        ]);
        report.page.fact("system", &line);
    }
    if report.has(Section::Board) {
        let board = &inventory.board;
        let product = Line::joined(
            [board.vendor.as_ref().into(), board.product.as_ref().into()],
            " ",
        );
        let line = Line::dotted([
            product,
            labelled("version", board.version.as_ref()),
            labelled("serial", board.serial.as_ref()),
            labelled("asset tag", board.asset_tag.as_ref()),
        ]);
        report.page.fact("board", &line);
    }
    if report.has(Section::Chassis) {
        let chassis = &inventory.chassis;
        let line = Line::dotted([
            chassis.kind.as_ref().into(),
            chassis.vendor.as_ref().into(),
            labelled("serial", chassis.serial.as_ref()),
            labelled("asset tag", chassis.asset_tag.as_ref()),
        ]);
        report.page.fact("chassis", &line);
    }
    firmware(report);
    if report.has(Section::Bmc) {
        bmc(report);
    }
}

fn host(report: &mut Report<'_>) {
    let host = &report.document.inventory.host;
    let name = host
        .hostname
        .as_ref()
        .map(|name| Line::toned(Tone::Name, name))
        .unwrap_or_default();
    let kernel = host.kernel.release.as_ref().map(|release| {
        let architecture = host.kernel.architecture.as_deref().unwrap_or_default();
        format!("Linux {release} {architecture}")
            .trim_end()
            .to_owned()
    });
    let system = Line::dotted([host.os.pretty_name.as_ref().into(), kernel.into()]);
    let page = &mut report.page;
    page.fact(
        "host",
        &Line::dotted([name, labelled("machine id", host.machine_id.as_ref())]),
    );
    page.fact("software", &system);
    let technology = host.virtualization.technology.as_deref();
    let runs_on = match (host.virtualization.kind, technology) {
        (Some(VirtualizationKind::None), _) => Line::from("bare metal"),
        (Some(VirtualizationKind::Vm), None) => "a virtual machine".into(),
        (Some(VirtualizationKind::Vm), Some(name)) => format!("a virtual machine ({name})").into(),
        (Some(VirtualizationKind::Container), name) => Line::toned(
            Tone::Attention,
            &format!(
                "a container{}: hardware and serial numbers are the host's",
                name.map(|name| format!(" ({name})")).unwrap_or_default()
            ),
        ),
        (None, _) => Line::default(),
    };
    page.fact("runs on", &runs_on);
    let clock = match host.time.synchronized {
        Some(true) => Line::from("clock synchronized"),
        Some(false) => Line::toned(Tone::Attention, "clock not synchronized"),
        None => Line::default(),
    };
    let hardware_clock = host.time.rtc_utc.map(|utc| {
        if utc {
            "hardware clock in UTC"
        } else {
            "hardware clock in local time"
        }
    });
    let uptime = labelled("up", host.uptime_s.map(units::seconds));
    page.fact(
        "time",
        &Line::dotted([uptime, clock, hardware_clock.into()]),
    );
}

/// What the firmware is and what it secures: from `bios` and `host`.
fn firmware(report: &mut Report<'_>) {
    let inventory = report.document.inventory;
    let mut parts = Vec::new();
    if report.has(Section::Bios) {
        let bios = &inventory.bios;
        parts.push(Line::joined(
            [bios.vendor.as_ref().into(), bios.version.as_ref().into()],
            " ",
        ));
        parts.push(bios.date.as_ref().into());
    }
    if report.has(Section::Host) {
        let host = &inventory.host;
        parts.push(Line::from(host.boot_mode.map(|mode| match mode {
            BootMode::Efi => "booted by UEFI",
            BootMode::Bios => "booted by BIOS",
        })));
        parts.push(match host.secure_boot {
            Some(true) => Line::toned(Tone::Good, "Secure Boot on"),
            Some(false) => Line::from("Secure Boot off"),
            None => Line::default(),
        });
        parts.push(Line::from(
            host.tpm
                .version
                .as_ref()
                .map(|version| format!("TPM\u{a0}{version}")),
        ));
    }
    report.page.fact("firmware", &Line::dotted(parts));
}

fn bmc(report: &mut Report<'_>) {
    let bmc = &report.document.inventory.bmc;
    let line = match bmc.present {
        Some(true) => Line::dotted([
            Line::joined([bmc.ipv4.as_ref().into(), bmc.ipv6.as_ref().into()], " "),
            labelled("MAC", bmc.mac.as_ref()),
            labelled("firmware", bmc.firmware.as_ref()),
            labelled("over", bmc.interface.as_ref()),
        ]),
        Some(false) => Line::toned(Tone::Faint, "none"),
        None => Line::default(),
    };
    let present = bmc.present == Some(true) && line.is_empty();
    report
        .page
        .fact("BMC", &if present { "present".into() } else { line });
}
