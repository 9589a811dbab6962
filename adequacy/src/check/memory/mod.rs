//! Memory and its modules.

mod modules;
#[cfg(test)]
mod tests;

use muster_model::Section;
use muster_model::memory::{HugePages, Memory, NumaNode};

use super::finding::both;
use super::{Check, Finding, Kind, Outcome, parameters, read};
use crate::listed::listed;
use crate::machine::{Fact, Machine, Unknown};
use crate::policy::size::{self, Size};
use crate::policy::values::{Count, Limit, Percent};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "memory_numa_balanced",
        about: "Each NUMA node that has processors has memory `within` so many percent of their mean. \
                The kernel keeps some on the first, so allow a few.",
        example: "{ within = 10 }",
        read: read::<NumaBalanced>,
    },
    Kind {
        name: "memory_total",
        about: "The kernel has `at_least` so much memory. It has somewhat less than the modules hold: \
                firmware and the kernel itself keep some, so ask for 15 GiB to get machines of 16.",
        example: r#"{ at_least = "15 GiB" }"#,
        read: read::<Total>,
    },
    Kind {
        name: "memory_ecc",
        about: "Memory corrects errors (ECC), by the word of the firmware; hypervisors give it for \
                memory of which they do not know.",
        example: "{}",
        read: read::<Ecc>,
    },
    Kind {
        name: "memory_errors",
        about: "Since its start the kernel has counted no uncorrectable memory error and, with \
                `correctable_at_most`, no more than so many corrected ones.",
        example: "{ correctable_at_most = 10 }",
        read: read::<Errors>,
    },
    Kind {
        name: "memory_symmetric",
        about: "All memory modules are of one size and speed and, where the firmware tells it, of one \
                rank; as far as their names tell, each processor and each channel has as many. \
                Persistent memory does not count.",
        example: "{}",
        read: read::<modules::Symmetric>,
    },
    Kind {
        name: "hugepages",
        about: "There are `at_least` so many huge pages of that `size`, in use or free.",
        example: r#"{ size = "2 MiB", at_least = 1024 }"#,
        read: read::<Pool>,
    },
];

parameters! {
    struct Total { at_least: Size }
}

impl Check for Total {
    fn required(&self) -> String {
        format!("at least {}", self.at_least)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Memory]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let total = memory(machine).total_bytes;
        Finding::of(
            machine.fact(Section::Memory, "total_bytes", total),
            |bytes| Finding::decided(bytes >= self.at_least.bytes, self.at_least.beside(bytes)),
        )
    }
}

parameters! {
    struct NumaBalanced { within: Percent }
}

impl Check for NumaBalanced {
    fn required(&self) -> String {
        format!("each NUMA node within {} of the mean", self.within)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Numa]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(nodes_with_processors(machine), |nodes| {
            match nodes.as_slice() {
                [] => Finding::new(Outcome::Pass, "no NUMA"),
                [_] => Finding::new(Outcome::Pass, "one node"),
                nodes => {
                    let totals: Fact<Vec<u64>> = nodes
                        .iter()
                        .map(|node| {
                            let total = node.memory_total_bytes;
                            machine.device_fact(
                                Section::Numa,
                                &name(node),
                                "memory_total_bytes",
                                total,
                            )
                        })
                        .collect();
                    Finding::of(totals, |totals| self.compare(nodes, &totals))
                }
            }
        })
    }
}

impl NumaBalanced {
    fn compare(&self, nodes: &[&NumaNode], totals: &[u64]) -> Finding {
        let sum: u128 = totals.iter().copied().map(u128::from).sum();
        let count = totals.len() as u128;
        let size = |bytes: u128| size::in_words(u64::try_from(bytes).unwrap_or(u64::MAX));
        let mean = size(sum / count.max(1));
        let mut actual = Vec::new();
        let (mut devices, mut reasons) = (Vec::new(), Vec::new());
        for (node, total) in nodes.iter().zip(totals) {
            let total = u128::from(*total);
            actual.push(format!("{} {}", name(node), size(total)));
            // Multiplied by the number of nodes, so that nothing is rounded.
            let off = (total * count).abs_diff(sum);
            if off * 100 > u128::from(self.within.0) * sum {
                let direction = if total * count < sum { "less" } else { "more" };
                let off = size(off / count.max(1));
                reasons.push(format!(
                    "{} has {off} {direction} than the mean of {mean}",
                    name(node)
                ));
                devices.push(name(node));
            }
        }
        let mut finding = Finding::decided(devices.is_empty(), listed(&actual));
        finding.reasons = reasons;
        finding.with_devices(devices)
    }
}

/// Nodes of memory alone (CXL, HBM, persistent memory) are of another kind.
fn nodes_with_processors<'a>(machine: &Machine<'a>) -> Fact<Vec<&'a NumaNode>> {
    let nodes = machine.list(Section::Numa, &machine.inventory().numa)?;
    if nodes.is_empty() {
        machine.absent(Section::Numa, "nodes")?;
    }
    let has_processors = |node: &&NumaNode| node.cpus.as_deref() != Some("");
    Ok(nodes.iter().filter(has_processors).collect())
}

fn name(node: &NumaNode) -> String {
    format!("node{}", node.id)
}

parameters! {
    struct Ecc {}
}

impl Check for Ecc {
    fn required(&self) -> String {
        "error correction (ECC)".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Memory]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let kind = memory(machine).ecc.kind.as_deref();
        Finding::of(
            machine.fact(Section::Memory, "ecc.kind", kind),
            |kind| match kind {
                "multi_bit" => Finding::new(Outcome::Pass, "multi-bit ECC"),
                "single_bit" => Finding::new(Outcome::Pass, "single-bit ECC"),
                "none" => Finding::new(Outcome::Fail, "none")
                    .because("the firmware says that errors in memory are not even noticed"),
                "parity" | "crc" => Finding::new(Outcome::Fail, kind).because(format!(
                    "{kind} notices errors in memory, and corrects none"
                )),
                other => Finding::unknown(&Unknown {
                    fact: "memory.ecc.kind".to_owned(),
                    reason: format!(
                        "the inventory has a word for it that is not known here: {other}"
                    ),
                }),
            },
        )
    }
}

parameters! {
    struct Errors {}
    optional { correctable_at_most: Limit }
}

impl Check for Errors {
    fn required(&self) -> String {
        let most = self.correctable_at_most;
        let most = most.map(|most| format!(", at most {most} correctable"));
        format!("no uncorrectable error{}", most.unwrap_or_default())
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Memory]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let ecc = &memory(machine).ecc;
        let (correctable, uncorrectable) = (ecc.correctable_errors, ecc.uncorrectable_errors);
        let fact = |field: &str, count| machine.fact(Section::Memory, field, count);
        let none_hard = fact("ecc.uncorrectable_errors", uncorrectable).map(|count| count == 0);
        let few_soft = self.correctable_at_most.map_or(Ok(true), |most| {
            fact("ecc.correctable_errors", correctable).map(|count| count <= most.0)
        });
        let counts = [
            uncorrectable.map(|count| format!("{count} uncorrectable")),
            correctable.map(|count| format!("{count} correctable")),
        ];
        let actual: Vec<String> = counts.into_iter().flatten().collect();
        Finding::of(both(none_hard, few_soft), |holds| {
            let finding = Finding::decided(holds, actual.join(", "));
            match holds {
                true => finding,
                false => finding
                    .because("the kernel has counted errors in memory; its log names the module"),
            }
        })
    }
}

parameters! {
    struct Pool { size: Size, at_least: Count }
}

impl Check for Pool {
    fn required(&self) -> String {
        format!("at least {} of {}", self.at_least, self.size)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Memory]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let pools = &memory(machine).hugepages;
        let of_size = |pool: &&HugePages| pool.size_bytes == self.size.bytes;
        if let Some(pool) = pools.iter().find(of_size) {
            let total = machine.fact(Section::Memory, "hugepages.total", pool.total);
            return Finding::of(total, |total| {
                let actual = format!("{total} of {}", self.size);
                Finding::decided(total >= self.at_least.0, actual)
            });
        }
        let sizes = pools.iter().map(|pool| size::in_words(pool.size_bytes));
        let sizes: Vec<String> = sizes.collect();
        if sizes.is_empty() {
            return Finding::of(machine.absent(Section::Memory, "hugepages"), |()| {
                Finding::new(Outcome::Fail, "none").because("the kernel has no huge pages")
            });
        }
        let sizes = listed(&sizes);
        Finding::new(Outcome::Fail, format!("none of {}", self.size))
            .because(format!("huge pages of this machine are of {sizes}"))
    }
}

fn memory<'a>(machine: &Machine<'a>) -> &'a Memory {
    &machine.inventory().memory
}
