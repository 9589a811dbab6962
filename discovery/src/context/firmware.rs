//! The firmware's tables.

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
}
