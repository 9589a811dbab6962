//! The kernel and the processor, by their own words.

use muster_model::Found;
use muster_model::host::{Virtualization, VirtualizationKind};

use super::{Context, virtualization};
use crate::Fault;
use crate::parse::cpuinfo::Cpuinfo;
use crate::parse::sockets::ByteOrder;
use crate::source::{Query, TABLE_CAP};

impl Context<'_> {
    /// `/proc/cpuinfo`.
    pub(crate) fn cpuinfo(&self) -> &Result<Cpuinfo, Fault> {
        self.cpuinfo.get_or_init(|| {
            let content = self.source.read_up_to("proc/cpuinfo", TABLE_CAP)?;
            Ok(Cpuinfo::parse(content))
        })
    }

    /// As `uname -m`: by the kernel (since 6.1 in a file), and for another root by its files.
    pub(crate) fn architecture(&self) -> &Result<String, Fault> {
        self.architecture.get_or_init(|| {
            let told = self.source.text("proc/sys/kernel/arch");
            told.or_else(|fault| self.uname(2).map_err(|_| fault))
                .or_else(|fault| self.guess_architecture().ok_or(fault))
        })
    }

    /// As `uname -r`.
    pub(crate) fn kernel_release(&self) -> &Result<String, Fault> {
        self.kernel_release.get_or_init(|| {
            let told = self.source.text("proc/sys/kernel/osrelease");
            told.or_else(|fault| self.uname(1).map_err(|_| fault))
        })
    }

    /// The order of the bytes in the kernel's numbers: by its own word, which it has since 6.0, or
    /// by its architecture.
    pub(crate) fn byte_order(&self) -> Result<ByteOrder, Fault> {
        match self.source.text("sys/kernel/cpu_byteorder").as_deref() {
            Ok("little") => Ok(ByteOrder::Little),
            Ok("big") => Ok(ByteOrder::Big),
            _ => {
                let architecture = self.architecture().as_ref().map_err(Clone::clone)?;
                ByteOrder::of_architecture(architecture).ok_or_else(|| {
                    Fault::Unsupported(format!("{architecture} has no byte order of its own"))
                })
            }
        }
    }

    /// What the system runs on, with the warnings of the detection, which `host` gives.
    pub(crate) fn virtualization(&self) -> &Found<Virtualization> {
        self.virtualization
            .get_or_init(|| virtualization::detect(self))
    }

    /// Whether serial numbers and the like are those of a host around this system.
    pub(crate) fn is_container(&self) -> bool {
        self.virtualization().value.kind == Some(VirtualizationKind::Container)
    }

    fn uname(&self, line: usize) -> Result<String, Fault> {
        let answer = self.source.ask(Query::Uname)?;
        let malformed = || Fault::Malformed("uname: not three lines of text".to_owned());
        let text = std::str::from_utf8(&answer).map_err(|_| malformed())?;
        text.lines()
            .nth(line)
            .map(str::to_owned)
            .ok_or_else(malformed)
    }

    /// By the words of `/proc/cpuinfo`, and the byte order where a processor can have either.
    fn guess_architecture(&self) -> Option<String> {
        let info = self.cpuinfo().as_ref().ok()?;
        if let Some(known) = &info.architecture {
            return Some(known.clone());
        }
        let power = info
            .model_name
            .as_deref()
            .is_some_and(|name| name.starts_with("POWER"));
        match self.source.text("sys/kernel/cpu_byteorder").as_deref() {
            Ok("little") if power => Some("ppc64le".to_owned()),
            Ok("big") if power => Some("ppc64".to_owned()),
            _ => None,
        }
    }
}
