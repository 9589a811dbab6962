//! Processors and NUMA nodes as a picture: what is near to what.

use maud::{Markup, html};
use muster_model::cpu::{Cache, CacheKind, Cpu};
use muster_model::memory::NumaNode;
use muster_model::network::InterfaceKind;
use muster_model::{Inventory, units};

use super::why::Reasons;
use crate::parts::{fact, shown};
use crate::pictures::{Part, bar, squares};
use crate::words::Words;

/// The processors, and each node with what hangs on it.
pub(super) fn section(words: &Words, inventory: &Inventory, why: &Reasons<'_>) -> Markup {
    let cpu = &inventory.cpu;
    html! {
        section.card #cpu {
            h2 { (words.processors) }
            p.lead { (why.or_why(cpu.model_name.clone(), "cpu", "model_name")) }
            (squares_of(words, cpu))
            (facts(words, cpu))
            @if !inventory.numa.is_empty() {
                h3 { (words.numa_nodes) }
                div.nodes {
                    @for node in &inventory.numa { (node_box(words, inventory, node)) }
                }
            }
        }
    }
}

fn squares_of(words: &Words, cpu: &Cpu) -> Markup {
    let Some(threads) = cpu.threads else {
        return html! {};
    };
    let online = cpu.online_threads.unwrap_or(threads);
    let label = (words.threads_online)(online, threads);
    html! { figure.threads { (squares(&label, threads, online)) figcaption { (label) } } }
}

fn facts(words: &Words, cpu: &Cpu) -> Markup {
    let number = |count: Option<u32>| count.map(|count| count.to_string());
    let clock = [cpu.frequency_mhz.min, cpu.frequency_mhz.max].map(|mhz| mhz.map(units::megahertz));
    let clock = match clock {
        [Some(min), Some(max)] => Some(format!("{min} – {max}")),
        [min, max] => max.or(min),
    };
    let caches: Vec<String> = cpu.caches.iter().filter_map(cache).collect();
    let caches = (!caches.is_empty()).then(|| caches.join(", "));
    html! {
        dl.facts.wide {
            (fact(words.sockets, number(cpu.sockets).as_deref()))
            (fact(words.cores, number(cpu.cores).as_deref()))
            (fact(words.threads_a_core, number(cpu.threads_per_core).as_deref()))
            (fact(words.architecture, cpu.architecture.as_deref()))
            (fact(words.clock, clock.as_deref()))
            (fact(words.caches, caches.as_deref()))
            (fact(words.microcode, cpu.microcode.as_deref()))
            (fact(words.isolated, cpu.isolated_cpus.as_deref()))
        }
    }
}

/// `L2 1.25 MiB × 32`
fn cache(cache: &Cache) -> Option<String> {
    let kind = match cache.kind {
        Some(CacheKind::Data) => "d",
        Some(CacheKind::Instruction) => "i",
        Some(CacheKind::Unified) | None => "",
    };
    let size = units::bytes(cache.size_bytes?);
    let times = cache.instances.map(|count| format!(" × {count}"));
    Some(format!(
        "L{}{kind} {size}{}",
        cache.level,
        times.unwrap_or_default()
    ))
}

fn node_box(words: &Words, inventory: &Inventory, node: &NumaNode) -> Markup {
    let id = node.id.to_string();
    let cpus = node.cpus.as_deref().filter(|cpus| !cpus.is_empty());
    let count = cpus.and_then(count_of_list);
    html! {
        article.node {
            h4 { (words.numa_node) " " (id) }
            @if let Some(count) = count {
                (squares(&(words.threads_online)(count, count), count, count))
            }
            @if let Some(cpus) = cpus { p.fine { (words.cpus) " " (shown(cpus)) } }
            (memory_bar(words, inventory, node))
            (attached(words, inventory, node.id))
        }
    }
}

/// How much of the machine's memory is here. What of it is free says little: the kernel fills it with what it read from disks.
fn memory_bar(words: &Words, inventory: &Inventory, node: &NumaNode) -> Markup {
    let Some(here) = node.memory_total_bytes else {
        return html! {};
    };
    let of_nodes = inventory
        .numa
        .iter()
        .filter_map(|node| node.memory_total_bytes);
    let all = of_nodes.fold(0, u64::saturating_add);
    let label = format!("{} {}", units::bytes(here), words.of_memory);
    let parts = [Part {
        class: "used",
        share: share(here, all),
    }];
    html! { figure { (bar(&label, &parts)) figcaption { (label) } } }
}

/// Of `whole`; nothing of nothing.
#[allow(clippy::cast_precision_loss, reason = "it is drawn")]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        _ => part as f64 / whole as f64,
    }
}

/// Ports, disks and accelerators whose controller is on this node.
fn attached(words: &Words, inventory: &Inventory, id: u32) -> Markup {
    let is_here = |node: Option<u32>| node == Some(id);
    let ports = inventory.network.iter();
    let ports =
        ports.filter(|port| is_here(port.numa_node) && port.kind == Some(InterfaceKind::Physical));
    let disks = inventory
        .disks
        .iter()
        .filter(|disk| is_here(disk.numa_node));
    let gpus = inventory.gpus.iter().filter(|gpu| {
        let slot = gpu.pci_slot.as_deref();
        let mut functions = inventory.pci.iter();
        functions
            .any(|function| Some(function.slot.as_str()) == slot && is_here(function.numa_node))
    });
    let ports: Vec<&str> = ports.map(|port| port.name.as_str()).collect();
    let disks: Vec<&str> = disks.map(|disk| disk.name.as_str()).collect();
    let gpus: Vec<&str> = gpus
        .map(|gpu| gpu.model.as_deref().unwrap_or(words.gpu))
        .collect();
    let kinds = [
        (words.network, ports),
        (words.disks, disks),
        (words.gpus, gpus),
    ];
    html! {
        @for (name, devices) in &kinds {
            @if !devices.is_empty() {
                p.chips { span.fine { (name) } @for device in devices { " " span.tag { (shown(device)) } } }
            }
        }
    }
}

/// How many processors a list of the kernel's names, such as `0-3,8` (cpuset(7), "List format").
fn count_of_list(list: &str) -> Option<u32> {
    let mut count: u32 = 0;
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count = count.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_counted() {
        assert_eq!(count_of_list("0-3,8,10-11\n"), Some(7));
        assert_eq!(count_of_list("0"), Some(1));
        for wrong in [
            "",
            "3-0",
            "a",
            "0-4294967295",
            "0-2147483647,0-2147483647,0",
        ] {
            assert_eq!(count_of_list(wrong), None, "{wrong}");
        }
    }
}
