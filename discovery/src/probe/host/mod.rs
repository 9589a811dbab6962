//! The operating system instance.

mod boot;
mod time;

use muster_model::host::{Host, Kernel, Os};
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::os_release;
use crate::source::Source;

/// Fills `host`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Host> {
    let source = context.source;
    let mut notes = Notes::new("host");
    let hostname = source.text("proc/sys/kernel/hostname");
    let hostname = notes.require("hostname", "proc/sys/kernel/hostname", hostname);
    let os = os(source, &mut notes);
    let kernel = kernel(context, &mut notes);
    let boot_mode = boot::mode(source, kernel.architecture.as_deref(), &mut notes);
    let virtualization = context.virtualization().clone();
    let mut host = Host {
        hostname: hostname.filter(|name| !name.is_empty() && name != "(none)"),
        machine_id: machine_id(source, &mut notes),
        boot_id: boot_id(source, &mut notes),
        kernel,
        uptime_s: notes.keep("uptime", "proc/uptime", uptime_s(source)),
        boot_mode,
        secure_boot: boot::secure_boot(source, boot_mode, &mut notes),
        virtualization: virtualization.value,
        tpm: boot::tpm(source, &mut notes),
        ..Host::default()
    };
    host.time = time::read(source, os.id.is_some(), &mut notes);
    host.os = os;
    let mut found = notes.with(host);
    found.warnings.extend(virtualization.warnings);
    found
}

/// 32 hexadecimal digits; `uninitialized` until the first boot.
fn machine_id(source: &Source, notes: &mut Notes) -> Option<String> {
    let id = match source.text("etc/machine-id") {
        Err(Fault::Absent) => source.text("var/lib/dbus/machine-id"),
        told => told,
    };
    let id = notes.keep("machine-id", "etc/machine-id", id)?;
    let is_hexadecimal = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if id.len() == 32 && is_hexadecimal {
        return Some(id.to_ascii_lowercase());
    }
    if !id.is_empty() && id != "uninitialized" {
        let message = format!("etc/machine-id: not 32 hexadecimal digits: {id:.40}");
        notes.warn("machine-id", WarningKind::Malformed, message);
    }
    None
}

fn boot_id(source: &Source, notes: &mut Notes) -> Option<String> {
    let id = source.text("proc/sys/kernel/random/boot_id");
    notes
        .keep("boot-id", "boot id", id)
        .filter(|id| !id.is_empty())
}

fn os(source: &Source, notes: &mut Notes) -> Os {
    let content = match source.text("etc/os-release") {
        Err(Fault::Absent) => source.text("usr/lib/os-release"),
        other => other,
    };
    let content = notes.require("os", "etc/os-release", content);
    content
        .map(|content| os_release::parse(&content))
        .unwrap_or_default()
}

fn kernel(context: &Context<'_>, notes: &mut Notes) -> Kernel {
    let release = context.kernel_release().clone();
    let architecture = context.architecture().clone();
    let command_line = context.source.text("proc/cmdline");
    Kernel {
        release: notes.keep("kernel", "release", release),
        architecture: notes.keep("kernel", "architecture", architecture),
        command_line: notes.keep("kernel", "command line", command_line),
    }
}

fn uptime_s(source: &Source) -> Result<u64, Fault> {
    let text = source.text("proc/uptime")?;
    let seconds = text.split(['.', ' ']).next().unwrap_or_default();
    seconds
        .parse()
        .map_err(|_| Fault::Malformed(format!("not a number: {seconds:.40}")))
}

#[cfg(test)]
mod tests;
