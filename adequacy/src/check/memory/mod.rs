//! Memory and its modules.

use muster_model::Section;

use super::{Check, Finding, Kind, parameters, read};
use crate::machine::Machine;
use crate::policy::values::Size;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "memory_total",
    about: "The kernel has `at_least` so much memory. It has somewhat less than the modules hold: \
            firmware and the kernel itself keep some, so ask for 15 GiB to get machines of 16.",
    example: r#"{ at_least = "15 GiB" }"#,
    read: read::<Total>,
}];

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
        let total = machine.inventory().memory.total_bytes;
        Finding::of(
            machine.fact(Section::Memory, "total_bytes", total),
            |bytes| Finding::decided(bytes >= self.at_least.bytes, Size { bytes }.to_string()),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::hold;
    use crate::check::Outcome::{Fail, Pass, Undetermined};

    #[test]
    fn memory_total() {
        let memory = |bytes: u64| json!({"memory": {"total_bytes": bytes}});
        hold(
            "memory_total",
            &[
                (
                    r#"{ at_least = "4 GiB" }"#,
                    memory(4 << 30),
                    Pass,
                    Some("4 GiB"),
                ),
                (
                    r#"{ at_least = "4 GiB" }"#,
                    memory((4 << 30) - 1),
                    Fail,
                    Some("4 GiB"),
                ),
                (
                    r#"{ at_least = "4 GiB" }"#,
                    json!({"memory": {}}),
                    Undetermined,
                    None,
                ),
                (r#"{ at_least = "4 GiB" }"#, json!({}), Undetermined, None),
            ],
        );
    }
}
