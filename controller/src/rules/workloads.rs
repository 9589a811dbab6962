//! What runs on a node, as far as it is known.

use muster_proto::v1;

use super::picture::Seen;

/// What runs on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Load {
    /// This.
    Known(v1::WorkloadSummary),
    /// That is not known, for this reason.
    Unknown(String),
}

impl Load {
    /// What runs there now. What was said before the node fell silent does not count.
    pub(super) fn now(seen: &Seen) -> Self {
        match seen.is_online {
            true => Self::last(seen),
            false => Self::Unknown("its heartbeats do not come".to_owned()),
        }
    }

    /// What ran there when it was heard last.
    pub(super) fn last(seen: &Seen) -> Self {
        let unknown = |why: &str| Self::Unknown(why.to_owned());
        if seen.heard_unix_ms.is_none() {
            return unknown("it was not heard since the controller started");
        }
        let Some(report) = &seen.report else {
            return unknown("its agent says nothing of it");
        };
        match (report.workload_summary, report.workloads) {
            (Some(summary), _) => Self::Known(summary),
            (None, Some(0)) => Self::Known(v1::WorkloadSummary::default()),
            (None, Some(some)) => {
                Self::Unknown(format!("its agent says that {some} run, and not which"))
            }
            (None, None) => unknown("its agent cannot tell"),
        }
    }
}

/// Machines, containers and pods together.
pub(super) fn count(summary: &v1::WorkloadSummary) -> u32 {
    let counts = [summary.machines, summary.containers, summary.pods];
    counts.into_iter().fold(0, u32::saturating_add)
}

/// As in `2 virtual machines and 1 pod`.
pub(super) fn in_words(summary: &v1::WorkloadSummary) -> String {
    let kinds = [
        (summary.machines, "virtual machine"),
        (summary.containers, "container"),
        (summary.pods, "pod"),
    ];
    let counted: Vec<String> = kinds
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| match count {
            1 => format!("1 {kind}"),
            count => format!("{count} {kind}s"),
        })
        .collect();
    match counted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
