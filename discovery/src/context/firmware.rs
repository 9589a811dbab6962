//! The firmware's tables, and whose they are.

use super::Context;
use crate::Fault;
use crate::parse::smbios::Smbios;
use crate::source::TABLE_CAP;

impl Context<'_> {
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
