//! Which architecture wrote this file: each has words of its own. Names as `uname -m`.

use super::Fields;

pub(super) fn guess(fields: &Fields<'_>) -> Option<String> {
    let has = |key: &str| fields.get(key).is_some();
    let name = if has("flags") && (has("vendor_id") || has("cpuid level")) {
        x86(fields)
    } else if has("CPU implementer") {
        return arm(fields);
    } else if fields.get("vendor_id") == Some("IBM/S390") {
        "s390x"
    } else if let Some(isa) = fields.get("isa").or_else(|| fields.get("hart isa")) {
        riscv(isa)?
    } else if has("revision") && has("cpu") {
        power(fields)?
    } else if fields.get("arch") == Some("IA-64") {
        "ia64"
    } else if fields
        .get("type")
        .is_some_and(|kind| kind.starts_with("sun4"))
    {
        "sparc64"
    } else if fields
        .get("CPU Family")
        .is_some_and(|family| family == "Loongson-64bit")
    {
        "loongarch64"
    } else {
        return None;
    };
    Some(name.to_owned())
}

/// A 32-bit kernel reports on bugs of the first Pentiums; a 64-bit one needs long mode (`lm`).
fn x86(fields: &Fields<'_>) -> &'static str {
    let flags = fields.get("flags").unwrap_or_default();
    let long_mode = flags.split_ascii_whitespace().any(|flag| flag == "lm");
    if long_mode && fields.get("fdiv_bug").is_none() {
        "x86_64"
    } else {
        "i686"
    }
}

/// A 32-bit kernel names its platform in parentheses, `(v7l)`, and lists `half` and `thumb`.
fn arm(fields: &Fields<'_>) -> Option<String> {
    let name = ["Processor", "model name"]
        .iter()
        .find_map(|key| fields.get(key))
        .unwrap_or_default();
    let platform = name
        .rsplit_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    let features = fields.get("Features").unwrap_or_default();
    let has = |wanted: &str| features.split_ascii_whitespace().any(|flag| flag == wanted);
    match platform {
        Some(platform) if platform.starts_with('v') => Some(format!("arm{platform:.8}")),
        _ if has("half") || has("thumb") => None,
        _ if has("fp") || has("asimd") || name.starts_with("AArch64") => Some("aarch64".to_owned()),
        _ => None,
    }
}

fn riscv(isa: &str) -> Option<&'static str> {
    match isa.get(..4) {
        Some("rv64") => Some("riscv64"),
        Some("rv32") => Some("riscv32"),
        _ => None,
    }
}

/// Little-endian Linux takes a POWER8 (OpenPOWER ABI for Linux, ELF v2), so an older one is big; of
/// a newer one the file does not say. PowerPC parts for boards and Macs are told by the name.
fn power(fields: &Fields<'_>) -> Option<&'static str> {
    let name = fields.get("cpu").unwrap_or_default();
    let generation = name.strip_prefix("POWER")?;
    let digits: String = generation
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (digits.parse::<u32>().ok()? < 8).then_some("ppc64")
}
