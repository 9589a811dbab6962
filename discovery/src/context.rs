//! What the probes of one discovery share.

use std::cell::OnceCell;

use crate::parse::smbios::Smbios;
use crate::source::{Query, Source, TABLE_CAP};
use crate::{Fault, Options};

/// The host, the options, and what is read once for several probes.
pub(crate) struct Context<'a> {
    pub(crate) source: &'a Source,
    pub(crate) options: &'a Options,
    smbios: OnceCell<Result<Smbios, Fault>>,
    in_container: OnceCell<bool>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(source: &'a Source, options: &'a Options) -> Self {
        Self {
            source,
            options,
            smbios: OnceCell::new(),
            in_container: OnceCell::new(),
        }
    }

    /// When discovery began, as the document has it.
    pub(crate) fn captured_at(&self) -> Option<String> {
        let seconds = self.source.ask(Query::Clock).ok()?;
        let seconds: i64 = std::str::from_utf8(&seconds).ok()?.parse().ok()?;
        jiff::Timestamp::from_second(seconds)
            .ok()
            .map(|at| at.to_string())
    }

    /// Whether an attribute that is denied would be readable to root.
    pub(crate) fn is_root(&self) -> bool {
        match self.source.ask(Query::UserId) {
            Ok(id) => id == b"0",
            Err(Fault::NotAsked) => self.source.is_files_only(),
            Err(_) => false,
        }
    }

    /// The firmware's tables, which the kernel shows to root only.
    pub(crate) fn smbios(&self) -> Result<&Smbios, Fault> {
        let read = || {
            let tables = self.source.dir("sys/firmware/dmi/tables");
            let table = tables.read_up_to("DMI", TABLE_CAP)?;
            let entry = match tables.read("smbios_entry_point") {
                Ok(entry) => entry,
                Err(Fault::Absent) => Vec::new(),
                Err(fault) => return Err(fault),
            };
            Ok(Smbios::parse(&entry, table))
        };
        self.smbios.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// Whether this is a container: the firmware that it sees is then the host's.
    ///
    /// To be wired: the `host` probe's detection of virtualization knows more kinds.
    pub(crate) fn in_container(&self) -> bool {
        let marks = ["run/systemd/container", ".dockerenv", "run/.containerenv"];
        let is_there = |mark: &&str| self.source.read(mark).is_ok();
        *self.in_container.get_or_init(|| marks.iter().any(is_there))
    }
}
