//! Firmware interface, Secure Boot, and the Trusted Platform Module.

use muster_model::WarningKind;
use muster_model::host::{BootMode, Tpm};

use crate::Fault;
use crate::notes::Notes;
use crate::source::{Dir, Source};

/// UEFI specification 2.10, 3.3 "Globally Defined Variables": `EFI_GLOBAL_VARIABLE`.
const SECURE_BOOT: &str = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// `efivarfs` puts a variable's attributes before its value
/// (`Documentation/filesystems/efivarfs.rst` and `fs/efivarfs/file.c`).
const ATTRIBUTES_BYTES: usize = 4;

/// A kernel that was started by UEFI has `sys/firmware/efi`. Only a PC has the other way.
pub(super) fn mode(
    source: &Source,
    architecture: Option<&str>,
    notes: &mut Notes,
) -> Option<BootMode> {
    let interfaces = source.list("sys/firmware");
    let interfaces = notes.keep("boot_mode", "sys/firmware", interfaces)?;
    if interfaces.iter().any(|name| name == "efi") {
        return Some(BootMode::Efi);
    }
    matches!(architecture, Some("x86_64" | "i686" | "i586" | "i386")).then_some(BootMode::Bios)
}

/// Whether UEFI enforces it. BIOS has none.
pub(super) fn secure_boot(
    source: &Source,
    mode: Option<BootMode>,
    notes: &mut Notes,
) -> Option<bool> {
    match mode? {
        BootMode::Bios => Some(false),
        BootMode::Efi => {
            let value = variable(&source.dir("sys/firmware/efi"));
            let Err(Fault::Absent) = value else {
                return notes.require("secure_boot", "EFI variable SecureBoot", value);
            };
            let message = "EFI variable SecureBoot: not there; mount efivarfs on \
                           /sys/firmware/efi/efivars to read it";
            notes.warn("secure_boot", WarningKind::Absent, message);
            None
        }
    }
}

fn variable(efi: &Dir<'_>) -> Result<bool, Fault> {
    let value = match efi.read(&format!("efivars/{SECURE_BOOT}")) {
        Ok(content) => content.get(ATTRIBUTES_BYTES..).unwrap_or_default().to_vec(),
        // Kernels before 6.0 may have the older interface beside it, without attributes.
        Err(Fault::Absent) => match efi.read(&format!("vars/{SECURE_BOOT}/data")) {
            // Firmware without Secure Boot has other variables.
            Err(Fault::Absent) if has_variables(efi) => vec![0],
            other => other?,
        },
        Err(fault) => return Err(fault),
    };
    match value.as_slice() {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(Fault::Malformed("neither 0 nor 1".to_owned())),
    }
}

fn has_variables(efi: &Dir<'_>) -> bool {
    efi.list("efivars").is_ok_and(|names| !names.is_empty())
}

/// The first one. Since Linux 5.6 the kernel tells the family; before, it had `caps` for 1.2 only,
/// and ACPI calls a 2.0 one MSFT0101 (TCG ACPI Specification, 8).
pub(super) fn tpm(source: &Source, notes: &mut Notes) -> Tpm {
    let device = source.dir("sys/class/tpm/tpm0");
    let family = device.text("tpm_version_major");
    let version = match family.as_deref() {
        Ok("2") => Some("2.0"),
        Ok("1") => Some("1.2"),
        Ok(other) => {
            let message = format!("tpm_version_major: unknown family {other:.20}");
            notes.warn("tpm", WarningKind::Malformed, message);
            None
        }
        Err(Fault::Absent) => older(&device, notes),
        Err(fault) => notes.require("tpm", "tpm_version_major", Err(fault.clone())),
    };
    Tpm {
        version: version.map(str::to_owned),
    }
}

fn older(device: &Dir<'_>, notes: &mut Notes) -> Option<&'static str> {
    device.list("").ok()?;
    let has_capabilities = device
        .text("caps")
        .or_else(|_| device.text("device/caps"))
        .is_ok_and(|caps| caps.contains("TCG version: 1.2"));
    if has_capabilities {
        return Some("1.2");
    }
    if device.text("device/firmware_node/hid").as_deref() == Ok("MSFT0101") {
        return Some("2.0");
    }
    let message = "version: this kernel does not tell it; Linux 5.6 and later do";
    notes.warn("tpm", WarningKind::Absent, message);
    None
}
