//! `/proc/cpuinfo`: `proc_cpuinfo(5)`, whose words each architecture chooses for itself
//! (`arch/*/kernel/…show_cpuinfo` in the kernel).
//!
//! A block for each processor, or (s390, old arm) one for all of them. It grows with the machine, so
//! nothing is kept for each processor: the first value of a key stands for all, and on x86, where the
//! blocks are long and alike, only the first block is read.

mod architecture;
mod arm;
pub(crate) mod caches;

use muster_model::cpu::{Cache, CpuVirtualization};

use super::cpulist::CpuSet;

/// Most different keys that are kept; no kernel has half as many.
const KEYS_CAP: usize = 64;
/// Most different kinds of core that are named.
const KINDS_CAP: usize = 8;

/// The word for the name of the part: x86, loongarch, RISC-V, POWER and sparc, MIPS, old arm.
const MODEL_NAMES: &[&str] = &[
    "model name",
    "Model Name",
    "uarch",
    "cpu",
    "cpu model",
    "Processor",
];

/// What the file says of the processors.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cpuinfo {
    /// The family of words, which is the architecture as far as the file tells.
    pub(crate) architecture: Option<String>,
    pub(crate) vendor_id: Option<String>,
    pub(crate) model_name: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) stepping: Option<String>,
    pub(crate) microcode: Option<String>,
    /// In the kernel's words, sorted.
    pub(crate) flags: Vec<String>,
    pub(crate) virtualization: Option<CpuVirtualization>,
    /// The clock without boost.
    pub(crate) base_mhz: Option<f64>,
    /// Caches that only this file tells of.
    pub(crate) caches: Vec<Cache>,
    /// The processor knows that it runs under a hypervisor.
    pub(crate) hypervisor: bool,
    /// A value was not UTF-8 and was left out.
    pub(crate) malformed: bool,
    content: Vec<u8>,
}

impl Cpuinfo {
    /// Reads the file.
    pub(crate) fn parse(content: Vec<u8>) -> Self {
        let (fields, malformed) = fields(&content);
        let flags = flags(&fields);
        let has = |flag: &str| flags.binary_search_by(|known| known.as_str().cmp(flag));
        let virtualization = match (has("vmx"), has("svm")) {
            (Ok(_), _) => Some(CpuVirtualization::VtX),
            (_, Ok(_)) => Some(CpuVirtualization::AmdV),
            _ => None,
        };
        let hypervisor = has("hypervisor").is_ok();
        let mut info = Self {
            architecture: architecture::guess(&fields),
            vendor_id: fields.any(&["vendor_id", "mvendorid"]),
            model_name: fields.any(MODEL_NAMES),
            family: fields.any(&["cpu family", "CPU Family", "marchid", "family"]),
            model: fields.any(&["revision", "model", "CPU Revision", "mimpid", "machine"]),
            stepping: fields.any(&["stepping"]),
            microcode: fields.any(&["microcode"]),
            base_mhz: base_mhz(&fields),
            caches: caches::parse(&fields),
            flags,
            virtualization,
            hypervisor,
            malformed,
            content: Vec::new(),
        };
        if fields.get("CPU implementer").is_some() {
            name_arm(&mut info, &fields, &content);
        }
        info.content = content;
        info
    }

    /// The processors that have a block, for hosts whose sysfs does not say.
    pub(crate) fn processors(&self) -> CpuSet {
        let mut set = CpuSet::default();
        for (key, value) in lines(&self.content).filter_map(pair) {
            let number = match key {
                b"processor" => std::str::from_utf8(value).ok(),
                _ => s390_processor(key),
            };
            if let Some(number) = number.and_then(|number| number.parse().ok()) {
                set.insert(number);
            }
        }
        set
    }
}

/// Keys with their first value.
#[derive(Default)]
pub(super) struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| *value)
    }

    fn any(&self, keys: &[&str]) -> Option<String> {
        let value = keys.iter().find_map(|key| self.get(key))?;
        Some(value.to_owned())
    }

    fn starting(&self, prefix: &str) -> impl Iterator<Item = &(&'a str, &'a str)> {
        self.0
            .iter()
            .filter(move |(key, _)| key.starts_with(prefix))
    }
}

fn fields(content: &[u8]) -> (Fields<'_>, bool) {
    let mut fields = Fields::default();
    let mut malformed = false;
    for line in lines(content) {
        if line.is_empty() && fields.get("flags").is_some() {
            break;
        }
        let Some((key, value)) = pair(line) else {
            continue;
        };
        if value.is_empty() || fields.0.len() == KEYS_CAP {
            continue;
        }
        if s390_processor(key).is_some() {
            machine_type(&mut fields, value);
            continue;
        }
        match (std::str::from_utf8(key), std::str::from_utf8(value)) {
            (Ok(key), _) if fields.get(key).is_some() => {}
            (Ok(key), Ok(value)) => fields.0.push((key, value)),
            _ => malformed = true,
        }
    }
    (fields, malformed)
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| *byte == b'\n')
}

fn pair(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (key, value) = line.split_at_checked(colon)?;
    Some((key.trim_ascii(), value.get(1..)?.trim_ascii()))
}

/// s390 has a line for each processor: `processor 1: version = 00,  identification = …`.
fn s390_processor(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.strip_prefix(b"processor ")?).ok()
}

fn machine_type<'a>(fields: &mut Fields<'a>, value: &'a [u8]) {
    let value = std::str::from_utf8(value).unwrap_or_default();
    let machine = value
        .split(',')
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim() == "machine");
    if let Some((_, machine)) = machine.filter(|_| fields.get("machine").is_none()) {
        fields.0.push(("machine", machine.trim()));
    }
}

/// x86 and loongarch `flags`/`Features`, arm `Features`, s390 `features`; the extensions of the
/// RISC-V `isa` string, which underscores part.
fn flags(fields: &Fields<'_>) -> Vec<String> {
    let words = ["flags", "Features", "features", "isa"]
        .iter()
        .find_map(|key| fields.get(key))
        .unwrap_or_default();
    let mut flags: Vec<String> = words
        .split(|c: char| c.is_ascii_whitespace() || (c == '_' && words.starts_with("rv")))
        .filter(|flag| !flag.is_empty())
        .map(str::to_owned)
        .collect();
    flags.sort_unstable();
    flags.dedup();
    flags
}

/// s390 has it as a field. Intel ends its brand string with the rated clock (Software Developer's
/// Manual, volume 2A, CPUID, "The Processor Brand String Method": `@ 2.67GHz`).
fn base_mhz(fields: &Fields<'_>) -> Option<f64> {
    if let Some(rated) = fields.get("cpu MHz static") {
        return rated.parse().ok();
    }
    let (_, rated) = fields.get("model name")?.rsplit_once("@ ")?;
    let (number, unit_mhz) = match (rated.strip_suffix("GHz"), rated.strip_suffix("MHz")) {
        (Some(number), _) => (number, 1000.0),
        (_, Some(number)) => (number, 1.0),
        _ => return None,
    };
    let mhz = number.trim().parse::<f64>().ok()? * unit_mhz;
    (mhz.is_finite() && mhz > 0.0).then(|| (mhz * 1000.0).round() / 1000.0)
}

/// Names the vendor, each kind of core, and the revision: Arm writes its own `r1p2`.
fn name_arm(info: &mut Cpuinfo, fields: &Fields<'_>, content: &[u8]) {
    let code = |key: &str| fields.get(key).and_then(number);
    let Some(implementer) = code("CPU implementer") else {
        return;
    };
    info.vendor_id = arm::implementer(implementer)
        .map(str::to_owned)
        .or_else(|| fields.any(&["CPU implementer"]));
    info.model = fields.any(&["CPU revision"]);
    let names = arm_names(content);
    if !names.is_empty() {
        info.model_name = Some(names.join(" + "));
    }
    info.stepping = match (implementer, code("CPU variant"), code("CPU revision")) {
        (0x41, Some(variant), Some(revision)) => Some(format!("r{variant:x}p{revision:x}")),
        _ => fields.any(&["CPU variant"]),
    };
}

/// The distinct cores of a big.LITTLE part, in order of their first processor.
fn arm_names(content: &[u8]) -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut implementer = None;
    let mut last = None;
    for (key, value) in lines(content).filter_map(pair) {
        let code = || std::str::from_utf8(value).ok().and_then(number);
        match key {
            b"CPU implementer" => implementer = code(),
            b"CPU part" => {
                let kind = implementer.zip(code());
                if kind == last {
                    continue;
                }
                last = kind;
                let name = kind.and_then(|(implementer, part)| arm::part(implementer, part));
                if let Some(name) = name
                    && !names.contains(&name)
                    && names.len() < KINDS_CAP
                {
                    names.push(name);
                }
            }
            _ => {}
        }
    }
    names
}

/// Decimal, or hexadecimal after `0x`.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
