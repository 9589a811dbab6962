//! What machine an inventory is of, in a few words.

use crate::Inventory;
use crate::host::VirtualizationKind;
use crate::network::InterfaceKind;
use crate::units;

/// A machine in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// What it is called by its maker: `Dell Inc. PowerEdge R650`.
    pub machine: String,
    /// What is in it, as far as is known: `2 × Intel Xeon Gold 6338 (64 cores)`, `256 GiB memory`.
    pub parts: Vec<String>,
}

impl Headline {
    /// Of an inventory.
    pub fn of(inventory: &Inventory) -> Self {
        let memory = inventory.memory.total_bytes;
        let parts = [
            processors(inventory),
            memory.map(|total| format!("{} memory", units::bytes(total))),
            disks(inventory),
            ports(inventory),
        ];
        Self {
            machine: machine(inventory),
            parts: parts.into_iter().flatten().collect(),
        }
    }
}

fn machine(inventory: &Inventory) -> String {
    let product = [&inventory.system.vendor, &inventory.system.product];
    let product: Vec<&str> = product.into_iter().flatten().map(String::as_str).collect();
    let product = product.join(" ");
    let virtualization = &inventory.host.virtualization;
    let technology = virtualization
        .technology
        .as_deref()
        .map(|technology| format!(" ({technology})"))
        .unwrap_or_default();
    match (virtualization.kind, product.as_str()) {
        (Some(VirtualizationKind::Container), "") => format!("Container{technology}"),
        (Some(VirtualizationKind::Container), host) => format!("Container{technology} on {host}"),
        (Some(VirtualizationKind::Vm), "") => format!("Virtual machine{technology}"),
        (Some(VirtualizationKind::Vm), product) => {
            format!("{product}, a virtual machine{technology}")
        }
        (_, "") => "A machine whose firmware does not name it".to_owned(),
        (_, product) => product.to_owned(),
    }
}

fn processors(inventory: &Inventory) -> Option<String> {
    let cpu = &inventory.cpu;
    let cores = cpu.cores.map(|cores| count_u32(cores, "core", "cores"));
    let model = cpu.model_name.as_deref().map(short_model);
    match (model, cpu.sockets, cores) {
        (Some(model), Some(sockets), Some(cores)) if sockets > 1 => {
            Some(format!("{sockets} × {model} ({cores})"))
        }
        (Some(model), _, Some(cores)) => Some(format!("{model} ({cores})")),
        (Some(model), _, None) => Some(model),
        (None, _, cores) => cores,
    }
}

/// Without the marks of trade, and the clock rate that is told elsewhere.
fn short_model(model: &str) -> String {
    let model = model.split('@').next().unwrap_or(model);
    let model = model.replace("(R)", "").replace("(TM)", "");
    let words = model.split_whitespace();
    let words: Vec<&str> = words.filter(|word| *word != "CPU").collect();
    words.join(" ")
}

fn disks(inventory: &Inventory) -> Option<String> {
    let total: u64 = inventory
        .disks
        .iter()
        .filter_map(|disk| disk.size_bytes)
        .fold(0, u64::saturating_add);
    let disks = count(inventory.disks.len(), "disk", "disks");
    match inventory.disks.len() {
        0 => None,
        1 => Some(format!("{disks} of {}", units::bytes(total))),
        _ => Some(format!("{disks} of {} together", units::bytes(total))),
    }
}

fn ports(inventory: &Inventory) -> Option<String> {
    let is_port = |kind| {
        matches!(
            kind,
            Some(InterfaceKind::Physical | InterfaceKind::Wireless | InterfaceKind::Infiniband)
        )
    };
    let ports = inventory.network.iter().filter(|port| is_port(port.kind));
    match ports.count() {
        0 => None,
        ports => Some(count(ports, "network port", "network ports")),
    }
}

fn count_u32(number: u32, one: &str, many: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one, many)
}

/// A count with its noun.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number}\u{a0}{}", if number == 1 { one } else { many })
}
