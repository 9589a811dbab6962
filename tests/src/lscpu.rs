//! `lscpu` as a second opinion: its output against an inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use muster_model::Inventory;
use muster_model::cpu::{CacheKind, CpuVirtualization};
use muster_model::host::VirtualizationKind;

use crate::aloud;
use crate::ledger::Ledger;

/// What `lscpu` printed.
pub struct Expected {
    fields: BTreeMap<String, String>,
    /// Distinct ids in each column of its table.
    distinct: BTreeMap<String, usize>,
    /// An installed one may be too old to print the microcode (before 2.40).
    tells_microcode: bool,
}

impl Expected {
    /// The installed program's, for the running machine or another root; `None`, said aloud, where
    /// it is not installed or cannot.
    pub fn installed(root: Option<&Path>) -> Option<Self> {
        let run = |arguments: &[&str]| {
            let mut command = Command::new("lscpu");
            command.args(arguments).env("LC_ALL", "C");
            if let Some(root) = root {
                command.arg("-s").arg(root);
            }
            let output = command.output().ok()?;
            output.status.success().then_some(output.stdout)
        };
        let (Some(json), Some(table)) = (run(&["-J"]), run(&["-p"])) else {
            aloud::say("skipped: lscpu is not installed, or cannot read this root");
            return None;
        };
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let mut fields = BTreeMap::new();
        collect(&json["lscpu"], &mut fields);
        Some(Self {
            tells_microcode: fields.contains_key("Microcode version"),
            fields,
            distinct: distinct(&String::from_utf8(table).unwrap()),
        })
    }

    /// Recorded text, with the parsable tables behind it.
    pub fn recorded(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let fields = text
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
            .collect();
        Self {
            fields,
            distinct: distinct(&text),
            tells_microcode: true,
        }
    }

    /// `-` is how it prints what it does not know.
    pub fn text(&self, field: &str) -> Option<&str> {
        let value = self.fields.get(field).map(String::as_str);
        value.filter(|value| *value != "-")
    }

    fn number<T: std::str::FromStr>(&self, field: &str) -> Option<T> {
        self.text(field)?.parse().ok()
    }
}

/// The fields of the JSON form, which nests them by theme.
fn collect(entries: &serde_json::Value, fields: &mut BTreeMap<String, String>) {
    for entry in entries.as_array().into_iter().flatten() {
        if let (Some(field), Some(data)) = (entry["field"].as_str(), entry["data"].as_str()) {
            fields.insert(field.trim_end_matches(':').to_owned(), data.to_owned());
        }
        collect(&entry["children"], fields);
    }
}

fn distinct(text: &str) -> BTreeMap<String, usize> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("# CPU,"));
    let columns: Vec<&str> = lines.next().unwrap()[2..].split(',').collect();
    let mut ids = BTreeMap::<String, BTreeSet<&str>>::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        for (column, id) in columns.iter().zip(line.split(',')) {
            if !id.is_empty() && !column.is_empty() {
                ids.entry((*column).to_owned()).or_default().insert(id);
            }
        }
    }
    ids.into_iter()
        .map(|(column, ids)| (column, ids.len()))
        .collect()
}

/// Compares every fact of processors and NUMA nodes that both have.
pub fn compare(ledger: &mut Ledger, ours: &Inventory, theirs: &Expected) {
    identity(ledger, ours, theirs);
    counts(ledger, ours, theirs);
    clock(ledger, ours, theirs);
    caches(ledger, ours, theirs);
    nodes(ledger, ours, theirs);
    virtualization(ledger, ours, theirs);
}

fn identity(ledger: &mut Ledger, ours: &Inventory, theirs: &Expected) {
    let cpu = &ours.cpu;
    let model = theirs.text("Model").or(theirs.text("Machine type"));
    for (fact, ours, theirs) in [
        ("vendor", &cpu.vendor_id, theirs.text("Vendor ID")),
        ("model name", &cpu.model_name, theirs.text("Model name")),
        ("family", &cpu.family, theirs.text("CPU family")),
        ("model", &cpu.model, model),
        ("stepping", &cpu.stepping, theirs.text("Stepping")),
    ] {
        ledger.same(fact, ours.as_deref(), theirs);
    }
    let flags = theirs.text("Flags").or(theirs.text("ISA"));
    let flags: BTreeSet<&str> = flags.unwrap_or_default().split_whitespace().collect();
    let own: BTreeSet<&str> = cpu.flags.iter().map(String::as_str).collect();
    ledger.same("flags", own, flags);
    if theirs.tells_microcode {
        let microcode = theirs.text("Microcode version");
        ledger.same("microcode", cpu.microcode.as_deref(), microcode);
    }
    vulnerabilities(ledger, ours, theirs);
}

/// `lscpu` writes `Spectre v2` for `spectre_v2`, and drops the colons of a mitigation but for the
/// first, which becomes a semicolon.
fn vulnerabilities(ledger: &mut Ledger, ours: &Inventory, theirs: &Expected) {
    let own: BTreeMap<String, String> = ours
        .cpu
        .vulnerabilities
        .iter()
        .map(|(name, text)| (name.clone(), as_printed(text)))
        .collect();
    let told: BTreeMap<String, String> = theirs
        .fields
        .iter()
        .filter_map(|(field, text)| Some((field.strip_prefix("Vulnerability ")?, text)))
        .map(|(name, text)| (name.to_lowercase().replace(' ', "_"), text.clone()))
        .collect();
    ledger.same("vulnerabilities", own, told);
}

fn as_printed(text: &str) -> String {
    match text.strip_prefix("Mitigation:") {
        Some(rest) => format!("Mitigation;{}", rest.replace(':', "")),
        None => text.to_owned(),
    }
}

fn counts(ledger: &mut Ledger, ours: &Inventory, theirs: &Expected) {
    let cpu = &ours.cpu;
    let online = theirs
        .text("On-line CPU(s) list")
        .map(|list| expand(list).len());
    ledger.same("threads", cpu.threads, theirs.number("CPU(s)"));
    ledger.same("online threads", size(cpu.online_threads), online);
    let threads_per_core = theirs.number("Thread(s) per core");
    ledger.same("threads per core", cpu.threads_per_core, threads_per_core);
    let column = |name: &str| theirs.distinct.get(name).copied();
    ledger.same("cores in the table", size(cpu.cores), column("Core"));
    ledger.same("sockets in the table", size(cpu.sockets), column("Socket"));
    ledger.same(
        "threads in the table",
        size(cpu.online_threads),
        column("CPU"),
    );
    let cores_per_socket: Option<u32> = theirs.number("Core(s) per socket");
    let books: Option<u32> = theirs.number("Book(s)");
    match (books, theirs.number::<u32>("Socket(s) per book")) {
        (Some(books), Some(sockets)) => {
            let why = "lscpu's text multiplies out the places of the whole machine (STSI 15.1, \
                       `CPU Topology SW` in /proc/sysinfo); we, as its table, count those of the \
                       online processors of this partition";
            let sockets = sockets * books;
            let cores = cores_per_socket.map(|cores| cores * sockets);
            ledger.differs("sockets", cpu.sockets, Some(sockets), why);
            ledger.differs("cores", cpu.cores, cores, why);
        }
        _ => {
            let sockets: Option<u32> = theirs.number("Socket(s)");
            let cores = cores_per_socket
                .zip(sockets)
                .map(|(cores, sockets)| cores * sockets);
            ledger.same("sockets", cpu.sockets, sockets);
            ledger.same("cores", cpu.cores, cores);
        }
    }
}

fn size(count: Option<u32>) -> Option<usize> {
    count.map(|count| usize::try_from(count).unwrap())
}

fn clock(ledger: &mut Ledger, ours: &Inventory, theirs: &Expected) {
    let clock = &ours.cpu.frequency_mhz;
    ledger.same("lowest clock", clock.min, theirs.number("CPU min MHz"));
    ledger.same("highest clock", clock.max, theirs.number("CPU max MHz"));
}

/// `L1d cache:  1 MiB (32 instances)`: the size of all instances together.
fn caches(ledger: &mut Ledger, ours: &Inventory, theirs: &Expected) {
    let mut own = BTreeMap::<String, (u64, u32)>::new();
    for cache in &ours.cpu.caches {
        let kind = match cache.kind {
            Some(CacheKind::Data) => "d",
            Some(CacheKind::Instruction) => "i",
            _ => "",
        };
        let sum = own.entry(format!("L{}{kind}", cache.level)).or_default();
        sum.0 += cache.size_bytes.unwrap() * u64::from(cache.instances.unwrap());
        sum.1 += cache.instances.unwrap();
    }
    let mut told = BTreeMap::new();
    for (field, value) in &theirs.fields {
        if let Some(name) = field.strip_suffix(" cache") {
            let words: Vec<&str> = value
                .split([' ', '('])
                .filter(|word| !word.is_empty())
                .collect();
            let unit = match words[1] {
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                other => panic!("unit {other}"),
            };
            let bytes = words[0].parse::<u64>().unwrap() * unit;
            told.insert(name.to_owned(), (bytes, words[2].parse::<u32>().unwrap()));
        }
    }
    for name in own.keys().chain(told.keys()).collect::<BTreeSet<_>>() {
        ledger.same(&format!("{name} cache"), own.get(name), told.get(name));
        let instances = own.get(name).map(|(_, instances)| *instances);
        let column = theirs.distinct.get(name).copied();
        ledger.same(
            &format!("{name} cache in the table"),
            size(instances),
            column,
        );
    }
}

fn nodes(ledger: &mut Ledger, ours: &Inventory, theirs: &Expected) {
    let count = theirs.number::<usize>("NUMA node(s)").unwrap_or_default();
    ledger.same("NUMA nodes", ours.numa.len(), count);
    for node in &ours.numa {
        let field = format!("NUMA node{} CPU(s)", node.id);
        let own = node.cpus.as_deref().map(expand);
        ledger.same(&field, own, theirs.text(&field).map(expand));
    }
}

fn virtualization(ledger: &mut Ledger, ours: &Inventory, theirs: &Expected) {
    let own = ours.cpu.virtualization.map(|kind| match kind {
        CpuVirtualization::VtX => "VT-x",
        CpuVirtualization::AmdV => "AMD-V",
    });
    ledger.same("virtualization", own, theirs.text("Virtualization"));
    let host = &ours.host.virtualization;
    if host.kind == Some(VirtualizationKind::Container) {
        // A container's machine is the host's, of which only lscpu speaks.
        return;
    }
    let is_guest = host.kind == Some(VirtualizationKind::Vm);
    let technology = host.technology.as_deref();
    match theirs.text("Hypervisor vendor") {
        Some("IBM") => {
            let why = "a partition by PR/SM is bare metal in the words of systemd-detect-virt, \
                       which are the document's";
            ledger.differs("hypervisor", is_guest, true, why);
        }
        vendor => {
            ledger.same("hypervisor", is_guest, vendor.is_some());
            let vendor = vendor.map(str::to_lowercase);
            ledger.same("hypervisor vendor", technology, vendor.as_deref());
        }
    }
}

/// A list of processors, in which `lscpu` has strides: `0-62:2`.
fn expand(list: &str) -> BTreeSet<u32> {
    let mut set = BTreeSet::new();
    for range in list.split(',') {
        let (range, stride) = range.split_once(':').unwrap_or((range, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().unwrap(), last.parse().unwrap());
        set.extend((first..=last).step_by(stride.parse().unwrap()));
    }
    set
}
