//! The operating system instance.

use muster_model::Found;
use muster_model::host::{Host, Kernel, Os};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::os_release;
use crate::source::Source;

/// Fills `host`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Host> {
    let source = context.source;
    let mut notes = Notes::new("host");
    let hostname = notes.require("hostname", "name", source.text("proc/sys/kernel/hostname"));
    let host = Host {
        hostname,
        machine_id: notes.keep(
            "machine-id",
            "etc/machine-id",
            source.text("etc/machine-id"),
        ),
        boot_id: notes.keep(
            "boot-id",
            "boot id",
            source.text("proc/sys/kernel/random/boot_id"),
        ),
        os: os(source, &mut notes),
        kernel: kernel(source, &mut notes),
        uptime_s: notes.keep("uptime", "proc/uptime", uptime_s(source)),
        ..Host::default()
    };
    notes.with(host)
}

fn os(source: &Source, notes: &mut Notes) -> Os {
    let content = match source.text("etc/os-release") {
        Err(Fault::Absent) => source.text("usr/lib/os-release"),
        other => other,
    };
    let content = notes.require("os", "os-release", content);
    content
        .map(|content| os_release::parse(&content))
        .unwrap_or_default()
}

fn kernel(source: &Source, notes: &mut Notes) -> Kernel {
    Kernel {
        release: notes.keep(
            "kernel",
            "release",
            source.text("proc/sys/kernel/osrelease"),
        ),
        architecture: notes.keep(
            "kernel",
            "architecture",
            source.text("proc/sys/kernel/arch"),
        ),
        command_line: notes.keep("kernel", "command line", source.text("proc/cmdline")),
    }
}

fn uptime_s(source: &Source) -> Result<u64, Fault> {
    let text = source.text("proc/uptime")?;
    let seconds = text.split(['.', ' ']).next().unwrap_or_default();
    seconds
        .parse()
        .map_err(|_| Fault::Malformed(format!("not a number: {seconds:.40}")))
}
