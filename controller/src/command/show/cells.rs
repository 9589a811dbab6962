//! What stands in tables.

use std::collections::BTreeMap;

use muster_model::{NodeStatus, Role, units};
use muster_proto::v1;
use muster_terminal::{Line, Tone};

/// Where nothing is known, or there is nothing.
const NONE: &str = "–";

pub(super) fn known_status(number: i32) -> Option<NodeStatus> {
    let status = v1::NodeStatus::try_from(number).ok();
    status.and_then(v1::NodeStatus::known)
}

pub(super) fn known_role(number: i32) -> Option<Role> {
    v1::Role::try_from(number).ok().and_then(v1::Role::known)
}

/// The status, and what is to be known beside it.
pub(super) fn status(node: &v1::NodeRecord) -> Line {
    let status = status_word(node.status);
    let offline = node.offline.then(|| Line::toned(Tone::Bad, "(offline)"));
    let stuck = (!node.stuck.is_empty()).then(|| Line::toned(Tone::Attention, "(stuck)"));
    let quarantined =
        (!node.quarantine.is_empty()).then(|| Line::toned(Tone::Bad, "(quarantined)"));
    let all = [Some(status), offline, stuck, quarantined];
    Line::joined(all.into_iter().flatten(), " ")
}

pub(super) fn status_word(number: i32) -> Line {
    let Some(status) = known_status(number) else {
        return Line::from("unknown");
    };
    let tone = match status {
        NodeStatus::Active => Tone::Good,
        NodeStatus::Failed | NodeStatus::Fenced => Tone::Bad,
        NodeStatus::Candidate
        | NodeStatus::Inadequate
        | NodeStatus::Unfencing
        | NodeStatus::EnteringMaintenance
        | NodeStatus::InMaintenance => Tone::Attention,
        NodeStatus::Rejected | NodeStatus::Out => Tone::Faint,
        NodeStatus::Approved | NodeStatus::Starting | NodeStatus::Activating => Tone::Plain,
    };
    Line::toned(tone, &status.to_string())
}

pub(super) fn role(number: i32) -> Line {
    or_none(known_role(number).map(Role::key))
}

/// Seen as text, or as a dash.
pub(super) fn or_none(text: Option<&str>) -> Line {
    match text {
        Some(text) if !text.is_empty() => Line::from(text),
        _ => Line::toned(Tone::Faint, NONE),
    }
}

/// How long ago, by the clock of this machine.
pub(super) fn ago(since_unix_ms: i64, now_unix_ms: i64) -> Line {
    // Another machine's clock may be ahead of this one.
    let seconds = now_unix_ms.saturating_sub(since_unix_ms).max(0) / 1000;
    Line::from(units::seconds(seconds.unsigned_abs()))
}

/// The day on which its certificate ends, and whether that should worry anybody.
pub(super) fn certificate(node: &v1::NodeRecord, now_unix_ms: i64) -> Line {
    let ends = node.certificate_ends_unix_ms;
    let (Some(ends), Some(at)) = (ends, ends.and_then(at)) else {
        return or_none(None);
    };
    let day = at.get(..10).unwrap_or_default();
    match node.certificate_warning.as_str() {
        "" => Line::from(format!("until {day}")),
        _ if ends < now_unix_ms => Line::toned(Tone::Bad, &format!("ended {day}")),
        _ => Line::toned(Tone::Attention, &format!("not renewed, ends {day}")),
    }
}

pub(super) fn cpu(gauges: Option<&v1::Gauges>) -> Line {
    let percent = gauges.and_then(|gauges| gauges.cpu_percent);
    or_none(percent.map(percentage).as_deref())
}

/// Of the memory, how much is used, in percent.
pub(super) fn memory_share(gauges: Option<&v1::Gauges>) -> Line {
    let used_of = gauges.and_then(|gauges| gauges.memory_used_bytes.zip(gauges.memory_total_bytes));
    let share = used_of
        .filter(|(_, total)| *total > 0)
        .map(|(used, total)| {
            #[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
            let share = used as f64 / total as f64;
            percentage(share * 100.0)
        });
    or_none(share.as_deref())
}

/// `3.2 GiB of 64 GiB`.
pub(super) fn memory(gauges: Option<&v1::Gauges>) -> Line {
    let used_of = gauges.and_then(|gauges| gauges.memory_used_bytes.zip(gauges.memory_total_bytes));
    let words =
        used_of.map(|(used, total)| format!("{} of {}", units::bytes(used), units::bytes(total)));
    or_none(words.as_deref())
}

pub(super) fn percentage(percent: f64) -> String {
    format!("{percent:.0}\u{a0}%")
}

/// `a=1, b=2`, by key.
pub(super) fn labels<S: std::hash::BuildHasher>(
    labels: &std::collections::HashMap<String, String, S>,
) -> Line {
    let labels: BTreeMap<_, _> = labels.iter().collect();
    let pairs = labels.iter().map(|(key, value)| format!("{key}={value}"));
    or_none(Some(&pairs.collect::<Vec<_>>().join(", ")))
}

/// `dedicated=gpu:NoSchedule`.
pub(super) fn taints(taints: &[v1::Taint]) -> Line {
    let words = taints.iter().map(|taint| match taint.value.as_str() {
        "" => format!("{}:{}", taint.key, taint.effect),
        value => format!("{}={value}:{}", taint.key, taint.effect),
    });
    or_none(Some(&words.collect::<Vec<_>>().join(", ")))
}

/// RFC 3339, UTC, whole seconds; none outside the years that it has.
pub(super) fn at(unix_ms: i64) -> Option<String> {
    let instant = jiff::Timestamp::from_second(unix_ms.div_euclid(1000)).ok()?;
    Some(instant.to_string())
}
